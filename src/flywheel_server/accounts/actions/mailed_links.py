"""Mails a sign-in link to whoever asks for one and has an account; nobody is told which it was.

Everything happens after the answer, so that its time tells nothing either.
"""

import asyncio
import datetime as dt

import asyncpg

from flywheel_server.accounts.actions import tokens
from flywheel_server.accounts.store import one_time_links, people
from flywheel_server.core import audit, db, errors, log, people as rules, service_health
from flywheel_server.core.mail import Mailer, NotSent
from flywheel_server.core.scope import AuthScope, LoopScope

_log = log.get(__name__)

_SCOPE = AuthScope()
_HEALTH = LoopScope(reason="whether mails are taken is the platform's to know")
_MOST_UNDERWAY = 50
# Links that one person may have in their mailbox at the same time.
_MOST_LIVE = 5
_TEXT = """\
Somebody asked to sign in to {reached_at} as {email}.

Open this link within {minutes} minutes to sign in; it works once:

{url}

If that was not you, do nothing.
"""


class MailedLinks:
    """Links on their way; without a mailer asking for one does nothing."""

    def __init__(self, database: db.Database, mailer: Mailer | None, reached_at: str) -> None:
        self._database = database
        self._mailer = mailer
        self._reached_at = reached_at
        self._underway: set[asyncio.Task[None]] = set()

    def ask(self, email: str, now: dt.datetime) -> None:
        """Have a link mailed to this address, if it has an account and not too many are waiting."""
        if self._mailer is None:
            return
        if len(self._underway) >= _MOST_UNDERWAY:
            _log.error("a sign-in link is not mailed: too many are underway")
            return
        task = asyncio.create_task(self._send(self._mailer, email, now), name="mailed link")
        self._underway.add(task)
        task.add_done_callback(self._underway.discard)

    async def sent(self) -> None:
        """Wait until nothing is underway any more."""
        await asyncio.gather(*self._underway)

    async def close(self) -> None:
        """Give up what is underway: a server that ends waits for no mail server."""
        for task in self._underway:
            task.cancel()
        await asyncio.gather(*self._underway, return_exceptions=True)

    async def _send(self, mailer: Mailer, email: str, now: dt.datetime) -> None:
        try:
            url = await self._make(email, now)
            if url is not None:
                minutes = int(rules.LINK_LASTS.total_seconds() // 60)
                text = _TEXT.format(
                    reached_at=self._reached_at, email=url[0], minutes=minutes, url=url[1]
                )
                await self._hand_over(mailer, url[0], text, now)
        except (errors.FlywheelError, asyncpg.PostgresError) as why:
            _log.error("a sign-in link could not be mailed", reason=type(why).__name__)

    async def _hand_over(self, mailer: Mailer, to: str, text: str, now: dt.datetime) -> None:
        """Mail a link, and keep for operators whether mails are taken."""
        try:
            await mailer.send(to, "Sign in", text, now)
        except NotSent as why:
            _log.error("a sign-in link could not be mailed", reason=str(why))
            async with db.transaction(self._database, _HEALTH) as connection:
                await service_health.failed(connection, "mail", str(why), now)
            return
        async with db.transaction(self._database, _HEALTH) as connection:
            await service_health.works(connection, "mail")

    async def _make(self, email: str, now: dt.datetime) -> tuple[str, str] | None:
        """Make a link; return the address it goes to with its URL.

        None without an account, or when it has as many links already as a person needs.
        """
        async with db.transaction(self._database, _SCOPE) as connection:
            found = await people.find_for_sign_in(connection, email)
            user = None if found is None else await people.authenticated(connection, found.user_id)
            if user is None:
                return None
            # Earlier ones stay valid: by asking again, others could take them from their person.
            live = await one_time_links.live_of_user(connection, user.id, "sign_in", now)
            if live >= _MOST_LIVE:
                return None
            token = tokens.make()
            await one_time_links.insert(
                connection,
                user_id=user.id,
                kind="sign_in",
                digest=token.digest,
                now=now,
                expires_at=now + rules.LINK_LASTS,
            )
            await audit.record(
                connection,
                user.scope,
                "user.link",
                object_kind="user",
                object_id=str(user.id),
                now=now,
                after={"kind": "sign_in", "by": "mail"},
                partner_id=user.partner_id,
                organization_id=user.organization_id,
            )
        return user.email, rules.link_url(self._reached_at, "sign_in", token.text)
