"""Everybody who signs in. Passwords' hashes are read by authentication alone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID

from flywheel_server.core import addresses, constraints, errors
from flywheel_server.core.called import ACCESS, called
from flywheel_server.core.db import Connection, Record
from flywheel_server.core.scope import (
    ClientRole,
    ClientScope,
    OperatorRole,
    OperatorScope,
    PartnerRole,
    PartnerScope,
    PersonScope,
)
from flywheel_server.core.sql import load

_SQL = load("people")

Home = Literal["operator", "partner", "client"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with their one home: the platform (`operator_id`), a partner or an organization."""

    id: UUID
    email: str
    operator_id: UUID | None
    partner_id: UUID | None
    organization_id: UUID | None
    role: str
    created_at: dt.datetime
    disabled_at: dt.datetime | None

    @property
    def scope(self) -> PersonScope:
        """What the person may see and do."""
        if self.partner_id is not None:
            return PartnerScope(
                actor_id=self.id,
                actor_name=self.email,
                partner_id=self.partner_id,
                rights=cast("PartnerRole", self.role),
            )
        if self.organization_id is not None:
            return ClientScope(
                actor_id=self.id,
                actor_name=self.email,
                organization_id=self.organization_id,
                rights=cast("ClientRole", self.role),
            )
        # An operator is the same actor whether they sign in or use a token.
        return OperatorScope(
            actor_id=cast("UUID", self.operator_id),
            actor_name=self.email,
            rights=cast("OperatorRole", self.role),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """What signing in compares with; without a hash no password fits."""

    user_id: UUID
    email: str
    password_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an operator looks for besides a name; None is anything."""

    home: Home | None = None
    role: str | None = None
    disabled: bool | None = None


ANY_KIND = Kind()


def tenant(scope: PersonScope) -> tuple[UUID | None, UUID | None]:
    """Return the partner and the organization whose people a person may manage; operators all."""
    if isinstance(scope, PartnerScope):
        return scope.partner_id, None
    return None, scope.organization_id if isinstance(scope, ClientScope) else None


async def insert(
    connection: Connection,
    *,
    email: str,
    operator_id: UUID | None = None,
    partner_id: UUID | None = None,
    organization_id: UUID | None = None,
    role: str | None,
    now: dt.datetime,
) -> UUID:
    """Add a person. Raises AlreadyExists for an address in use, NotFound for an unknown home."""
    taken = errors.AlreadyExists(
        f"The e-mail address {email} has an account already, here or elsewhere: use another one.",
    )
    with constraints.told(
        users_email_key=taken,
        users_partner_fkey=errors.NotFound(
            "No partner has this `partner_id`: see GET /api/admin/partners."
        ),
        users_organization_fkey=errors.NotFound(
            "No organization has this `organization_id`: see GET /api/admin/organizations."
        ),
    ):
        id: UUID = await connection.fetchval(
            *_SQL["insert"](
                email=email,
                operator_id=operator_id,
                partner_id=partner_id,
                organization_id=organization_id,
                role=role,
                now=now,
            )
        )
    return id


async def get(connection: Connection, scope: PersonScope, user_id: UUID) -> User | None:
    """Return one of the people whom ``scope`` may manage."""
    if isinstance(scope, OperatorScope):
        return _user(await connection.fetchrow(*_SQL["get"](user_id=user_id)))
    partner_id, organization_id = tenant(scope)
    return _user(
        await connection.fetchrow(
            *_SQL["get_of_tenant"](
                user_id=user_id, partner_id=partner_id, organization_id=organization_id
            )
        )
    )


async def list_users(
    connection: Connection,
    scope: PersonScope,
    *,
    after: UUID | None,
    partner_id: UUID | None = None,
    organization_id: UUID | None = None,
    text: str | None = None,
    kind: Kind = ANY_KIND,
    limit: int,
) -> list[User]:
    """Return the people whom ``scope`` may manage, the oldest account first.

    ``text`` is looked for in what is shown of them; ``kind`` is for operators.
    """
    if isinstance(scope, OperatorScope):
        rows = await connection.fetch(
            *_SQL["list"](
                after=after,
                partner_id=partner_id,
                organization_id=organization_id,
                limit=limit,
                text=text,
                home=kind.home,
                role=kind.role,
                disabled=kind.disabled,
                called=called(text, ACCESS),
            )
        )
    else:
        own_partner, own_organization = tenant(scope)
        rows = await connection.fetch(
            *_SQL["list_of_tenant"](
                after=after,
                partner_id=own_partner,
                organization_id=own_organization,
                limit=limit,
                text=text,
                called=called(text, ACCESS),
            )
        )
    return [User(**row) for row in rows]


async def invited(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Return those who have an invitation that they have not used."""
    return {row["user_id"] for row in await connection.fetch(*_SQL["invited"](ids=list(ids)))}


async def set_disabled(
    connection: Connection, scope: PersonScope, user_id: UUID, at: dt.datetime | None
) -> bool:
    """Disable a person who is no operator, or enable them (None); return whether that changed."""
    partner_id, organization_id = tenant(scope)
    changed = await connection.fetchval(
        *_SQL["set_disabled"](
            user_id=user_id, at=at, partner_id=partner_id, organization_id=organization_id
        )
    )
    return changed is not None


async def set_role(connection: Connection, user_id: UUID, role: str) -> None:
    """Set what a person who is no operator may do."""
    await connection.execute(*_SQL["set_role"](user_id=user_id, role=role))


async def find_for_sign_in(connection: Connection, email: str) -> Secret | None:
    """Return what a sign-in with this address compares with; None: no such account, or disabled."""
    row = await connection.fetchrow(
        *_SQL["find_for_sign_in"](email=email, canonical=addresses.canonical(email))
    )
    if row is None:
        return None
    return Secret(user_id=row["id"], email=row["email"], password_hash=row["password_hash"])


async def authenticated(connection: Connection, user_id: UUID) -> User | None:
    """Return a person who has proven who they are, unless they are disabled."""
    return _user(await connection.fetchrow(*_SQL["authenticated"](user_id=user_id)))


async def password_hash(connection: Connection, user_id: UUID) -> str | None:
    """Return the hash of a person's own password."""
    found: str | None = await connection.fetchval(*_SQL["password_hash"](user_id=user_id))
    return found


async def set_password_hash(connection: Connection, user_id: UUID, hashed: str) -> None:
    """Replace the hash of a person's password."""
    await connection.execute(*_SQL["set_password_hash"](user_id=user_id, hashed=hashed))


async def user_of_operator(connection: Connection, operator_id: UUID) -> UUID | None:
    """Return the account with which an operator signs in."""
    found: UUID | None = await connection.fetchval(
        *_SQL["user_of_operator"](operator_id=operator_id)
    )
    return found


def _user(row: Record | None) -> User | None:
    return None if row is None else User(**cast("dict[str, Any]", row))
