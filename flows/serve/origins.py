"""Keeps the pages of other web sites away from a server: requests are judged by their `Host`, `Origin` and `Sec-Fetch-Site`.

A browser lets any page send requests to this machine, with or without reading the answers, and lets a page rename its own host
to this machine's address afterwards (DNS rebinding). Programs send no `Origin`; they are let in by `Host` alone.
`SameOriginOnly` puts the check before any ASGI application; a server of another kind calls `Visitors.refuse` itself.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from socket import gethostname
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cleaners.errors import ConfigError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[str, str]]

POLICY_VIOLATION = 1008  # of a WebSocket that is closed
DEFAULT_PORTS = {"http": 80, "https": 443}
# Headers of every answer: no other site may show it in a frame, embed it, or keep a handle on its window.
GUARDING_HEADERS = (
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)


class Visitors(NamedTuple):
    """Hosts and pages that may send requests to a server.

    The machine's loopback addresses and `localhost` are always names of it, at any port, so that a tunnel works. A page is let in
    from the very host and port that it addresses, or from one of `origins`; another port of this machine is another origin.

    Args:
        names: further host names of the server, in lower case, without a port.
        origins: whole origins at which a proxy shows the server, as browsers write them (`https://desk.example`).
        any_address: whether any IP address is a name of it, where it listens to the network. An address cannot be made to lead
            elsewhere, as a name can.
    """

    names: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    any_address: bool = False

    def refuse(self, method: str, headers: Headers, *, is_api: bool) -> str | None:
        """The reason to refuse a request, None where it is welcome.

        Args:
            method: of the request; GET for the opening of a WebSocket.
            headers: of the request, each as often as it was sent.
            is_api: whether the requested path is for scripts; if not, a link on another site may open it in a tab.
        """
        given: dict[str, list[str]] = {}
        for name, value in headers:
            given.setdefault(name.lower(), []).append(value.strip())
        hosts, origins = given.get("host", []), given.get("origin", [])
        host = _host_name(hosts[0]) if len(hosts) == 1 else None
        if host is None or not (self._is_own(host) or host in {urlsplit(origin).hostname for origin in self.origins}):
            return "the Host of the request is no name of this server"
        if origins:
            own = f"http://{hosts[0].lower()}" if self._is_own(host) else None
            return (
                None
                if len(origins) == 1 and origins[0] in {own, *self.origins}
                else "it comes from a page of another origin"
            )
        if given.get("sec-fetch-site", ["none"]) in (["none"], ["same-origin"]):
            return None
        is_link = (
            not is_api
            and method in ("GET", "HEAD")
            and given.get("sec-fetch-mode") == ["navigate"]
            and given.get("sec-fetch-dest") == ["document"]
        )
        return None if is_link else "it comes from a page of another site"

    def _is_own(self, host: str) -> bool:
        if host in self.names or is_loopback(host):
            return True
        return self.any_address and _is_address(host)


def find_visitors(host: str, addresses: Iterable[str] = ()) -> Visitors:
    """The visitors of a server by where it listens; one that the network can reach has the name of its machine too.

    Args:
        host: address or name at which the server listens.
        addresses: of the server in browsers, where a proxy shows it: `https://desk.example`. A path is left off.

    Raises:
        ConfigError: an address is none.
    """
    origins = frozenset(map(read_origin, addresses))
    if is_loopback(host):
        return Visitors(origins=origins)
    return Visitors(frozenset({host.lower(), gethostname().lower()}), origins, any_address=True)


def read_origin(address: str) -> str:
    """The origin of an address, as browsers write it: scheme, host in lower case, the port unless it is the scheme's own.

    Raises:
        ConfigError: it is no http or https address with a host.
    """
    try:
        parts = urlsplit(address.strip())
        name, port = parts.hostname, parts.port
    except ValueError:
        name = port = None
    if not name or parts.scheme not in DEFAULT_PORTS or parts.username is not None:
        raise ConfigError(
            f"{address!r} is no address of a web site.", "Write it as browsers show it: https://desk.example."
        )
    written = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{written}" + (f":{port}" if port not in (None, DEFAULT_PORTS[parts.scheme]) else "")


def is_loopback(host: str) -> bool:
    """Tell whether a host, without a port, is this machine and can be reached from nowhere else."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


class SameOriginOnly:
    """An ASGI application that only its own pages, and programs, can reach.

    Args:
        app: the application behind it.
        visitors: who may send requests.
        api: paths whose answers are for scripts; a link on another site does not open what is below them.
    """

    def __init__(self, app: Application, visitors: Visitors, api: tuple[str, ...] = ("/api",)) -> None:
        self._app, self._visitors, self._api = app, visitors, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or WebSocket, or refuse it before the application hears of it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        is_socket = scope["type"] == "websocket"
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        is_api = is_socket or any(scope["path"] == path or scope["path"].startswith(f"{path}/") for path in self._api)
        reason = self._visitors.refuse(scope.get("method", "GET"), headers, is_api=is_api)
        if reason is None:
            await self._app(scope, receive, send if is_socket else _guarding(send))
        elif is_socket:
            # Before it is accepted: the server answers the handshake with 403.
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})
        else:
            body = refusal(reason)
            sent = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
            await send({"type": "http.response.start", "status": 403, "headers": _encoded([*sent, *GUARDING_HEADERS])})
            await send({"type": "http.response.body", "body": body})


def refusal(reason: str) -> bytes:
    """The text of an answer that refuses."""
    return (
        f"Refused: {reason}. Where a proxy shows this server under another name, start it with --origin and the address "
        "that browsers show.\n"
    ).encode()


def _guarding(send: Send) -> Send:
    """The same, with the guarding headers on the answer; those of the application's own stay."""

    async def send_guarded(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            names = {bytes(name).lower() for name, _ in own}
            more = [header for header in _encoded(GUARDING_HEADERS) if header[0] not in names]
            message = {**message, "headers": [*own, *more]}
        await send(message)

    return send_guarded


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers]


def _host_name(host: str) -> str | None:
    """The name in a `Host`, in lower case and without its port; None where it is no plain name and port."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return name if parts.netloc == host and parts.username is None else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
