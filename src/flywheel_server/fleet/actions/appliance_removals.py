"""Appliances that are gone, doubled, or two machines in one: a person says so, and it is audited.

The person's own scope shows the appliance; what follows touches tables that people only read, so it
runs as the loop, in one transaction with its audit entry. Nothing of what an appliance signed or
reported is deleted: it is found by what the appliance was merged into.
"""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flywheel_server.accounts.store.accounts import Site
from flywheel_server.core import audit, db, errors, listener
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import LoopScope, OperatorScope, PartnerScope
from flywheel_server.fleet.actions import evidence_keys
from flywheel_server.fleet.model import appliances as domain
from flywheel_server.fleet.model.appliances import Appliance, Identity, Report
from flywheel_server.fleet.store import (
    appliance_identities as identities,
    appliance_merges as store,
    appliances,
    evidence_keys as keys,
)

Person = OperatorScope | PartnerScope

SCOPE = LoopScope(reason="appliances: what a person says of one moves what people only read")
# One that was seen since is alive.
ALIVE = dt.timedelta(hours=1)
_SHOWN = dt.timedelta(days=1)
_TOKEN_BYTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The appliance that is left, the others, and the orders that ended."""

    appliance: Appliance
    others: tuple[str, ...] = ()
    cancelled_orders: tuple[str, ...] = ()


async def remove(
    connection: Connection, actor: Person, site: Site, id: UUID, *, reason: str, now: dt.datetime
) -> Outcome:
    """Remove an appliance: its orders end, and it is missing and awaited nowhere any more.

    It is back if it checks in again. Raises NotFound.
    """
    gone = (await _held(connection, site, [id]))[id]
    cancelled = await store.remove(connection, gone, now, actor.actor_name)
    await db.announce(connection, listener.APPLIANCES, str(id))
    await db.announce(connection, listener.AGENTS, str(site.id))
    await _record(
        connection,
        actor,
        site,
        "appliance.remove",
        gone,
        now,
        {"reason": reason, "cancelled_orders": cancelled},
    )
    return Outcome(appliance=gone, cancelled_orders=tuple(cancelled))


async def merge(
    connection: Connection,
    actor: Person,
    site: Site,
    id: UUID,
    into: UUID,
    *,
    reason: str,
    now: dt.datetime,
) -> Outcome:
    """Make two appliances one, since they are one machine: everything follows to ``into``.

    Raises NotFound, InvalidInput for itself, and Conflict for two machines that are both alive.
    """
    if id == into:
        raise errors.InvalidInput("`into` is the appliance itself: name the one that stays.")
    held = await _held(connection, site, [id, into])
    gone, kept = held[id], held[into]
    _one_machine(gone, kept, now)
    digests = await store.move(connection, gone, into, now, f"merged by {actor.actor_name}")
    cancelled = await store.remove(connection, gone, now, actor.actor_name, into)
    for appliance_id in (id, into):
        await db.announce(connection, listener.APPLIANCES, str(appliance_id))
    await db.announce(connection, listener.AGENTS, str(site.id))
    for digest in digests:
        await db.announce(connection, listener.CREDENTIALS, digest.hex())
    await _record(
        connection,
        actor,
        site,
        "appliance.merge",
        gone,
        now,
        {"into": kept.wire_id, "reason": reason, "cancelled_orders": cancelled},
    )
    return Outcome(appliance=kept, others=(gone.wire_id,), cancelled_orders=tuple(cancelled))


async def split(
    connection: Connection, actor: Person, site: Site, id: UUID, *, reason: str, now: dt.datetime
) -> Outcome:
    """Make an appliance that several machines check in as one appliance for each of them.

    The machine whose evidence key is in use keeps the appliance. A MAC that they share identifies
    none of them from now on. Raises NotFound, and Conflict where only one machine was seen.
    """
    one = (await _held(connection, site, [id]))[id]
    shown = [
        each
        for each in await identities.of_appliance(connection, id)
        if each.seen_at >= now - _SHOWN
    ]
    active = {
        each.public_key
        for each in await keys.of_site(connection, site.id, appliance_id=id)
        if each.state == "active"
    }
    machines = domain.machines(shown)
    if len(machines) < 2:  # noqa: PLR2004 - to be told apart
        raise errors.Conflict("Only one machine has checked in as this appliance: leave it.")
    kept = next((each for each in machines if each.public_key in active), machines[0])
    others = [each for each in machines if each is not kept]
    shared = {each.mac for each in others} & {kept.mac} - {""}
    for mac in shared:
        await identities.share_mac(connection, site.id, mac, now, actor.actor_name)
    await store.set_identity(connection, one, kept, None if shared else kept.mac or None)
    theirs = {each.public_key for each in others} - {kept.public_key}
    await store.forget_waiting_keys(connection, one, sorted(theirs))
    await identities.forget(connection, site.id, id)
    made = await _make(connection, site, one, others, shared, now)
    await db.announce(connection, listener.APPLIANCES, str(id))
    await _record(
        connection, actor, site, "appliance.split", one, now, {"others": made, "reason": reason}
    )
    return Outcome(appliance=one, others=tuple(made))


async def _make(
    connection: Connection,
    site: Site,
    one: Appliance,
    others: Sequence[Identity],
    shared: set[str],
    now: dt.datetime,
) -> list[str]:
    """Register the other machines, as their first check-in would have."""
    made = []
    present = await appliances.of_site(connection, site.id)
    taken = shared | {each.mac for each in present}
    for shown in others:
        report = Report(
            hostname=shown.hostname,
            mac=None if shown.mac in taken else shown.mac or None,
            agent_public_key=shown.public_key or None,
            agent_version=one.agent_version,
        )
        registered = await _registered(connection, site, report, now)
        await evidence_keys.see(connection, site.id, registered.id, report.agent_public_key, now)
        await db.announce(connection, listener.APPLIANCES, str(registered.id))
        made.append(registered.wire_id)
    return made


async def _registered(
    connection: Connection, site: Site, report: Report, now: dt.datetime
) -> Appliance:
    token = secrets.token_hex(_TOKEN_BYTES)
    wanted = domain.wire_id(site.slug, report, token)
    # Its id may be another one's that had this MAC once.
    for wire_id in (wanted, f"{wanted}-{token}"):
        registered = await appliances.insert(
            connection, site.id, wire_id, report, uptime_seconds=None, rules_hash=None, now=now
        )
        if registered is not None:
            return registered
    raise errors.Conflict("The machines could not be told apart: try it again.")


def _one_machine(gone: Appliance, kept: Appliance, now: dt.datetime) -> None:
    """Refuse to make two living machines one. Raises Conflict."""
    alike = gone.hostname == kept.hostname and gone.agent_public_key == kept.agent_public_key
    if not alike and gone.last_seen_at > now - ALIVE:
        raise errors.Conflict(
            f"{gone.wire_id} checked in within the last hour, with another host name or evidence "
            "key: two living machines are not one appliance. Wait an hour, or remove it.",
            last_seen_at=gone.last_seen_at.isoformat(),
        )


async def _held(connection: Connection, site: Site, ids: Sequence[UUID]) -> dict[UUID, Appliance]:
    await appliances.lock_site(connection, site.id)
    held = await store.lock(connection, site.id, ids)
    if any(id not in held or held[id].removed_at is not None for id in ids):
        raise errors.NotFound("The site has no such appliance: see the site's list of appliances.")
    return held


async def _record(
    connection: Connection,
    actor: Person,
    site: Site,
    action: str,
    appliance: Appliance,
    now: dt.datetime,
    after: dict[str, object],
) -> None:
    await audit.record(
        connection,
        actor,
        action,
        object_kind="appliance",
        object_id=str(appliance.id),
        now=now,
        before={
            "appliance_id": appliance.wire_id,
            "hostname": appliance.hostname,
            "mac": appliance.mac,
            "last_seen_at": appliance.last_seen_at.isoformat(),
        },
        after=after,
        partner_id=site.partner_id,
        organization_id=site.organization_id,
        site_id=site.id,
    )
