"""Set-up of a new environment, so that its first run starts as soon as its second: `python -m flows.serve.set_up`.

Takes Prefect's environment. Leaves the tables of Prefect's database, whose hundred migrations take seconds, and bytecode of what
a run and its server import. Whatever fails here is done, and said, by the first run.
"""

import asyncio
import os
from contextlib import suppress
from importlib import import_module

from flows.serve.prefect_home import prepare_home

IMPORTED_BY_A_RUN = (
    "flows.clean_news",
    "flows.cli.terminal",
    "flows.report.page",
    "prefect.server.api.server",
    "uvicorn",
)


def set_up() -> None:
    """Make the tables where Prefect keeps them in a file of its home; a server elsewhere has them, or makes its own."""
    for module in IMPORTED_BY_A_RUN:
        import_module(module)
    from prefect.server.database import provide_database_interface
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, PREFECT_API_URL

    if PREFECT_API_URL.value() or not str(PREFECT_API_DATABASE_CONNECTION_URL.value()).startswith("sqlite"):
        return
    prepare_home()
    os.umask(0o077)
    asyncio.run(provide_database_interface().create_db())


if __name__ == "__main__":
    with suppress(Exception):
        set_up()
