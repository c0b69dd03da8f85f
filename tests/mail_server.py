"""A mail server for tests: with any certificate, without STARTTLS, refusing, silent."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import trustme


@dataclass(slots=True)
class Post:
    """Takes mails in, and behaves as told."""

    port: int = 0
    starttls: ssl.SSLContext | None = None
    # Words of the answer to EHLO, beside STARTTLS.
    offers: Sequence[str] = ("AUTH PLAIN LOGIN", "8BITMIME")
    # What it answers to a command in place of 250, such as {"RCPT": "550 no"}.
    refuses: dict[str, str] = field(default_factory=dict)
    # Says nothing at all.
    silent: bool = False
    # Each command as it came, with whether the connection was encrypted.
    heard: list[tuple[str, bool]] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)

    def said(self, word: str) -> list[tuple[str, bool]]:
        """Return what was heard of one command."""
        return [each for each in self.heard if each[0].upper().startswith(word)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.silent:
            await reader.read()
            writer.close()
            return
        writer.write(b"220 post\r\n")
        while line := await reader.readline():
            text = line.decode("utf-8").strip()
            encrypted = writer.get_extra_info("ssl_object") is not None
            self.heard.append((text, encrypted))
            word = text.partition(" ")[0].upper()
            writer.write(self._answer(word, encrypted).encode() + b"\r\n")
            await writer.drain()
            if word == "STARTTLS" and self.starttls is not None and word not in self.refuses:
                await writer.start_tls(self.starttls)
            if word == "DATA" and word not in self.refuses:
                raw = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(message_from_bytes(raw[:-5], policy=policy.default))
                writer.write(b"250 taken\r\n")
            if word == "QUIT":
                break
        writer.close()

    def _answer(self, word: str, encrypted: bool) -> str:
        if word in self.refuses:
            return self.refuses[word]
        if word == "EHLO":
            more = ["STARTTLS"] if self.starttls is not None and not encrypted else []
            words = ["post", *self.offers, *more]
            return "\r\n".join([*(f"250-{each}" for each in words[:-1]), f"250 {words[-1]}"])
        return {
            "DATA": "354 go on",
            "AUTH": "235 yes",
            "QUIT": "221 bye",
            "STARTTLS": "220 go",
        }.get(word, "250 yes")


def context_of(authority: trustme.CA, name: str, **more: Any) -> ssl.SSLContext:
    """Return what a server presents: a certificate for this name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name, **more).configure_cert(context)
    return context


@contextlib.asynccontextmanager
async def running(post: Post, tls: ssl.SSLContext | None = None) -> AsyncIterator[Post]:
    """Serve on 127.0.0.1; with ``tls`` encrypted from the first byte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            await post.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    post.port = server.sockets[0].getsockname()[1]
    async with server:
        yield post
