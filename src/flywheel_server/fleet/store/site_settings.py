"""What people set for a site, an appliance or an organization."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.store.accounts import HealingTier
from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load
from flywheel_server.fleet.model.appliances import L2Mode

_SQL = load("site_settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """What can be changed of a site, and whose it is."""

    site_id: UUID
    slug: str
    name: str
    healing_tier: HealingTier
    organization_id: UUID
    partner_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """What an appliance should do on an L1 miss, and what it said it does."""

    id: UUID
    site_id: UUID
    wire_id: str
    desired_l2_mode: L2Mode
    reported_l2_mode: str | None
    reported_l2_mode_at: dt.datetime | None
    agent_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Whether an organization's counts enter the platform's aggregates."""

    organization_id: UUID
    partner_id: UUID
    contributes: bool
    contributes_changed_at: dt.datetime


async def lock_site(connection: Connection, site_id: UUID) -> SiteSettings | None:
    """Return a site's settings and keep others from changing them until the end."""
    row = await connection.fetchrow(*_SQL["lock_site"](site_id=site_id))
    return None if row is None else SiteSettings(**dict(row))


async def set_site(
    connection: Connection, site_id: UUID, name: str, healing_tier: HealingTier
) -> None:
    """Set a site's name and healing tier."""
    await connection.execute(
        *_SQL["set_site"](site_id=site_id, name=name, healing_tier=healing_tier)
    )


async def lock_mode(connection: Connection, site_id: UUID, appliance_id: UUID) -> Mode | None:
    """Return an appliance's L2 mode and keep others from changing it until the end."""
    row = await connection.fetchrow(*_SQL["lock_mode"](site_id=site_id, appliance_id=appliance_id))
    return None if row is None else Mode(**dict(row))


async def set_mode(connection: Connection, site_id: UUID, appliance_id: UUID, mode: L2Mode) -> None:
    """Set the L2 mode that an appliance should run."""
    await connection.execute(
        *_SQL["set_mode"](site_id=site_id, appliance_id=appliance_id, mode=mode)
    )


async def sharing(connection: Connection, organization_id: UUID) -> Sharing | None:
    """Return whether an organization contributes."""
    row = await connection.fetchrow(*_SQL["sharing"](organization_id=organization_id))
    return None if row is None else Sharing(**dict(row))


async def lock_sharing(connection: Connection, organization_id: UUID) -> Sharing | None:
    """Return the same and keep others from changing it until the end."""
    row = await connection.fetchrow(*_SQL["lock_sharing"](organization_id=organization_id))
    return None if row is None else Sharing(**dict(row))


async def set_sharing(
    connection: Connection, organization_id: UUID, contributes: bool, now: dt.datetime
) -> Sharing:
    """Set whether an organization contributes."""
    row = await connection.fetchrow(
        *_SQL["set_sharing"](organization_id=organization_id, contributes=contributes, now=now)
    )
    if row is None:
        raise LookupError("the organization was locked before")
    return Sharing(**dict(row))
