"""A team's server keeps its runs in PostgreSQL: the flow on a real server with Debian's PostgreSQL behind it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SEEDS
from tests.flows.test_deploy import free_port

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
# PostgreSQL refuses to run as root: there it runs as the user that Debian's package made.
AS_USER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@pytest.fixture
def database() -> Iterator[str]:
    if not POSTGRES:
        assert not os.environ.get("CI"), "CI must have PostgreSQL: run .ci/install-programs"
        pytest.skip("no PostgreSQL: apt-get install postgresql")
    programs = POSTGRES[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="copydesk-postgres-"))
    if AS_USER:
        shutil.chown(folder, "postgres")
    port = free_port()

    def call(program: str, *arguments: str) -> None:
        subprocess.run([*AS_USER, str(programs / program), *arguments], check=True, capture_output=True, cwd=folder)

    data = str(folder / "data")
    call("initdb", "-D", data, "-U", "copydesk", "--auth=trust")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    call("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+asyncpg://copydesk@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


RUN = """
import sys
from pathlib import Path
from flows.deploy import Address, running_server
import os
address = Address("127.0.0.1", int(sys.argv[1]))
os.environ["PREFECT_API_URL"] = address.url + "/api"
with running_server(address):
    from flows.clean_news import clean_news
    from flows.settings import Settings
    result = clean_news(Settings(sources=[sys.argv[2]], output=sys.argv[3], workers=1))
    print(result.status)
"""


def test_the_flow_reports_to_a_server_on_postgresql(database: str, tmp_path: Path) -> None:
    asyncpg = pytest.importorskip("asyncpg")
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    command = [sys.executable, "-c", RUN, str(free_port()), str(SEEDS), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr + (tmp_path / "copydesk-server.log").read_text()
    assert done.stdout.split()[-1] == "published"

    async def states() -> list[str]:
        connection = await asyncpg.connect(database.replace("+asyncpg", ""))
        try:
            return [row["state_name"] for row in await connection.fetch("select state_name from flow_run")]
        finally:
            await connection.close()

    import asyncio

    assert asyncio.run(states()) == ["Completed"]
