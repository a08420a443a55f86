"""The newsroom on a real server: runs by schedule and by hand, one at a time; what went wrong is reported; a
password where the network can reach it.

Its server requires a password all along, so that everything is known to work with one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import yaml
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.states import Scheduled

from cleaners.errors import ConfigError
from flows.serve.automations import watch_runs
from flows.serve.email import SmtpEmail
from flows.serve.prefect_server import AUTH_VARIABLE, Address, check_address
from flows.settings import Settings
from tests.conftest import SEEDS, run_steps
from tests.flows.serve.desk.test_serving import get
from tests.flows.serve.mailbox import Letter, mail_server
from tests.flows.serve.newsroom import COPYDESK, PASSWORD, Newsroom, start, state_of, wait_for
from tests.flows.steps.test_health import SOON, feed

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def letters(newsroom: Newsroom) -> Iterator[list[Letter]]:
    """The e-mails that the newsroom's automations send while the test runs."""
    with mail_server() as (port, letters):
        block = SmtpEmail(
            host="127.0.0.1", port=port, security="none", sender="desk@news.example", recipients=["night@news.example"]
        )
        block.save("desk", overwrite=True)
        watch_runs("smtp-email/desk")
        yield letters


def listeners(port: int) -> list[str]:
    """The addresses at which anything listens on a port, as the kernel has them."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            address, _, hexport = line.split()[1].partition(":")
            if int(hexport, 16) == port and line.split()[3] == "0A":
                found.append(socket.inet_ntoa(bytes.fromhex(address)[::-1]) if table == "tcp" else address)
    return found


def test_the_schedule_and_the_form_are_there(newsroom: Newsroom) -> None:
    deployment = newsroom.client.read_deployment_by_name("clean-news/newsroom")
    assert [(found.schedule.cron, found.schedule.timezone) for found in deployment.schedules] == [
        ("0 0 1 1 *", "Europe/Amsterdam")
    ]
    assert "The newsroom is open at" in newsroom.log
    assert deployment.global_concurrency_limit
    assert deployment.global_concurrency_limit.limit == 1
    assert deployment.parameters["settings"]["output"] == str(newsroom.folder / "out")
    form = deployment.parameter_openapi_schema["definitions"]["Settings"]["properties"]
    assert all(field["description"] for field in form.values())


def test_the_schedule_runs_it(newsroom: Newsroom) -> None:
    deployment = newsroom.client.read_deployment_by_name("clean-news/newsroom")
    # The schedule that it is served with is once a year; another one shows that the server makes runs of schedules. It is
    # due soon and then once a minute: every run more would be a process more.
    soon = IntervalSchedule(interval=timedelta(minutes=1), anchor_date=datetime.now(UTC) + timedelta(seconds=10))
    (added,) = newsroom.client.create_deployment_schedules(deployment.id, [(soon, True)])

    def scheduled() -> list[str]:
        runs = newsroom.client.read_flow_runs(flow_run_filter=None)
        return [run.state.type.value for run in runs if run.auto_scheduled and run.state]

    try:
        wait_for(lambda: "COMPLETED" in scheduled(), 240)
    finally:
        newsroom.client.delete_deployment_schedule(deployment.id, added.id)
    assert (newsroom.folder / "out" / "latest" / "report.html").is_file()
    wait_for(lambda: not {"PENDING", "RUNNING"} & set(scheduled()), 60)


def test_a_second_run_by_hand_waits_and_what_the_schedule_missed_is_caught_up_by_one(newsroom: Newsroom) -> None:
    """As after a night without power: three runs of the schedule are due at once, beside two by hand."""
    output = newsroom.folder / "by-hand"
    deployment = newsroom.client.read_deployment_by_name("clean-news/newsroom")
    parameters = {"settings": {**deployment.parameters["settings"], "output": str(output)}}
    hour_ago = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(hours=1))
    missed = [
        newsroom.client.create_flow_run_from_deployment(deployment.id, parameters=parameters, state=hour_ago).id
        for _ in range(3)
    ]
    with closing(sqlite3.connect(newsroom.folder / "prefect/prefect.db", timeout=30)) as database, database:
        ids = ", ".join(repr(run.hex) for run in missed)  # only the scheduler may say so over the API
        changed = database.execute(f"update flow_run set auto_scheduled = 1 where replace(id, '-', '') in ({ids})")
        assert changed.rowcount == 3
    by_hand = [start(newsroom, output=str(output)) for _ in range(2)]
    wait_for(lambda: {state_of(newsroom, run) for run in by_hand} == {"Completed"}, 240)
    assert (output / "latest" / "report.html").is_file()
    runs = [run for run in newsroom.client.read_flow_runs() if run.id in {*by_hand, *missed}]
    assert {run.state.type.value for run in runs if run.state} == {"COMPLETED"}  # no row of one that was cancelled
    names = sorted(run.state.name for run in runs if run.state)
    assert len(names) <= 3
    assert [name for name in names if name != "Nothing new"] == ["8 new, 1 open flag"]


def test_the_link_of_the_ui_opens_the_report(newsroom: Newsroom) -> None:
    (artifact,) = newsroom.client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["copydesk-report"])), limit=1
    )
    address = re.search(r"\((http://[^)]+)\)", str(artifact.data))
    assert address, artifact.data
    parts = urlsplit(address[1])
    latest = newsroom.folder / "out" / "latest"
    known = b64encode(PASSWORD.encode()).decode()
    path = f"/runs/{latest.readlink().name}/report.html"
    assert parts.port == newsroom.port + 1
    assert get(address[1], path)[0] == 401
    assert get(address[1], path, Authorization=f"Basic {known}")[1] == (latest / "report.html").read_text()


def test_no_one_gets_in_without_the_password(newsroom: Newsroom) -> None:
    connection = HTTPConnection("127.0.0.1", newsroom.port, timeout=10)
    connection.request("POST", "/api/flow_runs/filter", "{}", {"content-type": "application/json"})
    assert connection.getresponse().status == 401


def test_the_server_is_quiet_and_here_only(newsroom: Newsroom) -> None:
    (pid,) = subprocess.run(
        ["pgrep", "-f", f"flows.serve.server_process .*--port {newsroom.port}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    environment = dict(
        line.partition("=")[::2] for line in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in line
    )
    assert (environment["PREFECT_SERVER_ANALYTICS_ENABLED"], environment["DO_NOT_TRACK"]) == ("false", "1")
    with urlopen(f"http://127.0.0.1:{newsroom.port}/ui-settings", timeout=10) as answer:
        assert json.load(answer)["api_url"] == "/api"
    for port in (newsroom.port, newsroom.port + 1):
        assert listeners(port) == ["127.0.0.1"]


@pytest.fixture(scope="module")
def four_days(newsroom: Newsroom) -> Path:
    """The output of four runs in which a site was as it always is."""
    output = newsroom.folder / "four-days"
    for day in range(1, 5):
        run_steps([feed(newsroom.folder / "in", day)], output, run_id=f"2026010{day}T000000Z-0001", **SOON)
    return output


def test_a_broken_gate_publishes_nothing_and_a_mail_says_so(
    newsroom: Newsroom, letters: list[Letter], four_days: Path
) -> None:
    output = shutil.copytree(four_days, newsroom.folder / "walled", symlinks=True)
    before = (output / "latest").readlink()
    rows = [json.dumps({"text": "too short", "url": f"https://a.example/{n}"}) for n in range(60)]
    (newsroom.folder / "walls.jsonl").write_text("\n".join(rows))
    run = start(newsroom, sources=[str(newsroom.folder / "walls.jsonl")], output=str(output), **SOON)
    wait_for(lambda: state_of(newsroom, run) == "Failed", 120)
    assert (output / "latest").readlink() == before
    wait_for(lambda: letters, 30)
    time.sleep(2)  # the site left its band too, but what failed is not reported a second time
    notices = {(str(letter.message["Subject"]), letter.message.get_content()) for letter in letters}
    ((subject, body),) = [(subject, body) for subject, body in notices if str(run) in body]
    assert ": Gate broken: extract/reject_share is 1 share" in subject
    for part in ("reject_share is 1 share, expected at most 0.9", "widen the bounds", f"/runs/flow-run/{run}"):
        assert part in body
    letters.clear()


def test_a_site_out_of_its_band_is_reported(newsroom: Newsroom, letters: list[Letter], four_days: Path) -> None:
    output = shutil.copytree(four_days, newsroom.folder / "sites", symlinks=True)
    walled = feed(newsroom.folder / "in", 5, walled=True)
    run = start(newsroom, sources=[str(walled)], output=str(output), **SOON)
    wait_for(lambda: state_of(newsroom, run) == "Completed", 120)

    def breach_notices() -> list[str]:
        breaches = (letter.message for letter in letters if "sites out of their band" in str(letter.message["Subject"]))
        return [message.get_content() for message in breaches]

    wait_for(breach_notices, 30)
    assert "a.example: reject_share is 0.75 share, expected 0.0 to " in breach_notices()[0]


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


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:4200"),
        ("::1", "http://[::1]:4200"),
        ("0.0.0.0", "http://127.0.0.1:4200"),
        ("::", "http://[::1]:4200"),
        ("desk.example", "http://desk.example:4200"),
    ],
)
def test_a_server_is_called_where_it_can_be_reached(host: str, url: str) -> None:
    assert Address(host, 4200).url == url


def test_a_wrong_schedule_and_a_taken_port_say_so(tmp_path: Path) -> None:
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "prefect")}

    def serve(*options: str) -> subprocess.CompletedProcess[str]:
        command = [str(COPYDESK), "serve", str(SEEDS), *options]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path, timeout=120
        )

    wrong = serve("--cron", "every morning")
    assert (wrong.returncode, "'every morning' is no schedule" in wrong.stderr) == (2, True)
    nowhere = serve("--timezone", "Europe/Nowhere")
    assert (nowhere.returncode, "'Europe/Nowhere' is no time zone" in nowhere.stderr) == (2, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = serve("--port", str(taken.getsockname()[1]))
    assert (busy.returncode, "Another program listens" in busy.stderr) == (1, True)


def test_the_work_pools_file_names_the_flow_and_its_limit() -> None:
    (deployment,) = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    module, _, flow = deployment["entrypoint"].rpartition(".")
    assert getattr(import_module(module), flow).name == "clean-news"
    Settings.model_validate(deployment["parameters"]["settings"])
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
