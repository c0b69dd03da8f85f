"""Partners, organizations, sites and operators, and whose a key is."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core import agents, constraints, errors
from flywheel_server.core.db import Connection, Record
from flywheel_server.core.scope import ApplianceScope, OperatorRole, OperatorScope, PartnerScope
from flywheel_server.core.sql import load

_SQL = load("accounts")

HealingTier = Literal["standard", "full_coverage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A managed-service provider."""

    id: UUID
    name: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A partner's client."""

    id: UUID
    partner_id: UUID
    name: str
    contributes: bool
    contributes_changed_at: dt.datetime
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of an organization; ``slug`` is what appliances call its site_id."""

    id: UUID
    slug: str
    organization_id: UUID
    partner_id: UUID
    name: str
    healing_tier: HealingTier
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person of the platform."""

    id: UUID
    email: str
    role: OperatorRole
    created_at: dt.datetime
    disabled_at: dt.datetime | None


async def find_key(
    connection: Connection, digest: bytes
) -> ApplianceScope | PartnerScope | OperatorScope | None:
    """Return the scope of the key with this SHA-256 ``digest``, unless it is revoked."""
    row = await connection.fetchrow(*_SQL["find_key"](digest=digest))
    return None if row is None else _scope_of(row)


async def keys_after(
    connection: Connection, after: bytes, limit: int
) -> dict[bytes, ApplianceScope | PartnerScope | OperatorScope]:
    """Return the scopes of living keys by their digests, which follow ``after``."""
    rows = await connection.fetch(*_SQL["keys_after"](after=after, limit=limit))
    return {row["digest"]: _scope_of(row) for row in rows}


def _scope_of(row: Record) -> ApplianceScope | PartnerScope | OperatorScope:
    if row["site_id"] is not None:
        return ApplianceScope(
            key_id=row["id"],
            site_id=row["site_id"],
            site_slug=row["slug"],
            appliance_id=row["appliance_id"],
            agents=agents.among(tuple(row["versions"])),
        )
    if row["partner_id"] is not None:
        return PartnerScope(
            actor_id=row["id"],
            actor_name=f"API key {row['label']}".strip(),
            partner_id=row["partner_id"],
            rights="technician",
            by_key=True,
        )
    return OperatorScope(
        actor_id=row["operator_id"], actor_name=row["email"], rights=row["operator_role"]
    )


async def insert_partner(connection: Connection, name: str, now: dt.datetime) -> Partner:
    """Add a partner."""
    return Partner(**_one(await connection.fetchrow(*_SQL["insert_partner"](name=name, now=now))))


async def get_partner(connection: Connection, partner_id: UUID) -> Partner | None:
    """Return a partner."""
    row = await connection.fetchrow(*_SQL["get_partner"](partner_id=partner_id))
    return None if row is None else Partner(**row)


async def list_partners(
    connection: Connection, after: UUID | None, *, text: str | None = None, limit: int
) -> list[Partner]:
    """Return partners, oldest first; ``text`` is looked for in their names."""
    rows = await connection.fetch(*_SQL["list_partners"](after=after, text=text, limit=limit))
    return [Partner(**row) for row in rows]


async def insert_organization(
    connection: Connection, partner_id: UUID, name: str, now: dt.datetime
) -> Organization:
    """Add an organization. Raises NotFound for an unknown partner."""
    unknown = errors.NotFound("No partner has this `partner_id`: see GET /api/admin/partners.")
    with constraints.told(organizations_partner_fkey=unknown):
        row = await connection.fetchrow(
            *_SQL["insert_organization"](partner_id=partner_id, name=name, now=now)
        )
    return Organization(**_one(row))


async def get_organization(connection: Connection, organization_id: UUID) -> Organization | None:
    """Return an organization."""
    row = await connection.fetchrow(*_SQL["get_organization"](organization_id=organization_id))
    return None if row is None else Organization(**row)


async def lock_organization(connection: Connection, organization_id: UUID) -> Organization | None:
    """Return an organization and keep others from changing it until the end."""
    row = await connection.fetchrow(*_SQL["lock_organization"](organization_id=organization_id))
    return None if row is None else Organization(**row)


async def update_organization(
    connection: Connection, organization_id: UUID, name: str, contributes: bool, now: dt.datetime
) -> Organization:
    """Set an organization's name and whether it contributes."""
    row = await connection.fetchrow(
        *_SQL["update_organization"](
            organization_id=organization_id, name=name, contributes=contributes, now=now
        )
    )
    return Organization(**_one(row))


