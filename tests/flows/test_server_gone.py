"""A Prefect server that is killed in the middle of a run: the work goes on and is published, and one line says what is missing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from bench.hostile.faults import look, read_all
from cleaners.errors import CopydeskError
from flows import uplink
from tests.conftest import SEEDS, Tables

pytestmark = pytest.mark.slow


@pytest.fixture
def server(
    tmp_path: Path, make_home: Callable[[Path], Path]
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    """A server of its own, and the environment of its clients."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(make_home(tmp_path / "home")),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
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
        yield process, {**environment, "PREFECT_API_URL": url}
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_run_whose_server_is_gone_publishes_and_says_that_the_server_did_not_hear_of_it(
    server: tuple[subprocess.Popen[bytes], dict[str, str]], tmp_path: Path, seed_tables: Tables
) -> None:
    process, environment = server
    output = tmp_path / "out"
    command = [sys.executable, "-m", "flows.cli.main", "run", str(SEEDS), "-o", str(output), "--workers", "1"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + 180
        # The steps before assembly may be done before the flow has begun.
        while not list(output.glob("_staging/*/snapshot/articles")) and time.monotonic() < deadline:
            assert run.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        said, complained = run.communicate(timeout=180)
    assert run.returncode == 0
    assert complained.count("The Prefect server does not answer any more") == 1
    assert len(complained) < 2_000
    assert "Traceback" not in complained
    assert f"{output}/runs/" in said
    assert look(output / "latest") == []
    assert not (output / "_staging").exists()
    mine, theirs = (read_all(folder) for folder in (output / "latest", seed_tables.snapshot))
    assert [name for name in mine if name != "run_summary" and not mine[name].equals(theirs[name])] == []


def test_a_server_that_does_not_answer_is_called_seldom_and_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now, calls, is_up = 1000.0, [], False

    def call(word: str) -> str:
        calls.append(word)
        if not is_up:
            raise httpx.ConnectError("refused")
        return word

    monkeypatch.setattr(uplink, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(uplink, "_silent_since", None)
    assert [uplink.offer(call, word) for word in ("a", "b", "c")] == [None] * 3
    assert calls == ["a"]
    now += uplink.MIN_SILENCE_SECONDS
    assert uplink.offer(call, "d") is None
    now += uplink.MIN_SILENCE_SECONDS - 1
    assert uplink.offer(call, "e") is None
    is_up, now = True, now + 1
    assert [uplink.offer(call, word) for word in ("f", "g")] == ["f", "g"]
    assert calls == ["a", "d", "f", "g"]


def test_an_error_of_the_call_itself_is_not_taken_for_a_lost_server() -> None:
    with pytest.raises(ZeroDivisionError):
        uplink.offer(lambda: 1 / 0)


@pytest.mark.parametrize("ends", ["published", "gate", "not begun"])
def test_what_a_run_did_counts_where_the_server_did_not_hear_of_it(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uplink, "_answers_in_time", lambda: False)
    monkeypatch.setattr(uplink, "_outcome", uplink.Outcome())

    def flow(settings: str) -> str:
        with suppress(CopydeskError):
            if ends != "not begun":
                with uplink.reporting() as outcome:
                    if ends == "gate":
                        raise CopydeskError("A gate is broken.", "Look at it.")
                    outcome.keep(settings)
        raise httpx.ConnectError("refused")  # as Prefect does when it reports the end

    if ends == "published":
        assert uplink.run_with_or_without(flow, "result") == "result"
        assert uplink.is_silent()
    else:
        with pytest.raises(CopydeskError, match="A gate" if ends == "gate" else "does not answer any more"):
            uplink.run_with_or_without(flow, "result")
    with uplink.reporting():  # leaves the haste again
        monkeypatch.setattr(uplink, "_answers_in_time", lambda: True)
    assert not uplink.is_silent()
