"""A served deployment for tests: the command in a process of its own, its client, its folder.

Its server requires a password all along, so that everything is known to work with one.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient

from flows.serve.prefect_server import AUTH_VARIABLE
from tests.conftest import SEEDS

COPYDESK = Path(sys.executable).with_name("copydesk")

PASSWORD = "desk:wachtwoord"


class Newsroom(NamedTuple):
    """A served deployment: the command's process, its client, its port, its folder, the bodies of the notices it sent."""

    process: subprocess.Popen[bytes]
    client: SyncPrefectClient
    port: int
    folder: Path
    notices: list[str]

    @property
    def log(self) -> str:
        """The log of `serve` and of the runs."""
        return (self.folder / "log").read_text()


def free_port() -> int:
    """Return a port that is free, as is the one after it, which is the reports'."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000, 2)  # below those that connections of other tests get
        with socket.socket() as probe, socket.socket() as after, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            after.bind(("127.0.0.1", port + 1))
            return port


def wait_for(what: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)


def open_newsroom(folder: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PREFECT_HOME": str(folder / "prefect"),
        AUTH_VARIABLE: PASSWORD,
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",  # seconds until a run by hand begins; ten by default
    }
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_SERVER_ANALYTICS_ENABLED", "DO_NOT_TRACK"):
        environment.pop(name, None)
    command = [
        COPYDESK,
        "serve",
        SEEDS,
        "--output",
        "out",
        "--cron",
        "0 0 1 1 *",
        "--timezone",
        "Europe/Amsterdam",
        "--port",
        str(port),
    ]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen([str(part) for part in command], cwd=folder, env=environment, stdout=log, stderr=log)


def deployment_status(client: SyncPrefectClient) -> str:
    try:
        status = client.read_deployment_by_name("clean-news/newsroom").status
    except Exception:  # not up yet
        return ""
    return status.value if status else ""


def start(newsroom: Newsroom, **settings: object) -> UUID:
    deployment = newsroom.client.read_deployment_by_name("clean-news/newsroom")
    parameters = {"settings": {**deployment.parameters["settings"], **settings}}
    return newsroom.client.create_flow_run_from_deployment(deployment.id, parameters=parameters).id


def state_of(newsroom: Newsroom, run: UUID) -> str:
    """What kind of state a run is in, `Completed`; its own name says what happened."""
    state = newsroom.client.read_flow_run(run).state
    return state.type.value.capitalize() if state else ""
