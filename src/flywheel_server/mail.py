"""Sends the server's few mails in a thread, by the standard library.

A mail may hold a one-time link: nothing of it is logged but that it failed.
"""

import asyncio
import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

_SECONDS = 10


class Mailer:
    """A mail server and the sender's address."""

    def __init__(self, url: str, sender: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand a mail over. Raises OSError or smtplib.SMTPException when it is not taken."""
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = subject
        message.set_content(text)
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        secure = self._url.scheme == "smtps"
        kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
        with kind(self._url.hostname or "", self._url.port or 0, timeout=_SECONDS) as server:
            server.ehlo()
            if not secure and server.has_extn("starttls"):
                server.starttls()
                server.ehlo()
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(message)
