"""The newsroom on a real server: one run at a time, a killed run is marked, a password where the network can reach it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from uuid import UUID

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from cleaners.errors import ConfigError
from flows.deploy import AUTH_VARIABLE, CRASH_AUTOMATION, NOTICE_AUTOMATION, Address, check_address, watch_runs
from tests.conftest import SEEDS

ROOT = Path(__file__).parent.parent.parent
COPYDESK = Path(sys.executable).with_name("copydesk")


class Newsroom(NamedTuple):
    """A served deployment: its process, its client, its folder, and the bodies of the notices it sent."""

    process: subprocess.Popen[bytes]
    client: SyncPrefectClient
    folder: Path
    notices: list[str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


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
def newsroom(tmp_path_factory: pytest.TempPathFactory, webhook: tuple[str, list[str]]) -> Iterator[Newsroom]:
    folder = tmp_path_factory.mktemp("newsroom")
    port = free_port()
    environment = {**os.environ, "PREFECT_HOME": str(folder / "prefect"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE"):
        environment.pop(name, None)
    command = [COPYDESK, "serve", SEEDS, "--output", "out", "--cron", "0 0 1 1 *", "--port", str(port)]
    log = (folder / "log").open("wb")
    process = subprocess.Popen([str(part) for part in command], cwd=folder, env=environment, stdout=log, stderr=log)
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}), get_client(sync_client=True) as client:

        def has_deployment() -> bool:
            assert process.poll() is None, (folder / "log").read_text()
            try:
                return client.read_deployment_by_name("clean-news/newsroom") is not None
            except Exception:  # not up yet
                return False

        wait_for(has_deployment, 180)
        yield Newsroom(process, client, folder, webhook[1])
        servers = subprocess.run(
            ["pgrep", "-f", f"server start .*--port {port}"], capture_output=True, text=True, check=False
        )
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        for pid in servers.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)


def start(newsroom: Newsroom, **settings: object) -> UUID:
    deployment = newsroom.client.read_deployment_by_name("clean-news/newsroom")
    parameters = {"settings": {**deployment.parameters["settings"], **settings}}
    return newsroom.client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id


def state_of(newsroom: Newsroom, run: UUID) -> str:
    state = newsroom.client.read_flow_run(run).state
    return state.name if state else ""


def test_the_schedule_and_the_form_are_there(newsroom: Newsroom) -> None:
    deployment = newsroom.client.read_deployment_by_name("clean-news/newsroom")
    assert [schedule.schedule.cron for schedule in deployment.schedules] == ["0 0 1 1 *"]
    assert deployment.global_concurrency_limit
    assert deployment.global_concurrency_limit.limit == 1
    assert deployment.parameters["settings"]["output"] == str(newsroom.folder / "out")
    form = deployment.parameter_openapi_schema["definitions"]["Settings"]["properties"]
    assert all(field["description"] for field in form.values())


def test_a_run_by_hand_publishes_and_a_second_one_meanwhile_is_cancelled(newsroom: Newsroom) -> None:
    first, second = start(newsroom), start(newsroom)
    wait_for(lambda: {state_of(newsroom, first), state_of(newsroom, second)} == {"Completed", "Cancelled"}, 180)
    assert (newsroom.folder / "out" / "latest" / "report.html").is_file()


def test_a_killed_run_is_marked_crashed_within_two_minutes_and_told_of(
    newsroom: Newsroom, webhook: tuple[str, list[str]], tmp_path: Path
) -> None:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    block = CustomWebhookNotificationBlock(
        name="desk", url=webhook[0], json_data={"subject": "{{subject}}", "body": "{{body}}"}
    )
    block.save("desk", overwrite=True)
    watch_runs("custom-webhook/desk")
    names = [automation.name for automation in newsroom.client.read_automations()]
    assert sorted(names) == sorted([CRASH_AUTOMATION, NOTICE_AUTOMATION])
    # Enough to do that the kill comes in the middle of it.
    story = (SEEDS / "000_e92e818c1740ec33.txt").read_text()
    for number in range(1500):
        (tmp_path / f"{number}.txt").write_text(f"Story {number}\n{story}")
    run = start(newsroom, sources=[str(tmp_path)], output=str(newsroom.folder / "other"))
    wait_for(lambda: state_of(newsroom, run) == "Running", 120)
    wait_for(lambda: list((newsroom.folder / "other" / "_staging").rglob("extract-*.json")), 120)
    # The whole machine but the server: the process that would have reported the death of its child dies with it.
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(newsroom.process.pid)], capture_output=True, text=True, check=True
    )
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children.stdout.split()}
    for pid in [newsroom.process.pid, *(pid for pid, command in commands.items() if b"server" not in command)]:
        os.kill(pid, signal.SIGKILL)
    newsroom.process.wait()
    began = time.monotonic()
    wait_for(lambda: state_of(newsroom, run) == "Crashed", 120)
    assert time.monotonic() - began < 120
    wait_for(lambda: any("Crashed" in body for body in newsroom.notices), 30)


def test_an_unknown_block_says_how_to_make_one(newsroom: Newsroom) -> None:
    with pytest.raises(ConfigError, match="no notification block 'custom-webhook/nowhere'"):
        watch_runs("custom-webhook/nowhere")


def test_the_network_needs_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(AUTH_VARIABLE, raising=False)
    for host in ("127.0.0.1", "localhost", "::1"):
        check_address(Address(host, 4200))
    for host in ("0.0.0.0", "192.168.1.5", "news.example"):
        with pytest.raises(ConfigError, match="open to anyone"):
            check_address(Address(host, 4200))
    monkeypatch.setenv(AUTH_VARIABLE, "user:password")
    check_address(Address("0.0.0.0", 4200))


def test_a_wrong_schedule_and_a_taken_port_say_so(tmp_path: Path) -> None:
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")}

    def serve(*options: str) -> subprocess.CompletedProcess[str]:
        command = [str(COPYDESK), "serve", str(SEEDS), *options]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path, timeout=120
        )

    wrong = serve("--cron", "every morning")
    assert (wrong.returncode, "'every morning' is no schedule" in wrong.stderr) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = serve("--port", str(taken.getsockname()[1]))
    assert (busy.returncode, "Another program listens" in busy.stderr) == (1, True)


def test_the_work_pools_file_names_the_flow_and_its_limit() -> None:
    (deployment,) = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    file, _, flow = deployment["entrypoint"].partition(":")
    assert f"def {flow}(" in (ROOT / file).read_text()
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
