"""A sign-in link that is mailed, over a mail server of the test's own."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from flywheel_server.accounts.actions.mailed_links import MailedLinks
from flywheel_server.app import create_app
from flywheel_server.core import clock, db, embedded
from flywheel_server.core.mail import Mailer
from flywheel_server.core.settings import Settings
from tests.cast import Cast

OWNER = "north-owner@partner.example.com"
REACHED_AT = "https://flywheel.example.com"


class Post:
    """Takes mails in."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 post\r\n")
        while line := await reader.readline():
            word = line.strip().upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                mail = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(mail.decode().replace("=3D", "=").replace("=\r\n", ""))
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n")
            if word == b"QUIT":
                break
        writer.close()


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    post = Post()
    server = await asyncio.start_server(post.serve, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    async with server:
        yield post


async def test_a_link_is_mailed_to_whoever_has_an_account_and_signs_in(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, post: Post
) -> None:
    assert cast
    links = _links(database, post.port)
    links.ask(OWNER.upper(), clock.now())
    links.ask("nobody@example.com", clock.now())
    await links.sent()

    (mail,) = post.mails
    assert f"To: {OWNER}" in mail
    found = re.search(rf"{REACHED_AT}/sign-in/link\?token=([\w-]+)", mail)
    assert found
    answer = await client.post("/api/auth/links/redeem", json={"token": found[1]})
    assert answer.json()["email"] == OWNER


async def test_a_mail_server_that_is_away_is_logged_and_hurts_nobody(
    database: db.Database, cast: Cast, post: Post
) -> None:
    assert cast
    links = _links(database, 1)
    links.ask(OWNER, clock.now())
    await links.sent()
    assert post.mails == []


async def test_a_server_with_a_mail_server_mails(
    address: embedded.Address, cast: Cast, post: Post
) -> None:
    assert cast
    settings = Settings(loop=False, smtp_url=f"smtp://127.0.0.1:{post.port}", public_url=REACHED_AT)
    app = create_app(settings, address.app_url)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            answer = await client.post("/api/auth/links", json={"email": OWNER})
        await app.state.runtime.mailed_links.sent()
    assert answer.status_code == 202
    assert len(post.mails) == 1


def _links(database: db.Database, port: int) -> MailedLinks:
    mailer = Mailer(f"smtp://127.0.0.1:{port}", "flywheel@example.com")
    return MailedLinks(database, mailer, REACHED_AT)