async def list_organizations(
    connection: Connection,
    *,
    after: UUID | None,
    partner_id: UUID | None,
    text: str | None,
    limit: int,
) -> list[Organization]:
    """Return organizations, oldest first; ``text`` is looked for in their names."""
    rows = await connection.fetch(
        *_SQL["list_organizations"](after=after, partner_id=partner_id, text=text, limit=limit)
    )
    return [Organization(**row) for row in rows]


async def insert_site(
    connection: Connection,
    *,
    organization_id: UUID,
    slug: str,
    name: str,
    healing_tier: HealingTier,
    now: dt.datetime,
) -> Site:
    """Add a site. Raises AlreadyExists for a slug in use, NotFound for an unknown organization."""
    taken = errors.AlreadyExists(
        f"A site with the site_id `{slug}` exists already: use it or choose another.", site_id=slug
    )
    unknown = errors.NotFound(
        "No organization has this `organization_id`: see GET /api/admin/organizations."
    )
    with constraints.told(sites_slug_key=taken, sites_organization_fkey=unknown):
        site_id = await connection.fetchval(
            *_SQL["insert_site"](
                organization_id=organization_id,
                slug=slug,
                name=name,
                healing_tier=healing_tier,
                now=now,
            )
        )
    return Site(**_one(await connection.fetchrow(*_SQL["get_site"](site_id=site_id))))


async def find_site(connection: Connection, text: str) -> Site | None:
    """Return the site with this slug or, written as a UUID, this id."""
    site_id = as_uuid(text)
    if site_id is None:
        row = await connection.fetchrow(*_SQL["find_site"](text=text))
    else:
        row = await connection.fetchrow(*_SQL["get_site"](site_id=site_id))
    return None if row is None else Site(**row)


async def list_sites(
    connection: Connection,
    *,
    after: UUID | None,
    partner_id: UUID | None,
    organization_id: UUID | None,
    text: str | None,
    limit: int,
) -> list[Site]:
    """Return sites, oldest first; ``text`` is looked for in slugs and names."""
    rows = await connection.fetch(
        *_SQL["list_sites"](
            after=after,
            partner_id=partner_id,
            organization_id=organization_id,
            text=text,
            limit=limit,
        )
    )
    return [Site(**row) for row in rows]


async def find_appliance(connection: Connection, site_id: UUID, text: str) -> UUID | None:
    """Return the id of the site's appliance with this wire id or id."""
    found: UUID | None = await connection.fetchval(
        *_SQL["find_appliance"](site_id=site_id, text=text)
    )
    return found


async def insert_operator(
    connection: Connection, email: str, role: OperatorRole, now: dt.datetime
) -> Operator:
    """Add an operator. Raises AlreadyExists for an e-mail address in use."""
    taken = errors.AlreadyExists(
        f"An operator with the e-mail {email} exists already: "
        f"`flywheel-server operator token --email {email}` issues another token."
    )
    with constraints.told(operators_email_key=taken):
        row = await connection.fetchrow(*_SQL["insert_operator"](email=email, role=role, now=now))
    return Operator(**_one(row))


async def lock_operator(connection: Connection, email: str) -> Operator | None:
    """Return the operator with this e-mail address, whatever its case, and hold them."""
    row = await connection.fetchrow(*_SQL["lock_operator"](email=email))
    return None if row is None else Operator(**row)


async def disable_operator(connection: Connection, operator_id: UUID, now: dt.datetime) -> bool:
    """Disable an operator; return whether they were enabled."""
    disabled = await connection.fetchval(
        *_SQL["disable_operator"](operator_id=operator_id, now=now)
    )
    return disabled is not None


async def enable_operator(connection: Connection, operator_id: UUID) -> bool:
    """Enable a disabled operator; return whether they were disabled."""
    enabled = await connection.fetchval(*_SQL["enable_operator"](operator_id=operator_id))
    return enabled is not None


async def set_operator_role(connection: Connection, operator_id: UUID, role: OperatorRole) -> None:
    """Set what an operator may do."""
    await connection.execute(*_SQL["set_operator_role"](operator_id=operator_id, role=role))


async def hold_admins(connection: Connection) -> set[UUID]:
    """Return the admins who are not disabled, and let nobody else change them until the end."""
    return {row["id"] for row in await connection.fetch(*_SQL["hold_admins"]())}


async def list_operators(connection: Connection, after: UUID | None, limit: int) -> list[Operator]:
    """Return operators, oldest first."""
    rows = await connection.fetch(*_SQL["list_operators"](after=after, limit=limit))
    return [Operator(**row) for row in rows]


def as_uuid(text: str) -> UUID | None:
    """Return the UUID that a text is the customary form of, else None."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None


def _one(row: Record | None) -> Record:
    if row is None:
        raise LookupError("INSERT … RETURNING gave no row")
    return row
