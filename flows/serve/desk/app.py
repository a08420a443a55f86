"""The pages of the desk, and what its buttons send.

Takes what lies on the desk and a password, gives an ASGI application. A page changes something only by a form with the token
of this desk; whoever sends one without a script gets the whole page again, a script gets the card alone.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool

from cleaners.codes import JUNK_CATEGORIES, NAME_FLAG_KINDS
from cleaners.errors import ConfigError, CopydeskError
from cleaners.names import DECISIONS
from flows.query.suspected import LABELS
from flows.report.passages import confidence_mark, visible
from flows.serve.desk.article import view_article
from flows.serve.desk.board import Board
from flows.serve.desk.guard import MAX_FORM_BYTES, PasswordOnly, Token, name_editor
from flows.serve.desk.lists import Filters
from flows.serve.origins import Application
from flows.store.files import read_bytes

_NAME = r"[\w-][\w.-]*"
_REPORTS = re.compile(
    rf"(?a:latest/report\.html|runs/{_NAME}/report\.html|dry-run-{_NAME}\.html|_staging/{_NAME}/snapshot/report\.html)"
)
NO_REPORT = "There is no such report; old ones go with their snapshots."
STALE = "Refused: the form is not of this desk, or of one that was started before. Load the page again."
EDITOR_COOKIE, EDITOR_SECONDS, MAX_NAME = "copydesk_editor", 365 * 24 * 3600, 80
MAX_NOTE = 500
# Of the desk's own pages: nothing from elsewhere, no script or style but its files. Reports bring a policy of their own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Links lead to articles, whose sites need not learn where from; `no-referrer` would hide the origin of our own forms too.
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
_FILES = {"desk.css": "text/css", "desk.js": "text/javascript"}
PAGES = {"": "names", "passages": "passages", "decided": "decided"}


class Form(NamedTuple):
    """What a button sent, and who pressed it."""

    fields: Mapping[str, str]
    editor: str
    is_script: bool

    def field(self, name: str, limit: int = 10_000) -> str:
        """One field on one line."""
        return " ".join(self.fields.get(name, "").split())[:limit]


def make_app(board: Board, password: str | None) -> Application:
    """The desk of an output as an ASGI application, to be put behind `SameOriginOnly`.

    Args:
        board: what lies on the desk.
        password: `user:password` that browsers must give, None where everyone may look.
    """
    token, usual = Token(), name_editor(password)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    def render(template: str, request: Request, status: int = 200, **values: object) -> HTMLResponse:
        counts = board.count()
        page = (
            _templates()
            .get_template(template)
            .render(token=token.value, editor=_editor(request, usual), counts=counts, **values)
        )
        return HTMLResponse(
            page, status, {**_HEADERS, "Content-Security-Policy": _POLICY, "X-Desk-Counts": " ".join(map(str, counts))}
        )

    def show(request: Request) -> Response:
        name = PAGES[request.url.path.strip("/")]
        given = {field: request.query_params.get(field, "")[:500] for field in Filters._fields}
        page = request.query_params.get("page", "1")
        listing = getattr(board, f"list_{'errors' if name == 'names' else name}")(
            Filters(**given), int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1
        )
        chosen = {field: value for field, value in given.items() if value}
        link = f"{request.url.path}?{urlencode(chosen)}{'&' if chosen else ''}page="
        return render(f"{name}.html.j2", request, here=name, listing=listing, filters=given, link=link, run=_run(board))

    def decide(request: Request, form: Form) -> Response:
        ids, decision = form.field("flags", MAX_FORM_BYTES).split(","), form.field("decision")
        if decision not in DECISIONS:
            raise ConfigError(f"There is no decision `{decision}`.")
        n_decided = board.decide(ids, decision, form.editor, form.field("canonical", 200), form.field("note", MAX_NOTE))
        if not form.is_script:
            return _back(form, "/")
        error = board.find_error(ids)
        if error is None:
            return render("gone.html.j2", request, 410, what="flag")
        return render("answer.html.j2", request, error=error, n_gone=len(ids) - n_decided)

    def label(request: Request, form: Form) -> Response:
        word = form.field("label")
        if word not in LABELS:
            raise ConfigError(f"There is no label `{word}`.")
        passage_id = form.field("passage")
        is_there = board.label(passage_id, word, form.editor)
        if not form.is_script:
            return _back(form, "/passages")
        if not is_there:
            return render("gone.html.j2", request, 410, what="passage")
        return render("answer.html.j2", request, passage=board.find_passage(passage_id))

    def rename(request: Request, form: Form) -> Response:
        answer = _back(form, "/")
        answer.set_cookie(
            EDITOR_COOKIE,
            quote(form.field("editor", MAX_NAME)),
            max_age=EDITOR_SECONDS,
            httponly=True,
            samesite="strict",
        )
        return answer

    def post(path: str, act: Callable[[Request, Form], Response]) -> None:
        async def taken(request: Request) -> Response:
            fields = await _read_form(request)
            if fields is None or not token.is_known(fields.get("token", "")):
                return PlainTextResponse(STALE, 403, _HEADERS)
            is_script = request.headers.get("x-desk") == "script"
            return await run_in_threadpool(act, request, Form(fields, _editor(request, usual), is_script))

        app.add_api_route(path, taken, methods=["POST"], response_class=Response)

    for path in PAGES:
        app.add_api_route(f"/{path}", show, methods=["GET"], response_class=HTMLResponse)
    for path, act in (("/decide", decide), ("/label", label), ("/editor", rename)):
        post(path, act)

    @app.get("/article/{article_id}")
    def article(request: Request, article_id: str, view: str = "after", start: int = 0, end: int = 0) -> Response:
        found = view_article(board.snapshot, article_id, view, start, end)
        if found is None:
            return render("missing.html.j2", request, 404, here="article")
        return render("article.html.j2", request, here="article", article=found)

    @app.get("/{path:path}")
    def file(path: str) -> Response:
        if path in _FILES:
            return Response(_static(path), 200, _HEADERS, f"{_FILES[path]}; charset=utf-8")
        try:
            page = read_bytes(board.settings.folder / path) if _REPORTS.fullmatch(path) else None
        except OSError:
            page = None
        return PlainTextResponse(NO_REPORT, 404, _HEADERS) if page is None else HTMLResponse(page, 200, _HEADERS)

    @app.exception_handler(CopydeskError)
    def fail(_: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), 422 if isinstance(error, ConfigError) else 503, _HEADERS)

    return PasswordOnly(app, password)


async def _read_form(request: Request) -> dict[str, str] | None:
    """The fields of a form; None where it is none, or too long."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return None
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _editor(request: Request, usual: str) -> str:
    return " ".join(unquote(request.cookies.get(EDITOR_COOKIE, "")).split())[:MAX_NAME] or usual


def _back(form: Form, page: str) -> RedirectResponse:
    """Lead a browser without scripts to the page it came from, one of ours."""
    back = form.field("back", 2_000)
    is_ours = back.startswith("/") and not back.startswith(("//", "/\\"))
    return RedirectResponse(back if is_ours else page, 303, _HEADERS)


def _run(board: Board) -> str:
    return board.snapshot.run_id if board.snapshot else ""


@cache
def _static(name: str) -> bytes:
    return files("flows.serve.desk").joinpath("templates", name).read_bytes()


@cache
def _templates() -> Environment:
    def say(value: Any) -> Any:  # noqa: ANN401
        """Show what a text hides; markup and what is escaped already is let through."""
        return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value

    made = Environment(
        loader=PackageLoader("flows.serve.desk"), autoescape=True, undefined=StrictUndefined, finalize=say, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"confidence": confidence_mark, "words": lambda text: text.replace("_", " "), "moment": _moment}
    made.globals |= {"kinds": NAME_FLAG_KINDS, "categories": JUNK_CATEGORIES, "max_places": 3}
    return made


def _moment(value: str | datetime | None) -> str:
    """A time to the minute, in UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return str(value)
    return f"{value:%Y-%m-%d %H:%M}" if value else ""
