"""No page of another web site drives the server: `serve` without a password on the loopback, addressed by programs, by strange
names, and by a hostile page in a real browser; its UI and its reports in the same browser.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bench.pictures.browser import Browser, find_chromium, open_browser
from cleaners.document import make_id
from flows.report.page import write_report
from flows.serve.prefect_home import list_database_files, make_private, prepare_home
from tests.conftest import SEEDS
from tests.flows.serve.newsroom import COPYDESK, free_port, wait_for
from tests.flows.snapshots import RUN_ID, article, flag, write_snapshot

pytestmark = pytest.mark.slow

SECRET = "https://hooks.example/s3cr3t"
FLAGGED = article("a", "Mr. Philip Cardwell met the council on Monday.")
# A name that leads to this machine in the browser alone: what a page does that renames its own host.
REBOUND = "evil.example"
JSON = {"Content-Type": "application/json"}

# Everything a page can try; each attempt says what it read, or why it could not.
ATTACK = """<!doctype html><meta charset="utf-8"><title>attack</title>
<iframe name="hidden"></iframe>
<form id="form" method="post" target="hidden" enctype="text/plain" action="{api}/deployments/{deployment}/create_flow_run">
<input name='{{"parameters":{{}},"tags":["form' value='"]}}'></form>
<iframe id="framed" src="{report}"></iframe><embed src="{report}">
<form id="decide" method="post" target="hidden" action="{desk}/decide"><input name="flags" value="{flag}"><input name="decision" value="accept"></form>
<script>
const run = "{api}/deployments/{deployment}/create_flow_run", blocks = "{api}/block_documents/filter";
const pass = (promise) => promise.then((read) => `read: ${{read}}`, (error) => `failed: ${{error}}`);
const text = (url, options) => pass(fetch(url, options).then(async (answer) => `${{answer.type}} ${{answer.status}} ${{await answer.text()}}`));
const embedded = (name, url) => pass(new Promise((done, fail) => {{
  const node = document.createElement(name); node.onload = done; node.onerror = fail; node.src = url; document.body.append(node);
}}));
const socket = (url, protocols) => pass(new Promise((done, fail) => {{
  const socket = new WebSocket(url, protocols); socket.onopen = () => done("open"); socket.onerror = fail;
}}));
const body = (tag) => `{{"tags":["${{tag}}"]}}`;
window.attack = async () => {{
  const seen = {{}};
  seen.simple = await text(run, {{ method: "POST", body: body("simple") }});
  seen.blob = await text(run, {{ method: "POST", body: new Blob([body("blob")]), mode: "no-cors" }});
  seen.json = await text(run, {{ method: "POST", body: body("json"), headers: {{ "Content-Type": "application/json" }} }});
  seen.opaque = await text(run, {{ method: "POST", body: body("opaque"), mode: "no-cors", credentials: "include", referrerPolicy: "no-referrer" }});
  seen.patch = await text("{api}/deployments/{deployment}", {{ method: "PATCH", body: '{{"paused":true}}', headers: {{ "Content-Type": "application/json" }} }});
  seen.remove = await text("{api}/deployments/{deployment}", {{ method: "DELETE" }});
  seen.secrets = await text(blocks, {{ method: "POST", body: new Blob(['{{"include_secrets":true}}']) }});
  seen.read = await text("{api}/block_types/slug/secret");
  seen.settings = await text("{api}/admin/settings", {{ mode: "no-cors" }});
  seen.report = await text("{report}");
  seen.desk = await text("{desk}/");
  for (const path of ["decide", "label", "editor"]) {{
    const fields = new URLSearchParams({{ flags: "{flag}", decision: "accept", label: "junk", editor: "evil" }});
    seen[path] = await text(`{desk}/${{path}}`, {{ method: "POST", body: fields }});
    seen[`${{path}}, silent`] = await text(`{desk}/${{path}}`, {{ method: "POST", body: fields, mode: "no-cors", credentials: "include" }});
  }}
  seen.silent = await text("{report}", {{ mode: "no-cors" }});
  seen.script = await embedded("script", "{api}/admin/version");
  seen.image = await embedded("img", "{report}");
  seen.events = await socket("{socket}/events/out", ["prefect"]);
  seen.fed = await socket("{socket}/events/in", []);
  seen.logs = await socket("{socket}/logs/out", ["prefect"]);
  seen.beacon = String(navigator.sendBeacon(run, new Blob([body("beacon")])));
  document.getElementById("form").submit();
  document.getElementById("decide").submit();
  const sandbox = document.createElement("iframe");
  sandbox.sandbox = "allow-scripts allow-forms";
  sandbox.srcdoc = `<script>fetch("${{run}}", {{ method: "POST", mode: "no-cors", body: new Blob(['${{body("null")}}']) }})<` + `/script>`;
  document.body.append(sandbox);
  await new Promise((done) => setTimeout(done, 3000));
  return seen;
}};
</script>"""


class Pages(SimpleHTTPRequestHandler):
    """The files of a folder, served in silence."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Desk(NamedTuple):
    """A served newsroom: its command, its ports, its folder, its deployment's id."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    deployment: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def report(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}/runs/{RUN_ID}/report.html"

    @property
    def pages(self) -> str:
        """The address of the editors' desk."""
        return f"http://127.0.0.1:{self.port + 1}"

    def send(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
        """Send a request as a program does, and return status and text."""
        for _ in range(20):
            status, text = send_request(self.port, method, path, body, **headers)
            if status != 503:  # the server's database is locked for a moment
                break
            time.sleep(0.25)
        return status, text

    def seen(self) -> tuple[Any, Any]:
        """Return what a page could have changed: the deployment, and the tags of the runs."""
        deployment = json.loads(self.send("GET", f"/api/deployments/{self.deployment}")[1])
        runs = json.loads(self.send("POST", "/api/flow_runs/filter", {})[1])
        return {name: deployment[name] for name in ("paused", "parameters", "schedules", "tags")}, [
            run["tags"] for run in runs if not run["auto_scheduled"]
        ]


def send_request(port: int, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    sent = None if body is None else json.dumps(body)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, sent, {**(JSON if sent else {}), **given})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def environment_of(folder: Path) -> dict[str, str]:
    environment = {**os.environ, "PREFECT_HOME": str(folder / "prefect"), "NO_COLOR": "1"}
    for name in ("PREFECT_API_URL", "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_PROFILE"):
        environment.pop(name, None)
    return environment


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder, port = tmp_path_factory.mktemp("desk"), free_port()
    snapshot = write_snapshot(
        folder / "out" / "runs" / RUN_ID,
        articles=[FLAGGED],
        name_flags=[flag(FLAGGED, "Philip Cardwell", "Martin Cardwell", is_error=True)],
    )
    write_report(snapshot, RUN_ID)
    (folder / "out" / "latest").symlink_to(Path("runs") / RUN_ID)
    # An older home, open to everyone, with what earlier versions left there.
    home = folder / "prefect"
    home.mkdir(mode=0o755)
    for name in ("prefect.db", "copydesk-server.log"):
        (home / name).touch(0o644)
        (home / name).chmod(0o644)
    command = [str(COPYDESK), "serve", str(SEEDS), "-o", "out", "--cron", "0 0 1 1 *", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment_of(folder), stdout=log, stderr=log)

    def deployment() -> str:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            found = json.loads(send_request(port, "GET", "/api/deployments/name/clean-news/newsroom")[1])
        except OSError:
            return ""
        return str(found["id"]) if found.get("status") == "READY" else ""

    try:
        wait_for(deployment, 180)
        yield Desk(process, port, folder, deployment())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture(scope="module")
def chromium() -> None:
    if find_chromium():
        return
    message = "Chromium is not installed (apt-get install chromium), so no page attacked the server."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:{port}"},
        {"Host": "evil.example:{port}", "X_Forwarded_Host": "127.0.0.1:{port}"},
        {"Host": "192.168.1.5:{port}"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},
        {"Origin": "null"},
        {"Origin": "http://evil.example:{port}", "Host": "evil.example:{port}"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
    ],
    ids=str,
)
def test_requests_of_pages_and_of_other_names_are_refused(desk: Desk, headers: dict[str, str]) -> None:
    given = {name: value.format(port=desk.port) for name, value in headers.items()}
    before = desk.seen()
    run = f"/api/deployments/{desk.deployment}/create_flow_run"
    for method, path, body in (
        ("POST", run, {"tags": ["mine"]}),
        ("POST", "/api/block_documents/filter", {"include_secrets": True}),
        ("DELETE", f"/api/deployments/{desk.deployment}", None),
        ("OPTIONS", run, None),
        ("GET", "/api/health", None),
        ("GET", "/ui-settings", None),
        ("GET", "/runs", None),
    ):
        status, text = desk.send(method, path, body, **given)
        assert (status, text.startswith("Refused: ")) == (403, True), (method, path)
    report = {name: value.replace(str(desk.port), str(desk.port + 1)) for name, value in given.items()}
    assert send_request(desk.port + 1, "GET", f"/runs/{RUN_ID}/report.html", **report)[0] == 403
    assert desk.seen() == before


