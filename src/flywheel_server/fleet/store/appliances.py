"""Appliances: found by what they report, or by any of the ids they are called."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from flywheel_server.core.db import Connection, Record
from flywheel_server.core.sql import load
from flywheel_server.fleet.model import macs
from flywheel_server.fleet.model.appliances import Appliance, Report

_SQL = load("appliances")


class Beat(NamedTuple):
    """The newest times of an appliance; without one, of a site's only appliance."""

    site_id: UUID
    appliance_id: UUID | None
    seen_at: dt.datetime | None
    synced_at: dt.datetime | None
    uptime_seconds: int | None
    # The rule set that the sync carried.
    synced_hash: str | None = None
    # The one that the appliance was told to run, and the one that it runs.
    desired_hash: str | None = None
    active_hash: str | None = None


async def lock_site(connection: Connection, site_id: UUID) -> None:
    """Let no other check-in of this site add or change appliances until the end."""
    await connection.execute(*_SQL["lock_site"](site_id=site_id))


async def candidates(
    connection: Connection, site_id: UUID, bound_id: UUID | None, report: Report
) -> list[Appliance]:
    """Return the appliances of a site that could be the reporting one, oldest first."""
    rows = await connection.fetch(
        *_SQL["candidates"](
            site_id=site_id,
            bound_id=bound_id,
            mac=report.mac,
            agent_public_key=report.agent_public_key,
            hostname=report.hostname,
        )
    )
    return [from_row(row) for row in rows]


async def count(connection: Connection, site_id: UUID) -> int:
    """Return how many appliances a site has."""
    number: int = await connection.fetchval(*_SQL["count"](site_id=site_id))
    return number


async def insert(
    connection: Connection,
    site_id: UUID,
    wire_id: str,
    report: Report,
    *,
    uptime_seconds: int | None,
    rules_hash: str | None,
    now: dt.datetime,
) -> Appliance | None:
    """Register an appliance; return None when its wire id is taken."""
    row = await connection.fetchrow(
        *_SQL["insert"](
            site_id=site_id,
            wire_id=wire_id,
            uptime_seconds=uptime_seconds,
            desired_hash=rules_hash,
            now=now,
            **_reported(report),
        )
    )
    return None if row is None else from_row(row)


async def update(
    connection: Connection,
    site_id: UUID,
    id: UUID,
    report: Report,
    *,
    uptime_seconds: int | None,
    rules_hash: str,
    now: dt.datetime,
) -> Appliance:
    """Write what an appliance reported and what it was told."""
    row = await connection.fetchrow(
        *_SQL["update"](
            site_id=site_id,
            id=id,
            uptime_seconds=uptime_seconds,
            desired_hash=rules_hash,
            now=now,
            **_reported(report),
        )
    )
    if row is None:
        raise LookupError("an appliance's row is never deleted")
    return from_row(row)


async def get(connection: Connection, site_id: UUID, id: UUID) -> Appliance | None:
    """Return one appliance of a site."""
    row = await connection.fetchrow(*_SQL["get"](site_id=site_id, id=id))
    return None if row is None else from_row(row)


async def of_site(connection: Connection, site_id: UUID) -> list[Appliance]:
    """Return the appliances of a site in the order in which they registered."""
    return [from_row(row) for row in await connection.fetch(*_SQL["of_site"](site_id=site_id))]


async def names(connection: Connection, site_id: UUID) -> dict[UUID, str]:
    """Return what each appliance that a site has or had is called on the wire."""
    rows = await connection.fetch(*_SQL["names"](site_id=site_id))
    return {row["id"]: row["wire_id"] for row in rows}


async def mac_is_shared(connection: Connection, site_id: UUID, mac: str | None) -> bool:
    """Say whether several machines of a site are known to have this MAC."""
    return bool(
        mac is not None
        and await connection.fetchval(*_SQL["mac_is_shared"](site_id=site_id, mac=mac))
    )


async def restarted(connection: Connection, site_id: UUID, id: UUID, now: dt.datetime) -> None:
    """Note that an appliance's agent was started again."""
    await connection.execute(*_SQL["restarted"](site_id=site_id, id=id, now=now))


async def resolve(connection: Connection, site_id: UUID, text: str) -> Appliance | None:
    """Return the appliance of a site that is called ``text``: a wire id in any form, or our id.

    What was merged is found as what it was merged into; what was removed is not found. The wire id
    with a MAC of zeros means the site's only appliance without a MAC.
    """
    forms = [form for form, _ in macs.tails(text)]
    row = await connection.fetchrow(
        *_SQL["resolve"](site_id=site_id, text=text, forms=forms, zeros=macs.zeros(text))
    )
    return None if row is None else from_row(row)


async def settled(connection: Connection, after: UUID, limit: int) -> list[Appliance]:
    """Return appliances that can be told by what they report and have no open order, by id."""
    return [
        from_row(row) for row in await connection.fetch(*_SQL["settled"](after=after, limit=limit))
    ]


async def beat(connection: Connection, beats: Sequence[Beat]) -> None:
    """Write many appliances' newest times and rule sets in one statement; never backwards."""
    await connection.execute(
        *_SQL["beat"](
            site_ids=[each.site_id for each in beats],
            appliance_ids=[each.appliance_id for each in beats],
            seen_at=[each.seen_at for each in beats],
            synced_at=[each.synced_at for each in beats],
            uptime_seconds=[each.uptime_seconds for each in beats],
            desired_hashes=[each.desired_hash for each in beats],
            active_hashes=[each.active_hash for each in beats],
        )
    )


def _reported(report: Report) -> dict[str, object]:
    return {
        "mac": report.mac,
        "agent_public_key": report.agent_public_key,
        "hostname": report.hostname,
        "ip_addresses": list(report.ip_addresses),
        "agent_version": report.agent_version,
        "nixos_version": report.nixos_version,
        "has_local_credentials": report.has_local_credentials,
        "l2_mode": report.active_l2_mode,
        "active_hash": report.active_rules_hash,
        "reported_mac": report.reported_mac,
    }


def from_row(row: Record) -> Appliance:
    """Return the appliance of a row that has every column of it."""
    values = dict(row)
    values["ip_addresses"] = tuple(values["ip_addresses"])
    return Appliance(**values)
