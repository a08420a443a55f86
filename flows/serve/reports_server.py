"""Serves the HTML reports of an output folder, and nothing else of it, so that the Prefect UI's link to a report opens.

Browsers refuse links from a page to a file. Takes an output folder and an address, answers GET for reports of published runs,
of dry runs and of runs that a gate stopped. No page of another web site can read one or show it in a frame; a link opens it.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET6, gethostname
from threading import Thread

from cleaners.errors import CopydeskError
from flows.serve.origins import GUARDING_HEADERS, Visitors, find_visitors, refusal

_NAME = r"[\w-][\w.-]*"
_REPORTS = re.compile(
    rf"(?a:latest/report\.html|runs/{_NAME}/report\.html|dry-run-{_NAME}\.html|_staging/{_NAME}/snapshot/report\.html)"
)


@contextmanager
def serving_reports(
    output: Path, host: str, port: int, password: str | None, origins: Iterable[str] = ()
) -> Iterator[str]:
    """Serve the reports of a folder while the block runs.

    Args:
        output: the output folder; it need not be there yet.
        host: address to listen at.
        port: port to listen at; 0 takes any free one.
        password: `user:password` that browsers must give, None where everyone may look.
        origins: addresses at which a proxy shows the reports to browsers.

    Yields:
        The address below which a report's path in the folder is found.

    Raises:
        ConfigError: an origin is none.
        CopydeskError: the port is taken.
    """
    handler = partial(_Reports, output, password, find_visitors(host, origins))
    try:
        server = _Server6((host, port), handler) if ":" in host else ThreadingHTTPServer((host, port), handler)
    except OSError as error:
        raise CopydeskError(
            f"The reports cannot be served at {host}:{port}: {error.strerror}.",
            "Choose another port with --report-port.",
        ) from error
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        # A server that listens everywhere is linked to by its own name.
        name = gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104 -- compared, not bound to
        yield f"http://{f'[{name}]' if ':' in name else name}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Server6(ThreadingHTTPServer):
    address_family = AF_INET6


class _Reports(BaseHTTPRequestHandler):
    def __init__(self, output: Path, password: str | None, visitors: Visitors, *args: object) -> None:
        self._output, self._password, self._visitors = output, password, visitors
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """A report, or why not."""
        if reason := self._visitors.refuse("GET", self.headers.items(), is_api=False):
            self._answer(403, refusal(reason))
            return
        if self._password is not None and not self._is_known():
            self._answer(401, b"A password is needed.", {"WWW-Authenticate": 'Basic realm="Copydesk", charset="UTF-8"'})
            return
        path = self.path.partition("?")[0].lstrip("/") or "latest/report.html"
        try:
            page = (self._output / path).read_bytes() if _REPORTS.fullmatch(path) else None
        except OSError:
            page = None
        if page is None:
            self._answer(404, b"There is no such report; old ones go with their snapshots.")
        else:
            self._answer(200, page, {"Content-Type": "text/html; charset=utf-8"})

    def _is_known(self) -> bool:
        expected = b64encode(str(self._password).encode()).decode()
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        return hmac.compare_digest(given.encode(), expected.encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        given = {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}
        # The reports link to articles; their sites need not learn where from.
        fixed = {**dict(GUARDING_HEADERS), "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        for name, value in {**given, **fixed}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the newsroom's terminal is the runs'."""
