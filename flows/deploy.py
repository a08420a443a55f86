"""The newsroom: a Prefect server with its UI, the scheduled deployment of `clean-news`, and the reports of its runs.

`serve` is all of it on one machine, watched by `flows.automations`; `prefect.yaml` deploys the same flow to a work pool.
"""

import ipaddress
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

from cleaners.errors import ConfigError, CopydeskError
from flows.automations import HEARTBEAT_SECONDS, watch_runs
from flows.reports_server import serving_reports
from flows.settings import Settings

DEPLOYMENT = "newsroom"
SERVER_START_SECONDS = 120
# Relative to the page, so that the UI works under whatever name a browser has for this machine: a proxy's, a tunnel's.
UI_API_PATH = "/api"
# A server that listens everywhere is asked on the loopback.
LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- asked of, not bound to
AUTH_VARIABLE = "PREFECT_SERVER_API_AUTH_STRING"


class Address(NamedTuple):
    """Where the server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address of the UI from this machine; the API is below it."""
        name = LOOPBACKS.get(self.host, self.host)
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"


def serve(
    settings: Settings, cron: str, address: Address, notify: str | None = None, report_port: int | None = None
) -> None:
    """Start the server, watch its runs, and run `clean-news` by its schedule and on demand, until stopped.

    Args:
        settings: parameters of the scheduled runs; each run can be given others in the UI.
        cron: when to run, as cron writes it, in UTC.
        address: where the server listens. One that answers there already is used.
        notify: a notification block, `<type>/<name>`, that is told of failed and crashed runs and of sites out of their band.
        report_port: where the reports are served, on the same host; None takes the port after the server's.

    Raises:
        ConfigError: the schedule is no cron expression, there is no such block, or the server would be open to the network
            without a password.
        CopydeskError: the server does not start, or the port of the reports is taken.
    """
    check_address(address)
    # Prefect reads these when it is first imported, and hands them to the runs.
    os.environ["PREFECT_API_URL"] = f"{address.url}/api"
    os.environ["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] = str(HEARTBEAT_SECONDS)
    if auth := os.environ.get(AUTH_VARIABLE):
        os.environ.setdefault("PREFECT_API_AUTH_STRING", auth)
    _check_cron(cron)
    anchored = _anchored(settings)
    port = address.port + 1 if report_port is None else report_port
    with (
        running_server(address),
        serving_reports(anchored.folder, address.host, port, os.environ.get(AUTH_VARIABLE)) as reports,
    ):
        from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
        from prefect.types.entrypoint import EntrypointType

        from flows.clean_news import clean_news

        watch_runs(notify)
        anchored = anchored.model_copy(update={"report_url": anchored.report_url or reports})
        clean_news.serve(
            name=DEPLOYMENT,
            cron=cron,
            parameters={"settings": anchored.model_dump(mode="json")},
            description="Cleans what is new in the sources and publishes one snapshot.",
            # One run at a time: a second one would only wait for the lock on the output.
            global_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
            entrypoint_type=EntrypointType.MODULE_PATH,
            print_starting_message=False,
        )


def check_address(address: Address) -> None:
    """Refuse to open the server to the network without a password.

    Raises:
        ConfigError: the host is not this machine, and no auth string is set.
    """
    try:
        is_local = ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        is_local = address.host == "localhost"
    if not is_local and not os.environ.get(AUTH_VARIABLE):
        raise ConfigError(
            f"The server would be open to anyone who can reach {address.host}.",
            f"Set {AUTH_VARIABLE}=user:password (clients need PREFECT_API_AUTH_STRING), or stay with --host 127.0.0.1.",
        )


@contextmanager
def running_server(address: Address) -> Iterator[None]:
    """A Prefect server at the address while the block runs; one that answers there already is left as it is.

    Raises:
        CopydeskError: something else has the port, or the server does not answer in time.
    """
    if _answers(address):
        yield
        return
    if _is_taken(address):
        raise CopydeskError(f"Another program listens at {address.url}.", "Choose another port with --port.")
    log = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser() / "copydesk-server.log"
    os.environ["PREFECT_SERVER_UI_API_URL"] = UI_API_PATH
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", address.host, "--port", str(address.port)]
    with log.open("ab") as output:
        # In a session of its own: Ctrl-C stops the runs first, then the server they report to.
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        deadline = time.monotonic() + SERVER_START_SECONDS
        while not _answers(address):
            if server.poll() is not None or time.monotonic() > deadline:
                raise CopydeskError(f"The Prefect server at {address.url} does not start.", f"Its log is {log}.")
            time.sleep(0.25)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(address: Address) -> bool:
    connection = HTTPConnection(address.host, address.port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().read().strip() == b"true"
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _is_taken(address: Address) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET) as probe:
        return probe.connect_ex((address.host, address.port)) == 0


def _check_cron(cron: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    try:
        CronSchedule(cron=cron)
    except ValidationError as error:
        raise ConfigError(
            f"{cron!r} is no schedule: {error.errors()[0]['msg']}.", 'Write it as cron does: --cron "0 6 * * *".'
        ) from error


def _anchored(settings: Settings) -> Settings:
    """The settings with absolute paths: served runs start in folders of their own."""

    def absolute(path: str) -> str:
        return path if "://" in path else os.path.abspath(path)  # noqa: PTH100 -- globs and links stay as given

    return settings.model_copy(
        update={
            "sources": [absolute(source) for source in settings.sources],
            "output": absolute(settings.output),
            "authority": absolute(settings.authority) if settings.authority else None,
            "decisions": absolute(settings.decisions) if settings.decisions else None,
            "mirror": absolute(settings.mirror) if settings.mirror else None,
        }
    )
