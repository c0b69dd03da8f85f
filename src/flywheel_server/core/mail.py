"""Sends the server's few mails in a thread, by the standard library.

A mail may hold a one-time link: nothing of it is logged but that it failed, and it crosses a
network only encrypted to a server whose certificate is checked.
"""

import asyncio
import datetime as dt
import ipaddress
import smtplib
import ssl
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from flywheel_server.core import addresses

_SECONDS = 10.0
_PORTS = {"smtp": 587, "smtps": 465}


class NotSent(Exception):
    """A mail was not taken; the text says why, with no address and no password in it."""


class Mailer:
    """A mail server and the sender's address."""

    def __init__(
        self, url: str, sender: str, *, allow_plain: bool = False, seconds: float = _SECONDS
    ) -> None:
        self._url = urlsplit(url)
        self._name, self._sender = parseaddr(sender)
        self._host = self._url.hostname or ""
        # What does not leave this machine needs no encryption.
        self._plain = allow_plain or _on_this_machine(self._host)
        self._seconds = seconds

    async def send(self, to: str, subject: str, text: str, now: dt.datetime) -> None:
        """Hand a mail over. Raises NotSent when it is not taken."""
        try:
            message = self._message(to, subject, text, now)
        except ValueError as error:
            raise NotSent("the address of the mail is none") from error
        try:
            async with asyncio.timeout(3 * self._seconds):
                await asyncio.to_thread(self._send, message)
        except (OSError, smtplib.SMTPException, UnicodeError, ValueError) as error:
            raise NotSent(_why(error)) from error

    def _message(self, to: str, subject: str, text: str, now: dt.datetime) -> EmailMessage:
        message = EmailMessage()
        sender = _sender(self._sender)
        message["From"] = _address(sender, self._name)
        message["To"] = _address(addresses.deliverable(to))
        message["Subject"] = subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        # Nobody's out-of-office answers a machine.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    def _send(self, message: EmailMessage) -> None:
        secure = self._url.scheme == "smtps"
        port = self._url.port or _PORTS[self._url.scheme]
        context = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(self._host, port, timeout=self._seconds, context=context)
            if secure
            else smtplib.SMTP(self._host, port, timeout=self._seconds)
        ) as server:
            server.ehlo()
            if not secure:
                self._encrypt(server, context)
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(message)

    def _encrypt(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        if server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif not self._plain:
            raise NotSent(
                "the mail server offers no STARTTLS, and nothing is sent in clear: use smtps://, "
                "or start the server with FLYWHEEL_SMTP_ALLOW_PLAIN=true"
            )


def _address(text: str, name: str = "") -> Address:
    local, _, domain = text.rpartition("@")
    return Address(name, local, domain)


def _sender(address: str) -> str:
    """Return the sender in ASCII; a name without a domain of its own stays."""
    try:
        return addresses.deliverable(address)
    except ValueError:
        return address


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _why(error: Exception) -> str:
    """Say what went wrong in words that hold nothing of the mail, its address or the password."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(error)
    return f"the mail could not be written ({type(error).__name__})"


def _recipients(error: Any) -> str:
    codes = sorted({str(code) for code, _ in error.recipients.values()})
    return f"the mail server refused the recipient ({', '.join(codes)})"


# The narrower first.
_WORDS: tuple[tuple[type[Exception], Callable[[Any], str]], ...] = (
    (
        ssl.SSLCertVerificationError,
        lambda error: f"the mail server's certificate does not hold: {error.verify_message}",
    ),
    (ssl.SSLError, lambda error: f"no encrypted connection could be made ({error.reason})"),
    (
        smtplib.SMTPAuthenticationError,
        lambda error: f"the mail server refused the user or the password ({error.smtp_code})",
    ),
    (
        smtplib.SMTPSenderRefused,
        lambda error: f"the mail server refused the sender, FLYWHEEL_MAIL_FROM ({error.smtp_code})",
    ),
    (smtplib.SMTPRecipientsRefused, _recipients),
    (
        smtplib.SMTPNotSupportedError,
        lambda _: "the mail server lacks what is needed: a login, or addresses beyond ASCII",
    ),
    (
        smtplib.SMTPResponseException,
        lambda error: f"the mail server refused the mail ({error.smtp_code})",
    ),
    (
        smtplib.SMTPServerDisconnected,
        lambda error: (
            "the mail server did not answer in time"
            if "timed out" in str(error)
            else "the mail server ended the connection"
        ),
    ),
    (TimeoutError, lambda _: "the mail server did not answer in time"),
    (
        OSError,
        lambda error: (
            f"the mail server cannot be reached ({error.strerror or type(error).__name__})"
        ),
    ),
)
