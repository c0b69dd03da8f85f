"""Invites people, disables and enables them, and makes links for them, within the actor's tenant.

A link's token exists only in the answer to whoever asked for it, or in the mail that carries it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from flywheel_server.accounts.actions import accounts, tokens
from flywheel_server.accounts.store import (
    accounts as stored_accounts,
    keys,
    one_time_links,
    people,
    sessions,
)
from flywheel_server.accounts.store.one_time_links import Kind
from flywheel_server.accounts.store.people import User
from flywheel_server.core import addresses, audit, errors, listener, people as rules
from flywheel_server.core.db import Connection, announce
from flywheel_server.core.scope import OperatorRole, OperatorScope, PersonScope

_LASTS = {"invitation": rules.INVITATION_LASTS, "sign_in": rules.LINK_LASTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A new one-time link of a person: its token is shown once."""

    user_id: UUID
    kind: Kind
    token: str
    expires_at: dt.datetime


async def invite(
    connection: Connection,
    actor: PersonScope,
    *,
    email: str,
    role: str,
    partner_id: UUID | None = None,
    organization_id: UUID | None = None,
    now: dt.datetime,
) -> Link:
    """Add a person at home with a partner, an organization, or (neither given) the platform.

    Raises AlreadyExists for an address in use, NotFound for an unknown home, InvalidInput for an
    address that is none and for a role that this home has not.
    """
    try:
        address = addresses.normal(email)
    except ValueError as error:
        raise errors.InvalidInput(
            "`email` takes an e-mail address such as person@example.com.",
            fields={"email": str(error)},
        ) from error
    _check_role(role, partner_id, organization_id)
    if partner_id is None and organization_id is None:
        user_id = await _invite_operator(connection, actor, address, role, now)
    else:
        user_id = await people.insert(
            connection,
            email=address,
            partner_id=partner_id,
            organization_id=organization_id,
            role=role,
            now=now,
        )
    user = await get(connection, actor, user_id)
    await _record(connection, actor, "user.invite", user, now, None, _plain(user))
    return await _new_link(connection, user, "invitation", now)


async def make_link(
    connection: Connection, actor: PersonScope, user_id: UUID, kind: Kind, now: dt.datetime
) -> Link:
    """Make a person's link anew; earlier ones of its kind stop. Raises NotFound, Conflict."""
    user = await get(connection, actor, user_id)
    if user.disabled_at is not None:
        raise errors.Conflict("This person is disabled: enable them first.")
    await _record(connection, actor, "user.link", user, now, None, {"kind": kind})
    return await _new_link(connection, user, kind, now)


async def disable(
    connection: Connection, actor: PersonScope, user_id: UUID, now: dt.datetime
) -> User:
    """Stop a person, with their sessions, links and tokens, at once; again changes nothing.

    Raises NotFound for an unknown or foreign id, Conflict for oneself.
    """
    user = await get(connection, actor, user_id)
    if actor.actor_id in {user.id, user.operator_id}:
        raise errors.Conflict("Nobody disables themselves: ask another admin or owner.")
    if user.operator_id is not None:
        await _keep_an_admin(connection, user)
        await accounts.disable_operator(connection, _operator(actor), user.email, now)
        return await get(connection, actor, user_id)
    if not await people.set_disabled(connection, actor, user_id, now):
        return user
    await one_time_links.forget_of_user(connection, user_id)
    for digest in await sessions.end_all(connection, user_id):
        await announce(connection, listener.CREDENTIALS, digest.hex())
    await _record(
        connection, actor, "user.disable", user, now, {"disabled": False}, {"disabled": True}
    )
    return await get(connection, actor, user_id)


async def enable(
    connection: Connection, actor: PersonScope, user_id: UUID, now: dt.datetime
) -> User:
    """Let a disabled person sign in again; again changes nothing. Raises NotFound."""
    user = await get(connection, actor, user_id)
    if user.operator_id is not None:
        changed = await stored_accounts.enable_operator(connection, user.operator_id)
    else:
        changed = await people.set_disabled(connection, actor, user_id, None)
    if changed:
        await _record(
            connection, actor, "user.enable", user, now, {"disabled": True}, {"disabled": False}
        )
    return await get(connection, actor, user_id)


