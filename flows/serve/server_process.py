"""The process of a Prefect server that no page of another web site can use: `python -m flows.serve.server_process --port 4200`.

Takes an address to listen at and the settings of Prefect's environment, runs until it is stopped. It is the server that
`prefect server start` runs, with the same services, behind `flows.serve.origins.SameOriginOnly`; what it writes is its owner's
alone.
"""

import argparse
import gc
import os
import sys
from pathlib import Path
from threading import Thread

from flows.serve.origins import SameOriginOnly, find_visitors
from flows.serve.prefect_home import list_database_files, make_private


def run_server(host: str, port: int, origins: list[str], *, is_short_lived: bool = False) -> None:
    """Serve Prefect's API, its UI and its services until a signal ends it.

    Args:
        host: where it listens.
        port: where it listens.
        origins: addresses at which a proxy shows it to browsers.
        is_short_lived: serve the API alone, to a run that has no other server, and end when it closes our standard input.
    """
    if is_short_lived:
        Thread(target=_end_with_parent, daemon=True).start()
        # Types of blocks are for the UI, and registered by the server that shows it. To find them Prefect would import each of its
        # integrations that is installed: the one for Dask takes a second.
        for name in ("PREFECT_SERVER_REGISTER_BLOCKS_ON_START", "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION"):
            os.environ.setdefault(name, "false")
    visitors = find_visitors(host, origins)
    # Before anything is written: the database, its journal, what runs leave in the home.
    os.umask(0o077)
    gc.disable()  # what is imported stays: to look for garbage in it takes a seventh of the start
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    settings = get_current_settings().server
    make_private(_database_files())
    api = settings.api
    served = create_app(ephemeral=is_short_lived, final=True)
    gc.freeze()
    gc.enable()
    uvicorn.run(
        SameOriginOnly(served, visitors, (api.base_path or "/api",)),
        host=host,
        port=port,
        timeout_keep_alive=api.keepalive_timeout,
        ws_ping_interval=api.websocket_ping_interval,
        ws_ping_timeout=api.websocket_ping_timeout,
        log_level="error" if is_short_lived else settings.logging_level.lower(),
    )


def _end_with_parent() -> None:
    """End this process once the other end of its standard input is closed: a killed run leaves no server behind."""
    sys.stdin.buffer.read()
    os._exit(0)


def _database_files() -> list[Path]:
    """The files of Prefect's database, whether or not they are there yet; none where a server of its own keeps it."""
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL
    from sqlalchemy import make_url

    url = make_url(str(PREFECT_API_DATABASE_CONNECTION_URL.value()))
    return list_database_files(Path(url.database)) if url.get_backend_name() == "sqlite" and url.database else []


def main() -> None:
    """Read the address from the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--origin", action="append", default=[])
    parser.add_argument("--short-lived", action="store_true")
    given = parser.parse_args()
    run_server(given.host, given.port, given.origin, is_short_lived=given.short_lived)


if __name__ == "__main__":
    main()
