"""Signing in with a password: the same work, answer and time whether the account exists or not.

An attempt is counted before it is made, so that many at once are not let past the lock; no
transaction is open while a password is hashed.
"""

import datetime as dt

from flywheel_server.accounts.actions import sessions as actions, tokens
from flywheel_server.accounts.actions.passwords import Passwords
from flywheel_server.accounts.actions.sessions import Device, Opened
from flywheel_server.accounts.store import one_time_links, people, sessions
from flywheel_server.core import db, errors, people as rules
from flywheel_server.core.scope import AuthScope, Session

_SCOPE = AuthScope()
_LOCKED = (
    "Too many attempts for this e-mail address: wait "
    f"{int(rules.LOCK_LASTS.total_seconds() // 60)} minutes, or use a one-time link."
)
_WRONG = "The e-mail address or the password is wrong: try again, or ask for a one-time link."


class SignIn:
    """Opens sessions, and sets passwords, of people who prove who they are."""

    def __init__(self, database: db.Database, passwords: Passwords, lasts: dt.timedelta) -> None:
        self._database = database
        self._passwords = passwords
        self._lasts = lasts

    async def with_password(
        self, email: str, password: str, device: Device, now: dt.datetime
    ) -> Opened:
        """Open a session. Raises Unauthenticated, or TooManyRequests while locked."""
        async with db.transaction(self._database, _SCOPE) as connection:
            allowed = await sessions.count_attempt(connection, email, now)
            secret = await people.find_for_sign_in(connection, email)
        if not allowed:
            raise errors.TooManyRequests(_LOCKED)
        hashed = None if secret is None else secret.password_hash
        if not await self._passwords.fits(hashed, password) or secret is None or hashed is None:
            raise errors.Unauthenticated(_WRONG)
        renewed = await self._renewed(hashed, password)
        async with db.transaction(self._database, _SCOPE) as connection:
            await sessions.forget_attempts(connection, email)
            if renewed is not None:
                await people.set_password_hash(connection, secret.user_id, renewed)
            return await actions.open_for(
                connection, secret.user_id, "password", device, now, self._lasts
            )

    async def with_link(self, token: str, device: Device, now: dt.datetime) -> Opened:
        """Open a session by a sign-in link. Raises Unauthenticated for a spent one."""
        async with db.transaction(self._database, _SCOPE) as connection:
            return await actions.redeem(connection, token, device, now, self._lasts)

    async def whose(self, token: str, kind: one_time_links.Kind, now: dt.datetime) -> str | None:
        """Return the address whose link this is, without using it; None for a spent one."""
        async with db.transaction(self._database, _SCOPE) as connection:
            found = await one_time_links.find(connection, tokens.digest(token), kind, now)
        return None if found is None else found[1]

    async def accept_invitation(
        self, token: str, password: str, device: Device, now: dt.datetime
    ) -> Opened:
        """Set one's first, or a forgotten, password and open a session.

        Raises Unauthenticated for a spent invitation, InvalidInput for a poor password.
        """
        async with db.transaction(self._database, _SCOPE) as connection:
            found = await one_time_links.find(connection, tokens.digest(token), "invitation", now)
        if found is None:
            raise errors.Unauthenticated(actions.SPENT)
        _check(password, found[1])
        hashed = await self._passwords.hash(password)
        async with db.transaction(self._database, _SCOPE) as connection:
            return await actions.accept_invitation(
                connection, token, hashed, device, now, self._lasts
            )

    async def change_password(
        self, session: Session, current: str, new: str, now: dt.datetime
    ) -> None:
        """Replace one's own password; other sessions end.

        Raises InvalidInput for a wrong current one or a poor new one, TooManyRequests while locked.
        """
        _check(new, session.email)
        async with db.transaction(self._database, _SCOPE) as connection:
            allowed = await sessions.count_attempt(connection, session.email, now)
            hashed = await people.password_hash(connection, session.user_id)
        if not allowed:
            raise errors.TooManyRequests(_LOCKED)
        if not await self._passwords.fits(hashed, current):
            raise errors.InvalidInput(
                "`current` is not your password: without one, ask for an invitation to set it."
            )
        replaced = await self._passwords.hash(new)
        async with db.transaction(self._database, _SCOPE) as connection:
            await actions.change_password(connection, session, replaced, now)

    async def _renewed(self, hashed: str, password: str) -> str | None:
        """Return a stronger hash for one that was made with weaker parameters."""
        if not self._passwords.outdated(hashed):
            return None
        return await self._passwords.hash(password)


def _check(password: str, email: str) -> None:
    fault = rules.password_fault(password, email)
    if fault is not None:
        raise errors.InvalidInput(fault)