async def sign_out(
    connection: Connection, actor: PersonScope, user_id: UUID, now: dt.datetime
) -> tuple[User, int]:
    """End every session of a person, at once; return them with how many ended. Raises NotFound."""
    user = await get(connection, actor, user_id)
    digests = await sessions.end_all(connection, user_id)
    for digest in digests:
        await announce(connection, listener.CREDENTIALS, digest.hex())
    ended = len(digests)
    # Somebody saw a reason to do it, also where nothing was left to end.
    await _record(connection, actor, "user.sign_out", user, now, None, {"ended": ended})
    return user, ended


async def change_role(
    connection: Connection, actor: OperatorScope, user_id: UUID, role: str, now: dt.datetime
) -> User:
    """Give a person another role of their home; their sessions end, so that it holds at once.

    Raises NotFound, InvalidInput for a role that their home has not, Conflict for the last admin.
    """
    user = await get(connection, actor, user_id)
    _check_role(role, user.partner_id, user.organization_id)
    if role == user.role:
        return user
    ended = []
    if user.operator_id is not None:
        if role != "admin":
            await _keep_an_admin(connection, user)
        await stored_accounts.set_operator_role(
            connection, user.operator_id, cast("OperatorRole", role)
        )
        # Tokens stay: what servers know of them is looked up anew.
        ended += await keys.digests_of_operator(connection, user.operator_id)
    else:
        await people.set_role(connection, user_id, role)
    ended += await sessions.end_all(connection, user_id)
    for digest in ended:
        await announce(connection, listener.CREDENTIALS, digest.hex())
    await _record(connection, actor, "user.role", user, now, {"role": user.role}, {"role": role})
    return await get(connection, actor, user_id)


async def get(connection: Connection, actor: PersonScope, user_id: UUID) -> User:
    """Return one of the people whom ``actor`` may manage. Raises NotFound."""
    user = await people.get(connection, actor, user_id)
    if user is None:
        raise errors.NotFound("Nobody here has this id: take it from the list of people.")
    return user


async def _keep_an_admin(connection: Connection, operator: User) -> None:
    """Hold the admins. Raises Conflict where this operator is the last of them."""
    if await stored_accounts.hold_admins(connection) == {operator.operator_id}:
        raise errors.Conflict("This is the last admin of the platform: make another one first.")


async def _invite_operator(
    connection: Connection, actor: PersonScope, email: str, role: str, now: dt.datetime
) -> UUID:
    operator = await accounts.create_operator(
        connection, _operator(actor), email, cast("OperatorRole", role), now
    )
    user_id = await people.user_of_operator(connection, operator.id)
    if user_id is None:
        raise LookupError("a new operator has no account")
    return user_id


async def _new_link(connection: Connection, user: User, kind: Kind, now: dt.datetime) -> Link:
    token = tokens.make()
    expires_at = now + _LASTS[kind]
    await one_time_links.forget_of_user(connection, user.id, kind)
    await one_time_links.insert(
        connection,
        user_id=user.id,
        kind=kind,
        digest=token.digest,
        now=now,
        expires_at=expires_at,
    )
    return Link(user_id=user.id, kind=kind, token=token.text, expires_at=expires_at)


async def _record(
    connection: Connection,
    actor: PersonScope,
    action: str,
    user: User,
    now: dt.datetime,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
) -> None:
    await audit.record(
        connection,
        actor,
        action,
        object_kind="user",
        object_id=str(user.id),
        now=now,
        before=before,
        after=after,
        partner_id=user.partner_id,
        organization_id=user.organization_id,
    )


def _plain(user: User) -> dict[str, object]:
    return {"email": user.email, "role": user.role}


def _operator(actor: PersonScope) -> OperatorScope:
    """Return the actor as the operator they must be: a tenant's people see no operator at all."""
    if not isinstance(actor, OperatorScope):
        raise errors.Forbidden("Only operators manage operators.")
    return actor


def _check_role(role: str, partner_id: UUID | None, organization_id: UUID | None) -> None:
    if partner_id is not None and organization_id is not None:
        raise errors.InvalidInput("Give `partner_id` or `organization_id`, not both.")
    known = (
        rules.PARTNER_ROLES
        if partner_id is not None
        else rules.CLIENT_ROLES
        if organization_id is not None
        else rules.OPERATOR_ROLES
    )
    if role not in known:
        raise errors.InvalidInput(f"`role` is one of {', '.join(sorted(known))} here.")