def test_sockets_of_pages_and_of_other_names_are_refused(desk: Desk) -> None:
    for path in ("events/out", "events/in", "logs/out"):
        address = f"ws://127.0.0.1:{desk.port}/api/{path}"
        for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
            with pytest.raises(InvalidStatus, match="403"), connect(address, origin=origin, proxy=None):  # type: ignore[arg-type]
                pass
        strange = socket.create_connection(("127.0.0.1", desk.port))
        with (
            pytest.raises(InvalidStatus, match="403"),
            connect(f"ws://evil.example:{desk.port}/api/{path}", sock=strange, proxy=None),
        ):
            pass
        for origin in (None, desk.url):
            with connect(address, origin=origin, proxy=None, subprotocols=["prefect"]) as opened:  # type: ignore[arg-type, list-item]
                opened.send(json.dumps({"type": "auth", "token": None}))
                assert json.loads(opened.recv(timeout=30))["type"] == "auth_success"


def test_programs_and_tunnels_are_let_in(desk: Desk) -> None:
    for host in (f"127.0.0.1:{desk.port}", f"localhost:{desk.port}", "localhost:9999", f"[::1]:{desk.port}"):
        assert desk.send("GET", "/api/health", Host=host) == (200, "true")
        body = desk.send("POST", "/api/flows/filter", {}, Host=host, Origin=f"http://{host}")
        assert (body[0], json.loads(body[1])[0]["name"]) == (200, "clean-news")


