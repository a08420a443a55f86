"""Requests that a server lets in: by the request's host, by the page that sends it, and as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest

from cleaners.errors import ConfigError
from flows.serve.origins import GUARDING_HEADERS, SameOriginOnly, Visitors, find_visitors, is_loopback, read_origin

HERE = "127.0.0.1:4200"
LOCAL = find_visitors("127.0.0.1")
PROXIED = find_visitors("127.0.0.1", ["https://desk.example/some/path"])
OPEN = find_visitors("0.0.0.0")
LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def is_welcome(visitors: Visitors, *, method: str = "GET", is_api: bool = True, **headers: str) -> bool:
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return visitors.refuse(method, given, is_api=is_api) is None


@pytest.mark.parametrize(
    "host", [HERE, "localhost:4200", "LOCALHOST:4200", "[::1]:4200", "127.0.0.1", "localhost:9999"]
)
def test_a_program_on_this_machine_is_let_in(host: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert is_welcome(LOCAL, method=method, Host=host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:4200",
        "127.0.0.1.evil.example:4200",
        "localhost.evil.example",
        "evil.localhost:4200",
        "localhost.:4200",
        "192.168.1.5:4200",
        "0.0.0.0:4200",
        "[::]:4200",
        "evil@127.0.0.1:4200",
        "127.0.0.1:4200@evil.example",
        "127.0.0.1:4200/evil.example",
        "127.0.0.1:4200#",
        "127.0.0.1:port",
        "127.0.0.1:99999",
        "[::1",
        "2130706433",
        "",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    assert not is_welcome(LOCAL, Host=host)
    assert not is_welcome(LOCAL, Host=host, X_Forwarded_Host=HERE)


def test_one_host_is_named_and_once() -> None:
    assert LOCAL.refuse("GET", [], is_api=True)
    assert LOCAL.refuse("GET", [("host", HERE), ("Host", "evil.example")], is_api=True)
    assert LOCAL.refuse("GET", [("host", HERE), ("Host", HERE)], is_api=True)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:4201",
        "http://127.0.0.1",
        "http://localhost:4200",
        "https://127.0.0.1:4200",
        "http://127.0.0.1:4200.evil.example",
        "null",
        "file://",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
def test_pages_of_other_origins_are_refused(origin: str, method: str) -> None:
    for is_api in (True, False):
        assert not is_welcome(LOCAL, method=method, is_api=is_api, Host=HERE, Origin=origin)
        assert not is_welcome(LOCAL, method=method, is_api=is_api, Host=HERE, Origin=origin, **_under(LINK))


def test_its_own_pages_are_let_in_at_whatever_port_a_tunnel_has() -> None:
    for host in (HERE, "localhost:9999", "[::1]:4200"):
        assert is_welcome(LOCAL, method="POST", Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")
        assert is_welcome(LOCAL, Host=host, Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors")
    assert LOCAL.refuse("POST", [("Host", HERE), *[("Origin", f"http://{HERE}")] * 2], is_api=True)


def test_a_page_without_origin_is_known_by_where_its_requests_come_from() -> None:
    for site in ("cross-site", "same-site", "new-word"):
        for mode, dest in (("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe"), ("cors", "empty")):
            for is_api in (True, False):
                headers = {"Host": HERE, "Sec_Fetch_Site": site, "Sec_Fetch_Mode": mode, "Sec_Fetch_Dest": dest}
                assert not is_welcome(LOCAL, is_api=is_api, **headers)
    assert is_welcome(LOCAL, Host=HERE, Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document")


def test_a_link_opens_a_page_but_nothing_of_the_api() -> None:
    assert is_welcome(LOCAL, is_api=False, Host=HERE, **_under(LINK))
    assert is_welcome(LOCAL, is_api=False, Host=HERE, **_under({**LINK, "Sec-Fetch-Site": "same-site"}))
    assert not is_welcome(LOCAL, is_api=True, Host=HERE, **_under(LINK))
    assert not is_welcome(LOCAL, method="POST", is_api=False, Host=HERE, **_under(LINK))
    assert not is_welcome(LOCAL, is_api=False, Host="evil.example", **_under(LINK))


def test_a_proxy_is_let_in_by_its_origin() -> None:
    # One that hands the browser's Host on, and one that writes its own.
    for host in ("desk.example", "desk.example:443", HERE):
        assert is_welcome(PROXIED, Host=host)
        assert is_welcome(PROXIED, method="POST", Host=host, Origin="https://desk.example")
        for origin in ("http://desk.example", "https://desk.example:444", "https://evil.example", "null"):
            assert not is_welcome(PROXIED, method="POST", Host=host, Origin=origin)
    assert not is_welcome(PROXIED, Host="other.example")


def test_a_server_for_the_network_has_addresses_and_its_machines_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.serve.origins.gethostname", lambda: "News-Desk")
    for visitors in (OPEN, find_visitors("::"), find_visitors("desk.example")):
        assert is_welcome(visitors, method="POST", Host="192.168.1.5:4200", Origin="http://192.168.1.5:4200")
        assert not is_welcome(visitors, Host="evil.example:4200")
        assert not is_welcome(visitors, method="POST", Host="192.168.1.5:4200", Origin="http://192.168.1.6:4200")
    assert is_welcome(find_visitors("0.0.0.0"), Host="news-desk:4200")
    assert is_welcome(find_visitors("Desk.example"), Host="desk.example:4200")
    assert not is_welcome(find_visitors("127.0.0.1"), Host="news-desk:4200")


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://desk.example", "https://desk.example"),
        ("HTTPS://Desk.Example:443/prefect?x#y", "https://desk.example"),
        ("http://desk.example:8080/", "http://desk.example:8080"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(address: str, origin: str) -> None:
    assert read_origin(address) == origin


@pytest.mark.parametrize(
    "address", ["desk.example", "*", "", "ftp://desk.example", "https://", "http://a@b", "http://a:b"]
)
def test_what_is_no_origin_says_so(address: str) -> None:
    with pytest.raises(ConfigError, match="no address of a web site"):
        find_visitors("127.0.0.1", [address])


def test_the_loopback_is_this_machine_alone() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "desk.example", "127.0.0.1.evil.example", "")))


def _under(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}


class Application:
    """An ASGI application that keeps what reached it and answers with a header of its own."""

    def __init__(self) -> None:
        self.served: list[str] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        self.served.append(scope["type"])
        if scope["type"] == "http":
            own = [(b"X-Frame-Options", b"SAMEORIGIN")]
            await send({"type": "http.response.start", "status": 200, "headers": own})
            await send({"type": "http.response.body", "body": b"secret"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.accept"})


def call(
    kind: str, path: str = "/", headers: Iterable[tuple[bytes, bytes]] = (), method: str = "GET"
) -> tuple[list[str], list[dict[str, Any]]]:
    """The kinds of scopes that reached the application, and the messages that were sent."""
    app, sent = Application(), []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError("nothing was to be read")

    scope = {"type": kind, "path": path, "headers": list(headers), "method": method}
    if kind != "http":
        del scope["method"]
    asyncio.run(SameOriginOnly(app, LOCAL)(scope, receive, send))
    return app.served, sent


def test_the_application_does_not_hear_of_a_refused_request() -> None:
    for path in ("/api/flows/filter", "/", "/runs"):
        served, sent = call("http", path, [(b"host", HERE.encode()), (b"origin", b"http://evil.example")], "POST")
        assert served == []
        assert sent[0]["status"] == 403
        assert b"start it with --origin" in sent[1]["body"]
        assert not [name for name, _ in sent[0]["headers"] if name.startswith(b"access-control")]


def test_a_foreign_socket_is_closed_before_it_is_accepted() -> None:
    foreign = [(b"Host", HERE.encode()), (b"Origin", b"http://127.0.0.1:4201")]
    served, (closed,) = call("websocket", "/api/events/out", foreign)
    assert (served, closed["type"], closed["code"]) == ([], "websocket.close", 1008)
    for headers in ([(b"host", HERE.encode())], [(b"host", HERE.encode()), (b"origin", b"http://127.0.0.1:4200")]):
        assert call("websocket", "/api/events/out", headers) == (["websocket"], [{"type": "websocket.accept"}])


def test_the_events_of_the_servers_life_pass() -> None:
    assert call("lifespan") == (["lifespan"], [])


def test_answers_say_that_no_site_may_frame_or_embed_them() -> None:
    for headers in ([(b"host", HERE.encode())], [(b"host", b"evil.example")]):
        _, sent = call("http", "/", headers)
        names = [name.decode() for name, _ in sent[0]["headers"]]
        assert sorted(name.lower() for name in names if not name.startswith(("content-t", "content-l"))) == sorted(
            name.lower() for name, _ in GUARDING_HEADERS
        )
    _, sent = call("http", "/", [(b"host", HERE.encode())])
    assert (b"X-Frame-Options", b"SAMEORIGIN") in sent[0]["headers"]


def test_a_link_does_not_open_what_is_below_the_api() -> None:
    link = [(name.lower().encode(), value.encode()) for name, value in LINK.items()] + [(b"host", HERE.encode())]
    assert [bool(call("http", path, link)[0]) for path in ("/runs", "/apis", "/api", "/api/csrf-token")] == [
        True,
        True,
        False,
        False,
    ]
