"""Appliances as people see them: what they should run beside what they said they do."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("appliance_views")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceView:
    """An appliance with the slug of its site."""

    id: UUID
    wire_id: str
    slug: str
    hostname: str
    mac: str | None
    reported_mac: str | None
    ip_addresses: list[str]
    agent_version: str
    nixos_version: str
    has_local_credentials: bool
    uptime_seconds: int | None
    desired_l2_mode: str
    reported_l2_mode: str | None
    reported_l2_mode_at: dt.datetime | None
    desired_rules_hash: str | None
    reported_rules_hash: str | None
    reported_rules_hash_at: dt.datetime | None
    last_sync_at: dt.datetime | None
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime
    # None: right, as far as is known.
    clock_skew_seconds: int | None


async def page(
    connection: Connection,
    site_id: UUID | None,
    *,
    text: str | None,
    after: UUID | None,
    limit: int,
) -> list[ApplianceView]:
    """Return appliances in the order in which they registered, those behind ``after``."""
    rows = await connection.fetch(
        *_SQL["list"](after=after, site_id=site_id, text=text, limit=limit)
    )
    return [ApplianceView(**row) for row in rows]
