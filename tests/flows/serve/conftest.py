"""Fixtures of the tests of a newsroom: one for each module that wants it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from tests.flows.serve.newsroom import PASSWORD, Newsroom, deployment_status, free_port, open_newsroom, wait_for


@pytest.fixture(scope="module")
def webhook() -> Iterator[tuple[str, list[str]]]:
    """An address that keeps what is posted to it."""
    bodies: list[str] = []

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Keep)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", bodies
    server.shutdown()


@pytest.fixture(scope="module")
def newsroom(
    tmp_path_factory: pytest.TempPathFactory, webhook: tuple[str, list[str]], make_home: Callable[[Path], Path]
) -> Iterator[Newsroom]:
    folder = tmp_path_factory.mktemp("newsroom")
    make_home(folder / "prefect")
    port = free_port()
    process = open_newsroom(folder, port)
    settings = {PREFECT_API_URL: f"http://127.0.0.1:{port}/api", PREFECT_API_AUTH_STRING: PASSWORD}
    with temporary_settings(settings), get_client(sync_client=True) as client:

        def is_ready() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            return deployment_status(client) == "READY"

        wait_for(is_ready, 180)
        yield Newsroom(process, client, port, folder, webhook[1])
        servers = subprocess.run(
            ["pgrep", "-f", f"flows.serve.server_process .*--port {port}"], capture_output=True, text=True, check=False
        )
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        for pid in servers.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)
