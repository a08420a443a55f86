"""A team's server keeps its runs in PostgreSQL: the flow on a real server with Debian's PostgreSQL behind it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.serve.prefect_server import Address, running_server
from tests.conftest import SEEDS
from tests.flows.serve.newsroom import free_port
from tests.flows.serve.test_deploy import ROOT

pytestmark = pytest.mark.slow

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


def test_a_teams_server_with_a_work_pool(database: str, tmp_path: Path) -> None:
    """The commands of `prefect.yaml` and of the operations page, against a server that keeps its runs in PostgreSQL."""
    asyncpg = pytest.importorskip("asyncpg")
    address = Address("127.0.0.1", free_port())
    environment = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_URL": f"{address.url}/api",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "POLARS_MAX_THREADS": "1",
    }

    def call(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=ROOT,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # Once a year, lest the hourly run of the file comes in between.
    deployments = tmp_path / "prefect.yaml"
    deployments.write_text((ROOT / "prefect.yaml").read_text().replace('cron: "0 * * * *"', 'cron: "0 0 1 1 *"'))
    settings = {"sources": [str(SEEDS)], "output": str(tmp_path / "out"), "workers": 1}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with running_server(address):
            call("prefect", "work-pool", "create", "newsroom", "--type", "process")
            call("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(deployments))
            call("flows.cli.main", "watch")
            call("prefect", "deployment", "run", "clean-news/newsroom", "--param", f"settings={json.dumps(settings)}")
            call("prefect", "worker", "start", "--pool", "newsroom", "--run-once")
    assert (tmp_path / "out" / "latest" / "report.html").is_file()

    async def select(query: str) -> list[tuple[str, ...]]:
        connection = await asyncpg.connect(database.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    states = asyncio.run(select("select state_type::text from flow_run where not auto_scheduled"))
    assert states == [("COMPLETED",)]
    # The server makes runs of the schedule in prefect.yaml too.
    assert ("Scheduled",) in asyncio.run(select("select state_name from flow_run where auto_scheduled"))
    assert asyncio.run(select("select cron from (select schedule->>'cron' as cron from deployment_schedule) s")) == [
        ("0 0 1 1 *",)
    ]
    assert len(asyncio.run(select("select name from automation"))) == 1
