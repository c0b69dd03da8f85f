"""Two machines that take turns as one appliance: noticed at check-in, ended by a person or a day.

Each identity that an appliance shows is kept. One that comes back while the other one was alive is
a turn; a machine that reports now one of its network cards, now another, takes none.
"""

import datetime as dt

from flywheel_server.core.db import Connection
from flywheel_server.fleet.model import appliances as domain
from flywheel_server.fleet.model.appliances import Appliance, Identity, Report
from flywheel_server.fleet.store import appliance_identities as store

# A machine checks in every hour at least.
_ALIVE = dt.timedelta(hours=2)
# So much two readings of one machine's start may differ.
_SAME_START = dt.timedelta(minutes=2)


async def note(
    connection: Connection,
    known: Appliance,
    report: Report,
    uptime_seconds: int | None,
    now: dt.datetime,
) -> None:
    """Keep the identity that an appliance shows, if it differs from the one that it showed last."""
    before = domain.identity(
        domain.last_report(known),
        booted_at=_started(known.uptime_seconds, known.last_seen_at),
        seen_at=known.last_seen_at,
    )
    after = domain.identity(report, booted_at=_started(uptime_seconds, now), seen_at=now)
    if before.told == after.told:
        return
    seen = {each.told: each for each in await store.of_appliance(connection, known.id)}
    await _keep(connection, known, before, turned=False, first_seen_at=known.first_seen_at)
    turned = _takes_turn(seen.get(after.told), before, after)
    await _keep(connection, known, after, turned=turned, first_seen_at=now)
    await store.forget_oldest(connection, known.site_id, known.id)


async def _keep(
    connection: Connection,
    known: Appliance,
    shown: Identity,
    *,
    turned: bool,
    first_seen_at: dt.datetime,
) -> None:
    await store.keep(
        connection, known.site_id, known.id, shown, turned=turned, first_seen_at=first_seen_at
    )


def _takes_turn(earlier: Identity | None, before: Identity, after: Identity) -> bool:
    """Say whether an identity that comes back is another machine's than the one before it."""
    if earlier is None or after.seen_at - earlier.seen_at > _ALIVE:
        return False
    if (before.public_key, before.hostname) != (after.public_key, after.hostname):
        return True
    # Only the MAC differs: two machines have started at different times.
    return _apart(before, after) and not _apart(earlier, after)


def _apart(one: Identity, other: Identity) -> bool:
    if one.booted_at is None or other.booted_at is None:
        return False
    return abs(one.booted_at - other.booted_at) > _SAME_START


def _started(uptime_seconds: int | None, at: dt.datetime) -> dt.datetime | None:
    # An agent may say any number.
    if uptime_seconds is None or uptime_seconds > dt.timedelta(days=10_000).total_seconds():
        return None
    return at - dt.timedelta(seconds=uptime_seconds)
