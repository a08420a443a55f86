"""A mail server of a few lines, for tests: it keeps every message that is sent to it."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Thread
from typing import NamedTuple


class Letter(NamedTuple):
    """A message as it came over the wire: its envelope and itself."""

    sender: str
    recipients: list[str]
    message: EmailMessage


@contextmanager
def mail_server(*, refuses: str | None = None) -> Iterator[tuple[int, list[Letter]]]:
    """A server at 127.0.0.1; `refuses` is a recipient that it does not take.

    Yields:
        Its port, and the letters it got so far.
    """
    letters: list[Letter] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            sender, recipients = "", []
            self.say("220 mail.example ready")
            while line := self.rfile.readline().decode().strip():
                word = line.upper()
                if word.startswith("MAIL FROM:"):
                    sender, recipients = line[10:].split()[0].strip("<>"), []
                elif word.startswith("RCPT TO:"):
                    address = line[8:].strip().strip("<>")
                    if address == refuses:
                        self.say("550 nobody of that name")
                        continue
                    recipients.append(address)
                elif word == "DATA":
                    self.say("354 go on")
                    body = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        body += part.removeprefix(b".")
                    letters.append(Letter(sender, recipients, message_from_bytes(body, policy=policy.default)))
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                self.say("250 OK")

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], letters
    finally:
        server.shutdown()
        server.server_close()
