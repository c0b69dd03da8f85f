"""Mail by servers as they are: certificates hold or nothing is sent, and a lost mail is an alarm.

Broken on purpose: with ``starttls()`` without a context a wrong certificate passes, and without the
headers the first test fails.
"""

import asyncio
import datetime as dt
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from flywheel_server.accounts.actions.mailed_links import MailedLinks
from flywheel_server.commands import operators as operators_cli
from flywheel_server.core import addresses, clock, db, embedded, errors, service_failures
from flywheel_server.core.mail import Mailer, NotSent
from tests import mail_server
from tests.cast import STAGE, Cast
from tests.mail_server import Post

NOW = dt.datetime(2026, 2, 24, 10, tzinfo=dt.UTC)
SENDER = "Flywheel <flywheel@flywheel.example.com>"
LOGIN = "user:pass%40word@"
HOST = "mail.example.com"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def trusting(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the tests' authority as an administrator has one of their own trusted."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    known = socket.getaddrinfo

    def found(host: Any, *more: Any, **named: Any) -> Any:
        # A name that is not this machine's, as far as the mailer can tell.
        return known("127.0.0.1" if host == HOST else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with mail_server.running(Post()) as opened:
        yield opened


async def _send(url: str, to: str = "person@example.com", **how: Any) -> None:
    await Mailer(url, SENDER, seconds=2, **how).send(to, "Sign in", "A link.", NOW)


async def test_a_mail_has_the_headers_that_keep_it_out_of_junk_and_robots_quiet(post: Post) -> None:
    await _send(f"smtp://127.0.0.1:{post.port}")
    await _send(f"smtp://127.0.0.1:{post.port}")
    first, second = post.mails
    assert first["Date"] == "Tue, 24 Feb 2026 10:00:00 +0000"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Message-ID"].endswith("@flywheel.example.com>")
    assert first["Message-ID"] != second["Message-ID"]
    assert first["From"] == SENDER
    assert post.said("MAIL")[0][0].startswith("mail FROM:<flywheel@flywheel.example.com>")


# ---- encrypted, or not at all


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_that_holds_lets_mail_and_password_through_encrypted(
    authority: trustme.CA, scheme: str
) -> None:
    context = mail_server.context_of(authority, HOST)
    implicit = context if scheme == "smtps" else None
    async with mail_server.running(Post(starttls=None if implicit else context), implicit) as post:
        await _send(f"{scheme}://{LOGIN}{HOST}:{post.port}")
    assert len(post.mails) == 1
    assert [encrypted for _, encrypted in post.said("AUTH") + post.said("MAIL")] == [True, True]


def _of_another(_authority: trustme.CA) -> Any:
    return mail_server.context_of(trustme.CA(), HOST)


def _of_another_name(authority: trustme.CA) -> Any:
    return mail_server.context_of(authority, "other.example.com")


def _expired(authority: trustme.CA) -> Any:
    before = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    ended = before + dt.timedelta(days=1)
    return mail_server.context_of(authority, HOST, not_before=before, not_after=ended)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("wrong", [_of_another, _of_another_name, _expired])
@pytest.mark.parametrize("plain", [False, True])
async def test_a_wrong_certificate_gets_neither_password_nor_mail(
    authority: trustme.CA, scheme: str, wrong: Callable[[trustme.CA], Any], plain: bool
) -> None:
    context = wrong(authority)
    implicit = context if scheme == "smtps" else None
    async with mail_server.running(Post(starttls=None if implicit else context), implicit) as post:
        with pytest.raises(NotSent, match="certificate does not hold"):
            await _send(f"{scheme}://{LOGIN}{HOST}:{post.port}", allow_plain=plain)
    assert post.said("AUTH") + post.said("MAIL") == []


async def test_without_starttls_nothing_leaves_this_machine_in_clear(post: Post) -> None:
    with pytest.raises(NotSent, match="FLYWHEEL_SMTP_ALLOW_PLAIN=true"):
        await _send(f"smtp://{LOGIN}{HOST}:{post.port}")
    assert post.said("AUTH") + post.said("MAIL") == []


@pytest.mark.parametrize(
    ("host", "plain"), [("127.0.0.1", False), ("localhost", False), (HOST, True)]
)
async def test_to_this_machine_or_by_the_setting_it_may(post: Post, host: str, plain: bool) -> None:
    await _send(f"smtp://{LOGIN}{host}:{post.port}", allow_plain=plain)
    assert [encrypted for _, encrypted in post.said("AUTH")] == [False]
    assert len(post.mails) == 1


async def test_a_refused_starttls_is_no_reason_to_go_on_in_clear(authority: trustme.CA) -> None:
    refusing = Post(
        starttls=mail_server.context_of(authority, HOST), refuses={"STARTTLS": "454 not now"}
    )
    async with mail_server.running(refusing) as post:
        with pytest.raises(NotSent, match="454"):
            await _send(f"smtp://{LOGIN}{HOST}:{post.port}", allow_plain=True)
    assert post.said("AUTH") + post.said("MAIL") == []


# ---- servers that do not take it


@pytest.mark.parametrize(
    ("refuses", "words"),
    [
        ({"AUTH": "535 5.7.8 pass@word is wrong"}, r"user or the password \(535\)"),
        ({"MAIL": "550 not you"}, r"FLYWHEEL_MAIL_FROM \(550\)"),
        ({"RCPT": "550 5.1.1 person@example.com is unknown"}, r"refused the recipient \(550\)"),
        ({"DATA": "554 junk"}, r"refused the mail \(554\)"),
        ({"EHLO": "421 later", "HELO": "421 later"}, "421|ended the connection|lacks"),
    ],
)
async def test_a_refusal_is_told_without_the_mail_its_address_or_the_password(
    post: Post, refuses: dict[str, str], words: str
) -> None:
    post.refuses = refuses
    with pytest.raises(NotSent, match=words) as told:
        await _send(f"smtp://{LOGIN}127.0.0.1:{post.port}")
    assert "person@" not in str(told.value)
    assert "pass@word" not in str(told.value)
    assert post.mails == []


async def test_a_silent_server_and_one_that_is_away_end_in_time() -> None:
    async with mail_server.running(Post(silent=True)) as post:
        mailer = Mailer(f"smtp://127.0.0.1:{post.port}", SENDER, seconds=0.2)
        with pytest.raises(NotSent, match="in time"):
            await mailer.send("person@example.com", "Sign in", "A link.", NOW)
    with pytest.raises(NotSent, match="cannot be reached"):
        await _send(f"smtp://127.0.0.1:{post.port}")


# ---- addresses


@pytest.mark.parametrize(
    ("to", "written"),
    [
        ("person@ex\u00e4mple.com", "person@xn--exmple-cua.com"),
        ("person@EX\u00c4MPLE.com", "person@xn--exmple-cua.com"),
        ("o'neil+a@example.co.uk", "o'neil+a@example.co.uk"),
        ("person@\u4f8b\u5b50.example", "person@xn--fsqu00a.example"),
    ],
)
async def test_a_domain_beyond_ascii_is_written_to_in_its_ascii_form(
    post: Post, to: str, written: str
) -> None:
    await _send(f"smtp://127.0.0.1:{post.port}", to)
    assert post.said("RCPT")[0][0].upper() == f"RCPT TO:<{written}>".upper()
    assert post.mails[0]["To"] == written


async def test_a_name_beyond_ascii_needs_a_server_that_takes_it(post: Post) -> None:
    with pytest.raises(NotSent, match="beyond ASCII"):
        await _send(f"smtp://127.0.0.1:{post.port}", "j\u00fcrgen@example.com")
    post.offers = ("SMTPUTF8", "8BITMIME")
    await _send(f"smtp://127.0.0.1:{post.port}", "j\u00fcrgen@example.com")
    assert "j\u00fcrgen@example.com" in post.said("RCPT")[0][0]


NONE = [
    "a@b.com,c@d.com", "a@b.com c@d.com", "a@b.com;c@d.com", '"a b"@example.com', '"a"@b.com',
    "a@b.com.", "a.@b.com", ".a@b.com", "a..b@c.com", "a@b..com", "Name <a@b.com>", "<a@b.com>",
    "a@[127.0.0.1]", "a@-b.com", "a@b_c.com", "a@b\n.com", "a\r\nBcc: c@d.com", "@b.com", "a@",
    "a", "a@b@c.com", "x" * 65 + "@b.com", "a@" + "b" * 250 + ".com", "a@b.com\x00", "\ud800@b.com",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
async def test_what_is_no_address_is_refused_wherever_one_is_given(
    client: httpx.AsyncClient, cast: Cast, text: str
) -> None:
    with pytest.raises(ValueError, match=r"."):
        addresses.normal(text)
    with pytest.raises(errors.InvalidInput):
        operators_cli._checked(text)
    if "\ud800" not in text:
        answer = await client.post(
            "/api/partners/me/users",
            json={"email": text, "role": "viewer"},
            headers=cast.people["partner owner"].headers,
        )
        assert answer.status_code in {400, 422}, answer.text


@pytest.mark.parametrize(
    "text", ["a@b.test", "a@host.local", "root@localhost", " a@b.com ", "a@corp", "A.B@Example.COM"]
)
def test_addresses_of_companies_networks_are_taken(text: str) -> None:
    assert addresses.normal(text).lower() == text.strip().lower()


@pytest.mark.parametrize(
    "typed", ["new@xn--exmple-cua.com", "new@ex\u00e4mple.com", "NEW@EX\u00c4MPLE.COM"]
)
async def test_somebody_of_a_domain_beyond_ascii_is_found_however_it_is_typed(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, post: Post, typed: str
) -> None:
    invited = await client.post(
        "/api/partners/me/users",
        json={"email": "new@ex\u00e4mple.com", "role": "viewer"},
        headers=cast.people["partner owner"].headers,
    )
    assert invited.status_code == 201, invited.text
    token = invited.json()["invitation_link"].partition("token=")[2]
    word = "correct horse battery staple"
    await client.post("/api/auth/accept-invitation", json={"token": token, "password": word})
    links = MailedLinks(
        database, Mailer(f"smtp://127.0.0.1:{post.port}", SENDER), "https://flywheel.example.com"
    )
    links.ask(typed, clock.now())
    await links.sent()
    (mail,) = post.mails
    assert mail["To"] == "new@xn--exmple-cua.com"
    signed_in = await client.post("/api/auth/sign-in", json={"email": typed, "password": word})
    assert signed_in.status_code == 200, signed_in.text


# ---- what operators see


@pytest.mark.parametrize("refuses", [{"MAIL": "550 no"}, {"RCPT": "450 later"}, {"DATA": "554 no"}])
async def test_a_mail_that_could_not_be_sent_is_an_alarm_until_one_is(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    post: Post,
    refuses: dict[str, str],
) -> None:
    links = MailedLinks(
        database, Mailer(f"smtp://127.0.0.1:{post.port}", SENDER), "https://flywheel.example.com"
    )

    async def mailed() -> list[dict[str, Any]]:
        links.ask(cast.people["partner owner"].email, clock.now())
        await links.sent()
        answer = await client.get("/api/admin/alarms", headers=cast.admin.headers)
        return [each for each in answer.json()["items"] if each["kind"] == "mail_failing"]

    post.refuses = refuses
    assert len(await mailed()) == 1
    (alarm,) = await mailed()
    assert "2 mails" in alarm["what"]
    assert next(iter(refuses.values()))[:3] in alarm["refusal"]
    assert "test-mail" in alarm["what_to_do"]
    page = await client.get("/operator/overview", headers=cast.people["operator viewer"].cookie)
    assert "Mails cannot be sent" in page.text
    figures = await client.get("/metrics")
    assert 'flywheel_service_failures{service="mail"} 2.0' in figures.text
    post.refuses = {}
    assert await mailed() == []


async def _command(**env: str) -> tuple[int | None, str]:
    """Run the command as an administrator does; return its exit code and what it said."""
    ran = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "flywheel_server",
        "test-mail",
        "person@example.com",
        env=os.environ | env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await ran.communicate()
    return ran.returncode, said.decode()


@pytest.mark.parametrize(
    ("refuses", "code", "words"),
    [({}, 0, "took the mail"), ({"RCPT": "550 no"}, 1, "refused the recipient (550)")],
)
async def test_the_command_sends_a_mail_and_says_what_became_of_it(
    post: Post, refuses: dict[str, str], code: int, words: str
) -> None:
    post.refuses = refuses
    ended, said = await _command(FLYWHEEL_SMTP_URL=f"smtp://127.0.0.1:{post.port}")
    assert (ended, words in said, "Traceback" in said) == (code, True, False), said
    assert len(post.mails) == (code == 0)


async def test_the_command_without_a_mail_server_names_the_setting() -> None:
    ended, said = await _command()
    assert (ended, "FLYWHEEL_SMTP_URL" in said) == (1, True), said


async def test_the_command_ends_the_alarm(
    address: embedded.Address, database: db.Database, cast: Cast, post: Post
) -> None:
    gone = Mailer("smtp://127.0.0.1:1", SENDER, seconds=2)
    links = MailedLinks(database, gone, "https://flywheel.example.com")
    links.ask(cast.people["partner owner"].email, clock.now())
    await links.sent()

    async def failing() -> int:
        async with db.transaction(database, STAGE) as connection:
            return len(await service_failures.failing(connection))

    assert await failing() == 1
    ended, said = await _command(
        FLYWHEEL_SMTP_URL=f"smtp://127.0.0.1:{post.port}", FLYWHEEL_DATABASE_URL=address.app_url
    )
    assert ended == 0, said
    assert await failing() == 0
