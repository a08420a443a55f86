"""A newsroom whose machine dies in the middle of a run: the run is marked and reported, another flow's is not, the next goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.schemas.filters import FlowFilter, FlowFilterName

from flows.serve.automations import (
    BREACH_AUTOMATION,
    CRASH_AUTOMATION,
    NOTICE_AUTOMATION,
    SILENCE_AUTOMATION,
    watch_runs,
)
from tests.conftest import SEEDS
from tests.flows.serve.newsroom import PASSWORD, Newsroom, open_newsroom, start, state_of, wait_for

pytestmark = pytest.mark.slow

OTHER_FLOW = """
import sys, time
from prefect import flow

@flow(name="weather", flow_run_name=sys.argv[1])
def weather() -> None:
    if sys.argv[1] == "fails":
        raise ValueError("no weather today")
    time.sleep(600)

weather()
"""


def run_other_flow(port: int, folder: Path, name: str) -> subprocess.Popen[bytes]:
    """A run of a flow that is not ours, on the server at a port: it fails, or it goes on until it is killed."""
    script = folder / "weather.py"
    script.write_text(OTHER_FLOW)
    there = {
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_API_AUTH_STRING": PASSWORD,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    with (folder / "weather.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(script), name], cwd=folder, env={**os.environ, **there}, stdout=log, stderr=log
        )


def other_runs(newsroom: Newsroom) -> dict[str, str]:
    """The states of the runs of the other flow, by their names."""
    runs = newsroom.client.read_flow_runs(flow_filter=FlowFilter(name=FlowFilterName(any_=["weather"])))
    return {run.name: run.state.name for run in runs if run.state}


def events_of_other_flow(newsroom: Newsroom, event: str) -> int:
    """The events of a kind that the server has of runs of the other flow."""
    body = {"filter": {"event": {"name": [event]}}}
    answer = newsroom.client._client.post("/events/filter", json=body)
    return sum(
        any(related.get("prefect.resource.name") == "weather" for related in event["related"])
        for event in answer.json()["events"]
    )


@pytest.fixture
def silent(newsroom: Newsroom) -> Iterator[subprocess.Popen[bytes]]:
    """The process of another flow's run, which sends its heartbeats."""
    process = run_other_flow(newsroom.port, newsroom.folder, "silent")
    yield process
    process.kill()
    process.wait()


def test_a_killed_run_of_ours_is_marked_crashed_within_two_minutes_and_reported(
    newsroom: Newsroom, webhook: tuple[str, list[str]], silent: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    block = CustomWebhookNotificationBlock(
        name="desk", url=webhook[0], json_data={"subject": "{{subject}}", "body": "{{body}}"}
    )
    block.save("desk", overwrite=True)
    watch_runs("custom-webhook/desk", publish_hours=0.005)
    names = [automation.name for automation in newsroom.client.read_automations()]
    assert sorted(names) == sorted([CRASH_AUTOMATION, NOTICE_AUTOMATION, BREACH_AUTOMATION, SILENCE_AUTOMATION])
    # Runs of another flow end as badly: one fails, one falls silent before ours.
    run_other_flow(newsroom.port, tmp_path, "fails").wait(60)
    wait_for(lambda: events_of_other_flow(newsroom, "prefect.flow-run.heartbeat") > 1, 60)
    silent.kill()
    silent.wait()
    # Enough to do that the kill comes in the middle of it.
    story = (SEEDS / "000_e92e818c1740ec33.txt").read_text()
    for number in range(240):
        (tmp_path / f"{number}.txt").write_text(f"Story {number}\n{story}")
    much = {"sources": [str(tmp_path)], "output": str(newsroom.folder / "other"), "shard_bytes": 2**16}
    run = start(newsroom, **much)
    wait_for(lambda: state_of(newsroom, run) == "Running", 120)
    wait_for(lambda: list((newsroom.folder / "other" / "_staging").rglob("extract-*.json")), 120)
    # The whole machine but the server: the process that would have reported the death of its child dies with it.
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(newsroom.process.pid)], capture_output=True, text=True, check=True
    )
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children.stdout.split()}
    for pid in [
        newsroom.process.pid,
        *(pid for pid, command in commands.items() if b"flows.serve.server_process" not in command),
    ]:
        os.kill(pid, signal.SIGKILL)
    newsroom.process.wait()
    began = time.monotonic()
    wait_for(lambda: state_of(newsroom, run) == "Crashed", 120)
    assert time.monotonic() - began < 120
    wait_for(lambda: any("Crashed" in body for body in newsroom.notices), 30)
    wait_for(lambda: any("No run has published for 0.005 hours" in body for body in newsroom.notices), 60)
    # Those of the other flow do not matter here.
    assert events_of_other_flow(newsroom, "prefect.flow-run.Failed") == 1
    assert other_runs(newsroom) == {"fails": "Failed", "silent": "Running"}
    assert [body for body in newsroom.notices if "weather" in body or "fails" in body or "silent" in body] == []
    # Served again, the next run takes the place and the work of the dead one: neither slot nor lock outlived it.
    again = open_newsroom(newsroom.folder, newsroom.port)
    try:
        seen = (newsroom.folder / "log").stat().st_size
        run = start(newsroom, **much)
        wait_for(lambda: state_of(newsroom, run) in ("Completed", "Failed", "Cancelled"), 180)
        assert state_of(newsroom, run) == "Completed", newsroom.log[seen:]
        assert "continuing the interrupted run" in newsroom.log[seen:]
        assert (newsroom.folder / "other" / "latest" / "articles").is_dir()
    finally:
        began = time.monotonic()
        again.send_signal(signal.SIGTERM)
        assert again.wait(60) == 0
        assert time.monotonic() - began < 15
