"""The pictures of the documentation, taken again from a real newsroom: `python -m bench.pictures.screenshots docs/images`.

Serves the seeds as they would land, two runs by schedule and one started by hand from its form in the browser, then shoots the
run's page, the form, the artifacts, the report and the desk. Takes some three minutes: the shortest schedule of cron is a minute.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bench.pictures.browser import Browser, open_browser

SEEDS = Path(__file__).parents[2] / "seeds"
MAX_BYTES = 200_000
# What lands before each run; the last one brings the most to cut and the name flag.
LANDINGS = (("000_*", "001_*"), ("003_*",), ("002_*", "004_*"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, help="folder of the pictures")
    target = parser.parse_args().target
    target.mkdir(parents=True, exist_ok=True)
    # Its paths are in the pictures, so that it has a plain name.
    folder = Path(tempfile.gettempdir()) / "newsroom"
    folder.mkdir()
    try:
        shoot_newsroom(folder, target)
    finally:
        shutil.rmtree(folder)
    for picture in sorted(target.glob("*.png")):
        size = picture.stat().st_size
        print(f"{picture.name:<24} {size / 1000:>6.0f} kB{'  TOO LARGE' if size > MAX_BYTES else ''}")


def shoot_newsroom(folder: Path, target: Path) -> None:
    landing, port = folder / "landing", free_port()
    landing.mkdir()
    # Runs are named after their first source: a short relative one, as a newsroom would have it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment["PREFECT_HOME"] = str(folder / "prefect")
    land(landing, LANDINGS[0])
    command = [sys.executable, "-m", "flows.cli.main", "serve", "landing", "--output", "output", "--cron", "* * * * *"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, "--port", str(port)], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        api = Api(f"http://127.0.0.1:{port}")
        wait_for(lambda: api.published() == 1, 240)
        with open_browser() as browser:
            browser.size(1200, 860)
            run_by_hand(browser, api, landing, target)
            land(landing, LANDINGS[2])
            wait_for(lambda: api.published() == 3, 180)
            shoot_ui(browser, api, target)
            shoot_report(browser, folder / "output" / "latest" / "report.html", target)
            shoot_desk(browser, f"http://127.0.0.1:{port + 1}", target)
            outside = {
                address
                for address in browser.requested
                if not address.startswith((api.address, f"http://127.0.0.1:{port + 1}", "file:", "data:", "blob:"))
            }
            print(f"requested outside this machine: {sorted(outside) or 'nothing'}")
    except BaseException:
        print((folder / "log").read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()


def run_by_hand(browser: Browser, api: "Api", landing: Path, target: Path) -> None:
    """Open the deployment's form, shoot it, and start a run with its button, between two runs of the schedule."""
    form = f"{api.address}/deployments/deployment/{api.deployment()}/run"
    browser.open(form, "document.body.innerText.includes('Dry Run')")
    settle()
    browser.shoot(target / "form.png")
    wait_for(lambda: 12 < time.time() % 60 < 25 and not api.runs("RUNNING"), 120)
    land(landing, LANDINGS[1])
    browser.evaluate(
        "[...document.querySelectorAll('button')].find((button) => button.innerText.trim() === 'Submit').click()"
    )
    wait_for(lambda: any(not run["auto_scheduled"] for run in api.runs("COMPLETED")), 120)
    assert api.published() == 2


def shoot_ui(browser: Browser, api: "Api", target: Path) -> None:
    wait_for(lambda: api.scheduled_with_artifacts() and not api.runs("RUNNING"), 60)
    run = api.scheduled_with_artifacts()[0]
    browser.open(f"{api.address}/runs/flow-run/{run}", "document.body.innerText.includes(' new')")
    settle(10)
    browser.shoot(target / "run.png")
    browser.open(f"{api.address}/artifacts", "document.body.innerText.includes('copydesk-funnel')")
    settle()
    browser.shoot(target / "artifacts.png")
    for key in ("copydesk-funnel", "copydesk-names", "copydesk-removals"):
        browser.open(f"{api.address}/artifacts/artifact/{api.latest(key)}", "document.querySelector('main, table')")
        settle()
        browser.shoot(target / f"{key.removeprefix('copydesk-')}.png")


def shoot_report(browser: Browser, report: Path, target: Path) -> None:
    """The beginning of the report in the light, a name flag and a copy in the dark, and a phone."""
    address = report.resolve().as_uri()
    browser.scheme("light")
    browser.size(1000, 900)
    browser.open(address)
    settle(1)
    browser.shoot(target / "report.png", clip=(0, 0, 1000, 1130))
    browser.scheme("dark")
    top, height = (
        browser.evaluate(f"document.getElementById('names').getBoundingClientRect().{side}")
        for side in ("top", "height")
    )
    browser.shoot(target / "report-dark.png", clip=(0, top, 1000, min(height, 820)))
    browser.scheme("light")
    browser.size(390, 844, is_phone=True)
    browser.open(address)
    settle(1)
    browser.shoot(target / "report-phone.png", clip=(0, 0, 390, 1100))


def shoot_desk(browser: Browser, address: str, target: Path) -> None:
    """The desk with the seeds' open flag in the light, and in the dark on a phone."""
    ready = "document.querySelector('.card')"
    browser.scheme("light")
    browser.size(1200, 860)
    browser.open(address, ready)
    settle(1)
    browser.shoot(target / "desk.png")
    browser.scheme("dark")
    browser.size(390, 844, is_phone=True)
    browser.open(address, ready)
    settle(1)
    browser.shoot(target / "desk-phone.png", clip=(0, 0, 390, 1100))
    browser.scheme("light")


class Api:
    """The few requests to the Prefect server that the script sends."""

    def __init__(self, address: str) -> None:
        self.address = address

    def post(self, path: str, **body: Any) -> Any:  # noqa: ANN401
        request = Request(f"{self.address}/api{path}", json.dumps(body).encode(), {"content-type": "application/json"})
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def deployment(self) -> str:
        (deployment,) = self.post("/deployments/filter")
        return str(deployment["id"])

    def runs(self, state: str) -> list[dict[str, Any]]:
        """The runs in a state, the latest first."""
        wanted = {"state": {"type": {"any_": [state]}}}
        runs: list[dict[str, Any]] = self.post("/flow_runs/filter", sort="START_TIME_DESC", flow_runs=wanted)
        return runs

    def published(self) -> int:
        """Count the reports that the runs have left so far; none while the server is not up yet."""
        try:
            key = {"key": {"any_": ["copydesk-report"]}}
            return len([each for each in self.post("/artifacts/filter", artifacts=key) if each])
        except OSError:
            return 0

    def scheduled_with_artifacts(self) -> list[str]:
        """The completed runs of the schedule that found something, the latest first."""
        found = self.post("/artifacts/filter", artifacts={"key": {"any_": ["copydesk-report"]}})
        published = {artifact["flow_run_id"] for artifact in found}
        runs = self.runs("COMPLETED")
        return [str(run["id"]) for run in runs if run["auto_scheduled"] and run["id"] in published]

    def latest(self, key: str) -> str:
        (artifact,) = self.post("/artifacts/latest/filter", artifacts={"key": {"any_": [key]}})
        return str(artifact["latest_id"])


def land(landing: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        for seed in SEEDS.glob(pattern):
            shutil.copy(seed, landing / f".{seed.name}")
            (landing / f".{seed.name}").rename(landing / seed.name)


def settle(seconds: float = 2.5) -> None:
    """Let the page draw what it has requested."""
    time.sleep(seconds)


def wait_for(what: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(1)


def free_port() -> int:
    """A port that is free, and the one after it too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


if __name__ == "__main__":
    main()
