"""A notification block that sends e-mail over a newsroom's own SMTP server; Prefect's own e-mail block needs a SendGrid account.

Takes a subject and a body, sends one plain message to all recipients. The Prefect server finds the block by the entry point
`prefect.collections`, so it must run where Copydesk is installed.
"""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any, Literal

from prefect.blocks.abstract import NotificationBlock, NotificationError
from pydantic import Field, SecretStr

TIMEOUT_SECONDS = 30


class SmtpEmail(NotificationBlock):
    """Sends notices as e-mail over SMTP."""

    _block_type_name = "SMTP E-mail"
    _block_type_slug = "smtp-email"
    _description = "Sends notices as e-mail over an SMTP server. Comes with Copydesk."

    host: str = Field(description="Name of the SMTP server.")
    port: int = Field(587, ge=1, le=65535, description="Its port: 587 with STARTTLS, 465 with TLS, 25 without.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is encrypted; none is for a server on this machine."
    )
    user: str | None = Field(None, description="Name to log in with; none where the server needs none.")
    password: SecretStr | None = Field(None, description="Password to log in with.")
    sender: str = Field(description="Address that the notices come from.")
    recipients: list[str] = Field(min_length=1, description="Addresses that the notices go to.")

    async def notify(self, body: str, subject: str | None = None) -> None:
        """Send one message to all recipients.

        Raises:
            NotificationError: the server cannot be reached, or refuses.
        """
        await asyncio.to_thread(self._send, body, subject)

    def _send(self, body: str, subject: str | None) -> None:
        message = EmailMessage()
        # A subject with a line break would be two headers; the library refuses it.
        message["Subject"] = " ".join((subject or "Copydesk").split())
        message["From"], message["To"] = self.sender, ", ".join(self.recipients)
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="copydesk.invalid")
        message.set_content(body)
        try:
            with self._connect() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise NotificationError(log=f"{self.host}:{self.port}: {error}") from error

    def _connect(self) -> smtplib.SMTP:
        options: dict[str, Any] = {"host": self.host, "port": self.port, "timeout": TIMEOUT_SECONDS}
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(**options, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(**options)
        if self.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if self.user:
            server.login(self.user, self.password.get_secret_value() if self.password else "")
        return server
