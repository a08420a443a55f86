"""A Prefect server on this machine, while a command needs it: started, watched until it answers, stopped.

Takes an address. A server that answers there already is used, if it keeps the pages of other web sites away as ours does.
"""

import atexit
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from cleaners.errors import ConfigError, CopydeskError
from flows.serve.origins import find_visitors, is_loopback
from flows.serve.prefect_home import SERVER_LOG, find_home, open_log

DEFAULT_PORT = 4200
SERVER_START_SECONDS = 120
SERVER_END_SECONDS = 4
# Relative to the page, so that the UI works under whatever name a browser has for this machine: a proxy's, a tunnel's.
UI_API_PATH = "/api"
# A server that listens everywhere is reached on the loopback.
LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- connected to, not bound to
AUTH_VARIABLE = "PREFECT_SERVER_API_AUTH_STRING"
# No host has this name, nor any page this origin: a server that answers it answers every page.
FOREIGN = "foreign.invalid"


class Address(NamedTuple):
    """Address at which the server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address of the UI from this machine; the API is below it."""
        return f"http://{f'[{self.near}]' if ':' in self.near else self.near}:{self.port}"

    @property
    def near(self) -> str:
        """The host by which this machine reaches it."""
        return LOOPBACKS.get(self.host, self.host)


def check_address(address: Address) -> None:
    """Refuse to open the server to the network without a password.

    Raises:
        ConfigError: the host is not this machine, and no auth string is set.
    """
    if not is_loopback(address.host) and not os.environ.get(AUTH_VARIABLE):
        raise ConfigError(
            f"The server would be open to anyone who can reach {address.host}.",
            f"Set {AUTH_VARIABLE}=user:password (clients need PREFECT_API_AUTH_STRING), or stay with --host 127.0.0.1.",
        )


@contextmanager
def running_server(address: Address, origins: Iterable[str] = ()) -> Iterator[None]:
    """A Prefect server at the address while the block runs; one that answers there already is left as it is.

    Args:
        address: where it listens.
        origins: addresses at which a proxy shows it to browsers.

    Raises:
        ConfigError: an origin is none.
        CopydeskError: something else has the port, the server there answers any page, or ours does not answer in time.
    """
    command = server_command(address, origins)
    if _answers(address):
        _check_guarded(address)
        yield
        return
    check_free(address)
    server = StartedServer(address, command)
    try:
        server.wait_for_answer()
        yield
    finally:
        server.stop()


class StartedServer:
    """A server's process from its start on, which takes seconds until it answers.

    Args:
        address: where it listens.
        command: of `server_command`.
        is_short_lived: it ends with this process.
    """

    def __init__(self, address: Address, command: list[str], *, is_short_lived: bool = False) -> None:
        self.address = address
        self._home = find_home()
        os.environ["PREFECT_SERVER_UI_API_URL"] = UI_API_PATH
        with open_log(self._home) as output:
            # In a session of its own: Ctrl-C stops the runs first, then the server they report to.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if is_short_lived else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_for_answer(self) -> None:
        """Return once the server answers.

        Raises:
            CopydeskError: it ended, or does not answer in time.
        """
        deadline = time.monotonic() + SERVER_START_SECONDS
        while not _answers(self.address):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CopydeskError(
                    f"The Prefect server at {self.address.url} does not start.",
                    f"Its log is {self._home / SERVER_LOG}.",
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.terminate()
        try:
            self._process.wait(SERVER_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_short_lived_server() -> StartedServer:
    """Start a server without the UI for this process, with which it ends; it does not answer yet.

    Prefect would start one of its own, which answers the pages of any web site. Imports nothing of Prefect, and is best called
    before Prefect is imported: the server then takes its last messages at the end.
    """
    address = find_free_address()
    server = StartedServer(address, server_command(address, (), is_short_lived=True), is_short_lived=True)
    atexit.register(server.stop)
    return server


def use_short_lived_server(
    started: StartedServer | None = None, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Let Prefect talk to a server for this process alone, unless its settings name another one. Imports Prefect.

    Args:
        started: of `start_short_lived_server`; one is started without it.
        meanwhile: work to do until the server answers.

    Raises:
        CopydeskError: it does not start.
    """
    from prefect.context import refresh_global_settings_context
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_EPHEMERAL_ENABLED

    if PREFECT_API_URL.value() or not PREFECT_SERVER_EPHEMERAL_ENABLED.value():
        if started:
            started.stop()
        return
    server = started or start_short_lived_server()
    meanwhile()
    server.wait_for_answer()
    os.environ["PREFECT_API_URL"] = f"{server.address.url}/api"
    # Links in the log lead to where `copydesk ui` will show the run.
    os.environ.setdefault("PREFECT_UI_URL", Address("127.0.0.1", DEFAULT_PORT).url)
    refresh_global_settings_context()


def server_command(address: Address, origins: Iterable[str] = (), *, is_short_lived: bool = False) -> list[str]:
    """The command that serves at an address until it is stopped.

    Raises:
        ConfigError: an origin is none.
    """
    given = list(origins)
    find_visitors(address.host, given)
    options = [option for origin in given for option in ("--origin", origin)] + ["--short-lived"] * is_short_lived
    place = ["--host", address.host, "--port", str(address.port)]
    return [sys.executable, "-m", "flows.serve.server_process", *place, *options]


def check_free(address: Address) -> None:
    """Refuse a port that something listens at.

    Raises:
        CopydeskError: something does.
    """
    with socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET) as probe:
        if probe.connect_ex((address.near, address.port)) == 0:
            raise CopydeskError(f"Another program listens at {address.url}.", "Choose another port with --port.")


def find_free_address() -> Address:
    """A loopback address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", probe.getsockname()[1])


def _check_guarded(address: Address) -> None:
    """Refuse a server that answers the pages of other web sites: they could read what we send it, and start runs.

    Raises:
        CopydeskError: it does.
    """
    if _answers(address, Host=FOREIGN) or _answers(address, Origin=f"http://{FOREIGN}"):
        raise CopydeskError(
            f"The Prefect server that runs at {address.url} answers the pages of any web site.",
            "Stop it: `copydesk serve` and `copydesk ui` start one that does not. To use one that you keep away from browsers "
            "yourself, deploy to it with `prefect deploy` and start a worker (docs/operations.md).",
        )


def _answers(address: Address, **headers: str) -> bool:
    connection = HTTPConnection(address.near, address.port, timeout=5)
    try:
        connection.request("GET", "/api/health", headers=headers)
        return connection.getresponse().read().strip() == b"true"
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
