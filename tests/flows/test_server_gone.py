"""A Prefect server that is killed in the middle of a run: the run ends and says so, and the next one goes on where it stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.faults import look, read_all
from tests.conftest import SEEDS, Tables, run_stages


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    """A server of its own, and the environment of its clients, who give up at once instead of after four minutes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "home"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}/api"
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health")
            break
        except OSError:
            time.sleep(0.2)
    try:
        yield process, {**environment, "PREFECT_API_URL": url, "PREFECT_CLIENT_MAX_RETRIES": "0"}
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_run_whose_server_is_gone_ends_says_so_and_is_taken_up_again(
    server: tuple[subprocess.Popen[bytes], dict[str, str]], tmp_path: Path, seed_tables: Tables
) -> None:
    process, environment = server
    output = tmp_path / "out"
    command = [sys.executable, "-m", "flows.cli", "run", str(SEEDS), "-o", str(output), "--workers", "1"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        deadline = time.monotonic() + 180
        while not list(output.rglob("extract-0.json")) and time.monotonic() < deadline:
            assert run.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = run.communicate(timeout=180)
    assert run.returncode == 1
    assert "The Prefect server does not answer any more" in said
    assert "goes on where this one stopped" in said
    assert not (output / "latest").exists()
    (taken_over,) = (folder.name for folder in (output / "_staging").iterdir())
    ended = run_stages([SEEDS], output, "20990101T000000Z-0001")
    assert ended
    assert ended.run_id == taken_over
    assert look(output / "latest") == []
    mine, theirs = (read_all(folder) for folder in (output / "latest", seed_tables.snapshot))
    assert [name for name in mine if name != "run_summary" and not mine[name].equals(theirs[name])] == []
