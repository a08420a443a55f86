"""A headless Chromium, driven over its DevTools protocol with what Prefect brings along (websockets): pages to show and script.

Takes addresses, gives screenshots and what a script in the page returns; keeps what the page wrote to its console.
"""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

START_SECONDS = 60
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
]


class Browser:
    """One page of a running Chromium; `console` holds its errors and warnings, `requested` the addresses it requested."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._calls = 0
        self.console: list[str] = []
        self.requested: set[str] = set()
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:  # noqa: ANN401
        """Call a method of the protocol and give its result; console messages met on the way are kept."""
        self._calls += 1
        self._connection.send(json.dumps({"id": self._calls, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv(timeout=60))
            if message.get("id") == self._calls:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._keep(message)

    def size(self, width: int, height: int, *, scale: float = 1, is_phone: bool = False) -> None:
        """Show the page at a size in CSS pixels, `scale` device pixels each."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=is_phone
        )

    def scheme(self, name: str) -> None:
        """Prefer `light` or `dark`."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, address: str, ready: str = "true", seconds: float = 60) -> None:
        """Go to a page and wait until it is complete, its scripts too, and an expression in it is true."""
        self.call("Page.navigate", url=address)
        self.wait(f"document.readyState == 'complete' && ({ready})", seconds)

    def wait(self, expression: str, seconds: float = 60) -> None:
        """Wait until an expression in the page is true; one that throws is not, for the page may not be there yet.

        Raises:
            TimeoutError: it was not in that many seconds.
        """
        deadline = time.monotonic() + seconds
        while not self._is_true(expression):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:g} seconds in vain for: {expression}")
            time.sleep(0.2)

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401
        """Evaluate an expression in the page, promises awaited.

        Raises:
            RuntimeError: it threw.
        """
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", "the script failed"))
        return answer["result"].get("value")

    def _is_true(self, expression: str) -> bool:
        try:
            return bool(
                self.evaluate(f"(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()")
            )
        except RuntimeError:  # the page went to another while it was evaluated
            return False

    def shoot(self, path: Path, *, whole: bool = False, clip: tuple[float, float, float, float] | None = None) -> None:
        """Save what is shown, the whole page, or a part (left, top, width, height in CSS pixels), as PNG."""
        params: dict[str, Any] = {"format": "png", "captureBeyondViewport": whole or clip is not None}
        if clip:
            params["clip"] = dict(zip(("x", "y", "width", "height"), clip, strict=True)) | {"scale": 1}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **params)["data"]))

    def _keep(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            words = (str(each.get("value", each.get("description", ""))) for each in params["args"])
            self.console.append(" ".join(words))
        elif method == "Network.requestWillBeSent":
            self.requested.add(params["request"]["url"].partition("?")[0])
        elif method == "Runtime.exceptionThrown":
            self.console.append(params["exceptionDetails"]["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.console.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


def find_chromium() -> str | None:
    """The command of an installed Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def open_browser(*flags: str) -> Iterator[Browser]:
    """A Chromium with a profile of its own while the block runs.

    Raises:
        FileNotFoundError: none is installed.
        TimeoutError: it does not start.
    """
    command = find_chromium()
    if command is None:
        raise FileNotFoundError("Chromium is not installed (apt-get install chromium)")
    with tempfile.TemporaryDirectory(prefix="copydesk-browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [command, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_page_address(Path(profile)), max_size=None, proxy=None, ping_interval=None) as connection:
                yield Browser(connection)
        finally:
            process.terminate()
            process.wait(20)


def _page_address(profile: Path) -> str:
    """The address of the one page's socket, once the browser has written its port."""
    from http.client import HTTPConnection

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            port = int((profile / "DevToolsActivePort").read_text().split()[0])
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/json/list")
            pages = [page for page in json.loads(connection.getresponse().read()) if page["type"] == "page"]
            connection.close()
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        except (OSError, IndexError, ValueError):
            pass
        time.sleep(0.1)
    raise TimeoutError("Chromium does not start")
