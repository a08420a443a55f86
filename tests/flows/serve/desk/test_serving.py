"""The desk and the reports over HTTP: nothing else of the folder, only for whom they are, and no foreign page changes anything."""

from __future__ import annotations

import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import nullcontext
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from typer.testing import CliRunner

from cleaners.errors import CopydeskError
from cleaners.names import load_decisions
from flows.cli.main import app
from flows.serve import deploy, ending
from flows.serve.desk.serving import serving_desk
from flows.serve.prefect_server import Address
from flows.settings import Settings
from flows.store.editors import read_decisions

PAGE = "<!doctype html><title>What the desk did – №1</title>"


def settings_of(output: Path) -> Settings:
    return Settings(output=str(output))


def get(address: str, path: str, **headers: str) -> tuple[int, str, str | None]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, answer.getheader("content-type")


def post(address: str, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", path, urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded", **given})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def token_of(address: str) -> str:
    (token,) = {*re.findall(r'name="token" value="([^"]+)"', get(address, "/")[1])}
    return str(token)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    output = tmp_path / "out"
    for path in ("runs/20260101T000000Z-0001/report.html", "_staging/r2/snapshot/report.html", "dry-run-r3.html"):
        (output / path).parent.mkdir(parents=True, exist_ok=True)
        (output / path).write_text(PAGE, encoding="utf-8")
    (output / "latest").symlink_to("runs/20260101T000000Z-0001")
    (output / "decisions.csv").write_text("secret")
    (output / "runs/20260101T000000Z-0001/manifest.json").write_text("secret")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "report.html").write_text("secret")
    return output


def test_reports_and_nothing_else(output: Path) -> None:
    with serving_desk(settings_of(output), "127.0.0.1", 0, None) as address:
        for path in (
            "/runs/20260101T000000Z-0001/report.html?from=ui",
            "/_staging/r2/snapshot/report.html",
            "/dry-run-r3.html",
            "/latest/report.html",
        ):
            assert get(address, path) == (200, PAGE, "text/html; charset=utf-8"), path
        for path in (
            "/runs/20260101T000000Z-0001/manifest.json",
            "/decisions.csv",
            "/../secret",
            "/runs/../../report.html",
            "/runs/%2e%2e/report.html",
            "/runs/",
            "/runs/none/report.html",
            "//etc/passwd",
        ):
            status, body, _ = get(address, path)
            assert (status, "secret" in body) == (404, False), path


def test_a_password_is_required(output: Path) -> None:
    known, wrong = (b64encode(words.encode()).decode() for words in ("desk:écrit", "desk:other"))
    with serving_desk(settings_of(output), "127.0.0.1", 0, "desk:écrit") as address:
        assert get(address, "/latest/report.html")[0] == 401
        assert get(address, "/", Authorization=f"Basic {wrong}")[0] == 401
        assert get(address, "/latest/report.html", Authorization=f"Basic {known}")[:2] == (200, PAGE)


def test_pages_of_other_sites_and_other_names_get_no_report(output: Path) -> None:
    link = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    with serving_desk(settings_of(output), "127.0.0.1", 0, None, ["https://desk.example"]) as address:
        port = urlsplit(address).port
        for headers in (
            {"Host": "evil.example"},
            {"Origin": f"http://127.0.0.1:{port + 1 if port else 0}"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
            {**link, "Sec-Fetch-Dest": "iframe"},
            {**link, "Host": f"evil.example:{port}"},
        ):
            status, body, _ = get(address, "/latest/report.html", **headers)
            assert (status, body.startswith("Refused: "), PAGE in body) == (403, True, False), headers
        # The link of the Prefect UI, whose port is another.
        for headers in (link, {"Host": f"localhost:{port}"}, {"Host": "desk.example"}):
            assert get(address, "/latest/report.html", **headers)[:2] == (200, PAGE)


def test_a_stranger_learns_nothing_of_the_password(output: Path) -> None:
    with serving_desk(settings_of(output), "127.0.0.1", 0, "desk:word") as address:
        assert get(address, "/", Host="evil.example")[0] == 403


def test_a_taken_port_says_so(output: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(CopydeskError, match=f"cannot be served at 127.0.0.1:{port}"),
            serving_desk(settings_of(output), "127.0.0.1", port, None),
        ):
            pass


def test_other_hosts_are_linked_to_by_a_name_that_works(output: Path) -> None:
    with serving_desk(settings_of(output), "0.0.0.0", 0, "desk:word") as address:
        assert urlsplit(address).hostname == socket.gethostname().lower()
    if not socket.has_ipv6:
        return
    with serving_desk(settings_of(output), "::1", 0, None) as address:
        assert address.startswith("http://[::1]:")
        assert get(address, "/latest/report.html")[0] == 200


@pytest.fixture
def desk(archive: Settings) -> Iterator[tuple[str, str, str]]:
    """The address of a desk with three flags, its token, and the id of a flag."""
    with serving_desk(archive, "127.0.0.1", 0, None, ["https://desk.example"]) as address:
        (flag, *_) = re.findall(r'name="flags" value="([0-9a-f]{24})"', get(address, "/")[1])
        yield address, token_of(address), flag


def test_a_form_of_the_desk_decides(archive: Settings, desk: tuple[str, str, str]) -> None:
    address, token, flag = desk
    fields = {"token": token, "flags": flag, "decision": "accept", "canonical": "Martin  Cardwell", "back": "/?page=1"}
    assert post(address, "/decide", fields, Origin=address)[0] == 303
    (row,) = load_decisions(read_decisions(archive)).iter_rows(named=True)
    assert (row["decision"], row["canonical"]) == ("accept", "Martin Cardwell")
    assert row["decided_by"]
    status, card = post(address, "/decide", {**fields, "decision": "reopen"}, Origin=address, X_Desk="script")
    assert status == 200
    assert card.strip().startswith("<article")
    assert "data-done" not in card


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"token": ""}, {}),
        ({"token": "guessed"}, {}),
        ({}, {"Origin": "http://evil.example"}),
        ({}, {"Origin": "null"}),
        ({}, {"Origin": "http://127.0.0.1:1"}),
        ({}, {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}),
        ({}, {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"}),
        ({}, {"Host": "evil.example"}),
        ({}, {"Content_Type": "text/plain"}),
        ({}, {"Content_Type": "application/json"}),
        ({"note": "n" * 300_000}, {}),
    ],
)
def test_whatever_else_is_sent_changes_nothing(
    archive: Settings, desk: tuple[str, str, str], fields: dict[str, str], headers: dict[str, str]
) -> None:
    address, token, flag = desk
    sent = {"token": token, "flags": flag, "decision": "accept", "label": "junk", "editor": "x", **fields}
    for path in ("/decide", "/label", "/editor"):
        status, body = post(address, path, sent, **headers)
        assert (status, body.startswith("Refused: ")) == (403, True)
    assert get(address, f"/decide?token={token}&flags={flag}&decision=accept")[0] in (404, 405)
    assert read_decisions(archive) == ""
    assert not (archive.folder / "decisions").exists()


