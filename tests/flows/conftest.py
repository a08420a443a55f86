"""Fixtures of the flow's tests: a real S3 server on loopback, Prefect's servers and homes."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest


@pytest.fixture(scope="module")
def s3_server() -> Iterator[None]:
    """The server, named by the environment as any client wants it."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    one_at_a_time = Lock()
    application = DomainDispatcherApplication(create_backend_app)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        # S3 compares and writes in one step; moto does it in two, between which another writer may come.
        with one_at_a_time:
            return application(environ, start_response)

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    host, port = server.server_address[:2]
    there = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in there.items():
            patch.setenv(name, value)
        yield
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def s3_output(s3_server: None, request: pytest.FixtureRequest) -> str:
    """An address in a bucket of its own."""
    from boto3 import client

    bucket = "copydesk-" + str(abs(hash(request.node.nodeid)))
    client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).create_bucket(Bucket=bucket)
    return f"s3://{bucket}/news"


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of Prefect's with its tables and no runs, made once for all workers of xdist.

    A server that has to make the tables is busy for some seconds more than one that finds them.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    database, home = shared / "prefect.db", shared / "prefect-home"
    with (shared / "prefect.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.exists():
            environment = {**os.environ, "PREFECT_HOME": str(home)}
            command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
            subprocess.run(command, check=True, capture_output=True, env=environment)
            made = sqlite3.connect(home / "prefect.db")
            made.execute("VACUUM INTO ?", (str(database),))
            made.close()
    return database


@pytest.fixture(scope="session")
def make_home(prefect_database: Path) -> Callable[[Path], Path]:
    """Make a home of Prefect with that database in it, which others may read as they may what earlier versions left."""

    def make(home: Path) -> Path:
        home.mkdir(mode=0o700)
        shutil.copy(prefect_database, home / "prefect.db")
        (home / "prefect.db").chmod(0o644)
        return home

    return make


@pytest.fixture(scope="module")
def prefect_server(prefect_database: Path) -> Iterator[None]:
    """A Prefect server for the flows of the module: Prefect's own for tests, with that database."""
    from prefect.testing import utilities

    def make_folder() -> str:
        folder = tempfile.mkdtemp()
        shutil.copy(prefect_database, Path(folder, "prefect-test.db"))
        return folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utilities, "mkdtemp", make_folder)
        with utilities.prefect_test_harness(server_startup_timeout=120):
            yield
