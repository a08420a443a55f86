"""Our e-mail block against a mail server: what arrives, and what is said when nothing can."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from prefect.blocks.abstract import NotificationError

from flows.serve.email import SmtpEmail
from tests.flows.serve.mailbox import mail_server

pytestmark = pytest.mark.slow


def block(port: int, **fields: object) -> SmtpEmail:
    known = {"host": "127.0.0.1", "security": "none", "sender": "desk@news.example"}
    return SmtpEmail.model_validate(
        {**known, "port": port, "recipients": ["night@news.example", "day@news.example"], **fields}
    )


def send(block: SmtpEmail, body: str, subject: str | None) -> None:
    asyncio.run(block.notify(body, subject))


def test_a_letter_arrives_whole() -> None:
    with mail_server() as (port, letters):
        send(block(port), "Zeile eins – café\n.\nlast line", "Run Failed\r\nBcc: all@news.example")
    (letter,) = letters
    assert letter.sender == "desk@news.example"
    assert letter.recipients == ["night@news.example", "day@news.example"]
    assert letter.message["Subject"] == "Run Failed Bcc: all@news.example"
    assert letter.message["Bcc"] is None
    assert letter.message.get_content().splitlines() == ["Zeile eins – café", ".", "last line"]


def test_a_refusal_and_a_silent_server_are_reported() -> None:
    with mail_server(refuses="night@news.example") as (port, letters), pytest.raises(NotificationError) as refused:
        send(block(port, recipients=["night@news.example"]), "body", "subject")
    assert "nobody of that name" in refused.value.log
    assert letters == []
    with pytest.raises(NotificationError) as silent:
        send(block(port), "body", "subject")
    assert f"127.0.0.1:{port}" in silent.value.log


def test_no_letter_goes_out_in_the_open_unless_configured() -> None:
    with mail_server() as (port, letters), pytest.raises(NotificationError):
        send(block(port, security="starttls"), "body", "subject")
    assert letters == []


def test_every_field_of_its_form_is_described() -> None:
    schema = SmtpEmail.model_json_schema()
    assert all(field["description"] for field in schema["properties"].values())
    assert schema["secret_fields"] == ["password"]


def test_the_prefect_server_finds_it() -> None:
    script = "import prefect.plugins, sys; prefect.plugins.load_prefect_collections(); print('flows.serve.email' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True", done.stderr
