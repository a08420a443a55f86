"""Who may use the desk: the password, and the token of a page that changes something.

Behind `flows.serve.origins.SameOriginOnly`, which keeps the pages of other web sites away.
"""

import hmac
import secrets
from base64 import b64encode

from flows.query.review import name_user
from flows.serve.origins import Application, Receive, Scope, Send

MAX_FORM_BYTES = 200_000  # the ids of some thousand flags
_CHALLENGE = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"www-authenticate", b'Basic realm="Copydesk", charset="UTF-8"'),
]


class PasswordOnly:
    """An ASGI application that answers those who give a password.

    Args:
        app: the application behind it.
        password: `user:password` as browsers send it; None where everyone may look.
    """

    def __init__(self, app: Application, password: str | None) -> None:
        self._app = app
        self._expected = None if password is None else b64encode(password.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or say that a password is needed."""
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if self._expected is None or hmac.compare_digest(bytes(given).removeprefix(b"Basic "), self._expected):
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 401, "headers": _CHALLENGE})
        await send({"type": "http.response.body", "body": b"A password is needed."})


class Token:
    """A secret that our own pages carry, made when the desk starts: a page that cannot read ours cannot know it."""

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(32)

    def is_known(self, given: str) -> bool:
        """Tell whether a form carries it."""
        return hmac.compare_digest(given.encode(), self.value.encode())


def name_editor(password: str | None) -> str:
    """The name under which decisions are kept until the editor gives another: the user of the password, or of this machine."""
    return password.partition(":")[0] if password else name_user()