def test_what_the_server_keeps_is_its_owners_alone(desk: Desk) -> None:
    home = desk.folder / "prefect"
    files = [*list_database_files(home / "prefect.db"), home / "copydesk-server.log"]
    assert {path.name: oct(mode(path)) for path in files if path.exists() and mode(path) & 0o077} == {}
    assert (home / "prefect.db").stat().st_size
    assert (home / "prefect.db-wal").exists()


def test_a_hostile_page_changes_and_reads_nothing(desk: Desk, chromium: None, tmp_path: Path) -> None:
    status, kind = desk.send("GET", "/api/block_types/slug/secret")
    assert status == 200
    block_type = json.loads(kind)["id"]
    schema = json.loads(
        desk.send("POST", "/api/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [block_type]}}})[1]
    )[0]["id"]
    made = {"name": "hook", "data": {"value": SECRET}, "block_type_id": block_type, "block_schema_id": schema}
    assert desk.send("POST", "/api/block_documents/", made)[0] == 201
    assert SECRET in desk.send("POST", "/api/block_documents/filter", {"include_secrets": True})[1]
    before = desk.seen()
    page = ATTACK.format(
        api=f"{desk.url}/api",
        socket=f"ws://127.0.0.1:{desk.port}/api",
        deployment=desk.deployment,
        report=desk.report,
        desk=desk.pages,
        flag=make_id(FLAGGED["article_id"], "4"),
    )
    (tmp_path / "attack.html").write_text(page, encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        # Frames of other sites in the page's own process, so that its tree of frames shows them.
        flags = [
            f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
            "--disable-features=IsolateOrigins,site-per-process",
        ]
        with open_browser(*flags, "--disable-site-isolation-trials") as browser:
            for host in ("127.0.0.1", "localhost", REBOUND):
                browser.open(f"http://{host}:{server.server_port}/attack.html")
                seen = browser.evaluate("attack()")
                assert not [answer for answer in seen.items() if answer[1].startswith("read: ")]
                frames = browser.call("Page.getFrameTree")["frameTree"]["childFrames"]
                urls = [frame["frame"]["url"] for frame in frames]
                assert not [url for url in urls if url.startswith((desk.url, desk.report))], urls
        # A page that made its own name lead to the server calls it as its own origin.
        with open_browser(f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1") as browser:
            for port in (desk.port, desk.port + 1):
                browser.open(f"http://{REBOUND}:{port}/")
                assert browser.evaluate("document.body.innerText").startswith("Refused: ")
            browser.open(f"http://{REBOUND}:{desk.port}/api/health")
            fetching = (
                f"fetch('/api/deployments/{desk.deployment}', {{method: 'DELETE'}}).then((answer) => answer.status)"
            )
            assert browser.evaluate(fetching) == 403
    finally:
        server.shutdown()
        server.server_close()
    assert desk.seen() == before
    assert {path.name for path in (desk.folder / "out").iterdir()} <= {"runs", "latest", ".lock", "_staging"}


def test_the_desk_lies_beside_the_ui_and_its_own_page_decides(desk: Desk, chromium: None) -> None:
    with open_browser() as browser:
        browser.open(desk.pages, "document.querySelector('.card h2').innerText.startsWith('Philip Cardwell')")
        browser.evaluate("document.querySelector('button[value=reject]').click()")
        browser.wait("document.querySelector('[data-done]')", 20)
        assert browser.console == []
    assert "reject" in (desk.folder / "out" / "decisions.csv").read_text()


def test_the_ui_works_without_a_password_and_its_links_open_reports(desk: Desk, chromium: None, tmp_path: Path) -> None:
    settings = desk.seen()[0]["parameters"]["settings"]
    run = {"parameters": {"settings": {**settings, "output": str(tmp_path / "out")}}, "tags": ["seen-in-the-ui"]}
    assert desk.send("POST", f"/api/deployments/{desk.deployment}/create_flow_run", run)[0] == 201
    with open_browser() as browser:
        for host in ("127.0.0.1", "localhost"):
            browser.open(f"http://{host}:{desk.port}/runs", "document.body.innerText.includes('seen-in-the-ui')")
            browser.open(f"http://{host}:{desk.port}/deployments", "document.body.innerText.includes('newsroom')")
        follow(browser, desk.report)
        # Its script ran: it is what shows the filters.
        browser.wait(
            f"location.href == {json.dumps(desk.report)} && document.querySelector('.filters').checkVisibility()"
        )
        # A link from anywhere opens the UI in a tab of its own, and no more.
        browser.open("data:text/html,<title>mail</title>")
        follow(browser, f"{desk.url}/deployments")
        browser.wait("document.body.innerText.includes('newsroom')")
        browser.open("data:text/html,<title>mail</title>")
        follow(browser, f"{desk.url}/api/admin/version")
        browser.wait("document.body.innerText.startsWith('Refused: ')")


def follow(browser: Browser, address: str) -> None:
    """Click a link of the page that is shown."""
    browser.evaluate(
        f"""(() => {{ const link = document.createElement("a"); link.href = {json.dumps(address)}; link.textContent = "open";
        document.body.append(link); link.click(); }})()"""
    )


def test_an_answer_cannot_be_framed_or_embedded(desk: Desk) -> None:
    for address in (f"{desk.url}/", f"{desk.url}/api/health", desk.report):
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_server_that_answers_any_page_is_not_used(tmp_path: Path, make_home: Callable[[Path], Path]) -> None:
    port, environment = free_port(), environment_of(tmp_path)
    make_home(tmp_path / "prefect")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        plain = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: is_up(port), 180)
        served = subprocess.run(
            [str(COPYDESK), "serve", str(SEEDS), "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=tmp_path,
            timeout=120,
        )
        assert (served.returncode, "answers the pages of any web site" in served.stderr) == (1, True), served.stderr
        shown = subprocess.run(
            [str(COPYDESK), "ui", "--port", str(port)], capture_output=True, text=True, check=False, env=environment
        )
        assert (shown.returncode, "Another program listens" in shown.stderr) == (1, True), shown.stderr
    finally:
        os.killpg(plain.pid, signal.SIGKILL)
        plain.wait()


def is_up(port: int) -> bool:
    try:
        return send_request(port, "GET", "/api/health") == (200, "true")
    except OSError:
        return False


def test_the_ui_by_itself_is_guarded_and_knows_its_proxy(tmp_path: Path, make_home: Callable[[Path], Path]) -> None:
    port = free_port()
    make_home(tmp_path / "prefect")
    command = [str(COPYDESK), "ui", "--port", str(port), "--origin", "https://desk.example/prefect"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment_of(tmp_path), stdout=log, stderr=log)
    try:
        wait_for(lambda: is_up(port), 180)
        assert send_request(port, "GET", "/api/health", Host="evil.example")[0] == 403
        assert send_request(port, "POST", "/api/flows/filter", {}, Origin="http://evil.example")[0] == 403
        for host in ("desk.example", f"127.0.0.1:{port}"):
            assert send_request(port, "POST", "/api/flows/filter", {}, Host=host, Origin="https://desk.example") == (
                200,
                "[]",
            )
        assert json.loads(send_request(port, "GET", "/ui-settings")[1])["api_url"] == "/api"
        assert mode(tmp_path / "prefect" / "prefect.db") == 0o600
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_the_server_of_a_single_run_is_guarded_and_ends_with_it(
    tmp_path: Path, make_home: Callable[[Path], Path]
) -> None:
    make_home(tmp_path / "prefect")
    command = [str(COPYDESK), "run", str(SEEDS), "-o", str(tmp_path / "out"), "--workers", "1"]
    with subprocess.Popen(
        command, env=environment_of(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            wait_for(lambda: servers_of(run.pid), 120)
            ((pid, port),) = servers_of(run.pid)
            wait_for(lambda: is_up(port), 120)
            assert send_request(port, "POST", "/api/flow_runs/filter", {}, Host="evil.example")[0] == 403
            assert send_request(port, "POST", "/api/flow_runs/filter", {}, Origin="http://127.0.0.1:1")[0] == 403
            assert send_request(port, "POST", "/api/flow_runs/filter", {})[0] == 200
            assert mode(tmp_path / "prefect" / "prefect.db") == 0o600
        finally:
            run.kill()
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), 30)


def servers_of(pid: int) -> list[tuple[int, int]]:
    """The processes below another that serve Prefect's API, with their ports."""
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    found = []
    for child in children.stdout.split():
        try:
            words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
        except OSError:
            continue
        if "--port" in words:
            found.append((int(child), int(words[words.index("--port") + 1])))
    return found


def test_a_home_that_is_made_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "new" / "home"))
    assert mode(prepare_home()) == 0o700
    wide = tmp_path / "prefect.db"
    wide.touch()
    wide.chmod(0o664)
    make_private(list_database_files(wide))
    assert mode(wide) == 0o600


def test_a_wrong_origin_says_so(tmp_path: Path) -> None:
    for command in (["serve", str(SEEDS)], ["ui"]):
        done = subprocess.run(
            [str(COPYDESK), *command, "--port", str(free_port()), "--origin", "desk.example"],
            capture_output=True,
            text=True,
            check=False,
            env=environment_of(tmp_path),
            cwd=tmp_path,
        )
        assert (done.returncode, "no address of a web site" in done.stderr) == (2, True), done.stderr
