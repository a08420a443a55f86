"""The reports over HTTP: reports and nothing else, and only with the password where there is one."""

from __future__ import annotations

import socket
from base64 import b64encode
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cleaners.errors import CopydeskError
from flows.serve.reports_server import serving_reports

pytestmark = pytest.mark.slow

PAGE = "<!doctype html><title>What the desk did – №1</title>"


def get(address: str, path: str, **headers: str) -> tuple[int, str, str | None]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body, answer.getheader("content-type")


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
    with serving_reports(output, "127.0.0.1", 0, None) as address:
        for path in (
            "/runs/20260101T000000Z-0001/report.html?from=ui",
            "/_staging/r2/snapshot/report.html",
            "/dry-run-r3.html",
            "/latest/report.html",
            "/",
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
    with serving_reports(output, "127.0.0.1", 0, "desk:écrit") as address:
        assert get(address, "/")[0] == 401
        assert get(address, "/", Authorization=f"Basic {wrong}")[0] == 401
        assert get(address, "/", Authorization=f"Basic {known}")[:2] == (200, PAGE)


def test_pages_of_other_sites_and_other_names_get_no_report(output: Path) -> None:
    link = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    with serving_reports(output, "127.0.0.1", 0, None, ["https://desk.example"]) as address:
        port = urlsplit(address).port
        for headers in (
            {"Host": "evil.example"},
            {"Origin": f"http://127.0.0.1:{port + 1 if port else 0}"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
            {**link, "Sec-Fetch-Dest": "iframe"},
            {**link, "Host": f"evil.example:{port}"},
        ):
            status, body, _ = get(address, "/", **headers)
            assert (status, body.startswith("Refused: "), PAGE in body) == (403, True, False), headers
        # The link of the Prefect UI, whose port is another.
        for headers in (link, {"Host": f"localhost:{port}"}, {"Host": "desk.example"}):
            assert get(address, "/", **headers)[:2] == (200, PAGE)


def test_a_stranger_learns_nothing_of_the_password(output: Path) -> None:
    with serving_reports(output, "127.0.0.1", 0, "desk:word") as address:
        assert get(address, "/", Host="evil.example")[0] == 403


def test_a_taken_port_says_so(output: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(CopydeskError, match=f"cannot be served at 127.0.0.1:{port}"),
            serving_reports(output, "127.0.0.1", port, None),
        ):
            pass


def test_other_hosts_are_linked_to_by_a_name_that_works(output: Path) -> None:
    with serving_reports(output, "0.0.0.0", 0, "desk:word") as address:
        assert urlsplit(address).hostname == socket.gethostname().lower()
    if not socket.has_ipv6:
        return
    with serving_reports(output, "::1", 0, None) as address:
        assert address.startswith("http://[::1]:")
        assert get(address, "/")[0] == 200