def test_a_form_that_says_something_unknown_is_refused(archive: Settings, desk: tuple[str, str, str]) -> None:
    address, token, flag = desk
    assert post(address, "/decide", {"token": token, "flags": flag, "decision": "perhaps"})[0] == 422
    assert post(address, "/label", {"token": token, "passage": flag, "label": "perhaps"})[0] == 422
    status, body = post(address, "/decide", {"token": token, "flags": "f" * 24, "decision": "accept"}, X_Desk="script")
    assert (status, "has gone" in body) == (410, True)
    assert read_decisions(archive) == ""
    for back in ("https://evil.example", "//evil.example", "/\\evil.example"):
        connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
        sent = urlencode({"token": token, "editor": "Dana", "back": back})
        connection.request("POST", "/editor", sent, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("location")) == (303, "/")
        assert "HttpOnly" in (answer.getheader("set-cookie") or "")
        connection.close()


def test_pages_bring_a_strict_policy(desk: tuple[str, str, str]) -> None:
    address, *_ = desk
    for path in ("/", "/passages", "/decided", "/article/" + "0" * 24):
        connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        policy = answer.getheader("content-security-policy") or ""
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert answer.getheader("x-frame-options") == "DENY"
        assert answer.getheader("referrer-policy") == "same-origin"
        assert not re.search(r"<script(?! src)|<style| style=| on[a-z]+=", body)
        connection.close()


def test_the_proxys_address_may_decide(archive: Settings, desk: tuple[str, str, str]) -> None:
    address, token, flag = desk
    fields = {"token": token, "flags": flag, "decision": "reject"}
    assert post(address, "/decide", fields, Host="desk.example", Origin="https://desk.example")[0] == 303
    assert load_decisions(read_decisions(archive)).height == 1


def test_the_command_serves_until_it_is_stopped(archive: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = CliRunner().invoke(app, ["desk", "-o", archive.output, "--port", str(port)])
    assert (busy.exit_code, "cannot be served" in busy.output) == (1, True)
    monkeypatch.setattr(ending, "stopped_by_signals", nullcontext)
    monkeypatch.setattr(ending, "wait_for_signal", lambda: seen.append(get(f"http://127.0.0.1:{port}", "/")[0]))
    done = CliRunner().invoke(app, ["desk", "-o", archive.output, "--port", str(port)])
    assert done.exit_code == 0, done.output
    assert f"open at http://127.0.0.1:{port}/" in done.output
    assert seen == [200]
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    refused = CliRunner().invoke(app, ["desk", "-o", archive.output, "--host", "0.0.0.0", "--port", str(port)])
    assert (refused.exit_code, "open to anyone" in refused.output) == (2, True)


@pytest.mark.slow  # imports Prefect
def test_the_newsroom_shows_the_desk_beside_its_ui(archive: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    seen: list[tuple[str, str | None]] = []

    def run_deployment(settings: Settings, *_: object) -> None:
        seen.append((get(f"http://127.0.0.1:{port}", "/")[1], settings.report_url))

    for name in ("PREFECT_API_URL", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"):
        monkeypatch.setenv(name, "")  # put back afterwards
    for name in ("stopped_by_signals", "running_server"):
        monkeypatch.setattr(deploy, name, lambda *_: nullcontext())
    monkeypatch.setattr(deploy, "watch_runs", lambda *_: None)
    monkeypatch.setattr(deploy, "_run_deployment", run_deployment)
    deploy.serve(archive, deploy.Schedule("0 * * * *", "UTC"), Address("127.0.0.1", 4200), desk_port=port)
    ((page, report_url),) = seen
    assert "Philip Cardwell" in page
    assert report_url == f"http://127.0.0.1:{port}"
