"""Serves the desk and the reports of an output folder, in a thread, for `copydesk serve` and `copydesk desk`."""

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from cleaners.errors import CopydeskError
from flows.serve.origins import SameOriginOnly, find_visitors
from flows.settings import Settings
from flows.store.remote import pull_latest

START_SECONDS = 30
STOP_SECONDS = 2  # for answers under way; `serve` has nine for all of its end
PULL_SECONDS = 60  # between looks at an object store for a newer snapshot


@contextmanager
def serving_desk(
    settings: Settings,
    host: str,
    port: int,
    password: str | None,
    origins: Iterable[str] = (),
    *,
    is_pulling: bool = False,
) -> Iterator[str]:
    """Serve the desk while the block runs.

    Args:
        settings: the output folder, which need not be there yet, and where decisions are kept.
        host: address to listen at.
        port: port to listen at; 0 takes any free one.
        password: `user:password` that browsers must give, None where everyone may look.
        origins: addresses at which a proxy shows the desk to browsers.
        is_pulling: look for newer snapshots of a remote output; where runs work in the same mirror, they bring them.

    Yields:
        The address of the desk, below which a report's path in the folder is found.

    Raises:
        ConfigError: an origin is none.
        CopydeskError: the port is taken.
    """
    visitors = find_visitors(host, origins)
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CopydeskError(
            f"The desk and the reports cannot be served at {host}:{port}: {error.strerror}.", "Choose another port."
        ) from error
    with listening:
        import uvicorn  # here: a port that is taken is said at once

        from flows.serve.desk.app import make_app
        from flows.serve.desk.board import Board

        board, ended = Board(settings), Event()
        # A server that listens everywhere is linked to by its own name.
        name = socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104 -- compared, not bound to
        server = uvicorn.Server(
            uvicorn.Config(
                SameOriginOnly(make_app(board, password), visitors, ()),
                log_config=None,  # silent: the newsroom's terminal is the runs'
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        Thread(target=board.follow, args=(ended,), daemon=True).start()
        if is_pulling and settings.is_remote:
            Thread(target=_pull, args=(settings, ended), daemon=True).start()
        try:
            deadline = time.monotonic() + START_SECONDS
            while not server.started and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            if not server.started:
                raise CopydeskError(f"The desk does not start at {host}:{port}.")
            yield f"http://{f'[{name}]' if ':' in name else name}:{listening.getsockname()[1]}"
        finally:
            ended.set()
            server.should_exit = True
            thread.join(2 * STOP_SECONDS)


def _pull(settings: Settings, ended: Event) -> None:
    """Fetch what is published, again and again; a store that fails is tried once more."""
    while not ended.wait(PULL_SECONDS):
        with suppress(CopydeskError, OSError):
            pull_latest(settings)
