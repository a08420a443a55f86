"""A headless Chromium for the tests of the report, driven over its DevTools protocol."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
PATIENCE = 20  # seconds for anything that the browser is asked


class Browser:
    """One tab. `troubles` gathers its console errors and exceptions, `requests` the addresses it asked for."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._is_loaded = False
        self.troubles: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a DevTools method and wait for its answer."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while True:
            answer = json.loads(self._socket.recv(PATIENCE))
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer}"
                return answer["result"]
            self._note(answer)

    def open(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False, anchor: str = "") -> None:
        """Load a page anew in a window of that size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url="about:blank")
        self.troubles, self.requests, self._is_loaded = [], [], False
        self.call("Page.navigate", url=page.as_uri() + anchor)
        while not self._is_loaded:
            self._note(json.loads(self._socket.recv(PATIENCE)))
        assert self.run("document.location.href").startswith(page.as_uri())

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def _note(self, event: dict[str, Any]) -> None:
        method, params = event["method"], event["params"]
        if method == "Page.loadEventFired":
            self._is_loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.troubles.append(str(params["exceptionDetails"]))
        elif (method == "Log.entryAdded" and params["entry"]["level"] == "error") or (
            method == "Runtime.consoleAPICalled" and params["type"] == "error"
        ):
            self.troubles.append(str(params))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A tab in a Chromium of its own; without Chromium the test is skipped, but in CI it fails."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        said = "No Chromium found: install it (apt-get install chromium) to test the report in a browser."
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    profile = tmp_path_factory.mktemp("chromium")
    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        port_file, deadline = profile / "DevToolsActivePort", time.monotonic() + PATIENCE
        while not (port_file.is_file() and port_file.read_text().count("\n")):
            assert process.poll() is None, f"{program} ended at once with code {process.returncode}"
            assert time.monotonic() < deadline, f"{program} opened no DevTools port within {PATIENCE} s"
            time.sleep(0.05)
        port, path = port_file.read_text().split()
        with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None) as socket:
            yield Browser(socket)
    finally:
        process.terminate()
        process.wait(PATIENCE)
