"""An appliance checks in: registered or refreshed, and told what it shall be.

Whatever it brings but a newer time, or the name of another rule set, is committed before it is
answered; these two are in every check-in, and the caches write them within a second.
"""

import datetime as dt
import secrets
from dataclasses import dataclass, replace
from uuid import UUID

from flywheel_server.core import agents, db, errors, listener
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.fleet.actions import appliance_turns, evidence_keys
from flywheel_server.fleet.model import appliances as domain
from flywheel_server.fleet.model.appliances import Appliance, L2Mode, Report
from flywheel_server.fleet.store import appliances as store
from flywheel_server.orders import actions as orders
from flywheel_server.orders.model import orders as ordered

_TOKEN_BYTES = 6
# More than any site has: a leaked key shall not fill the database.
MOST_APPLIANCES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """What an appliance is told at check-in."""

    id: UUID
    wire_id: str
    l2_mode: L2Mode
    # Open orders as they stand on the wire; with any, nothing of this may come from memory.
    pending_orders: tuple[dict[str, object], ...] = ()


async def check_in(
    connection: Connection,
    scope: ApplianceScope,
    report: Report,
    *,
    uptime_seconds: int | None,
    rules_hash: str,
    now: dt.datetime,
) -> tuple[Instructions, bool]:
    """Register or refresh the reporting appliance; return its instructions, and if it is as before.

    ``rules_hash`` names the rule set that it shall run; which one it runs makes it no other.
    Raises NotFound for a key that is bound to an appliance of another site.
    """
    await store.lock_site(connection, scope.site_id)
    candidates = await store.candidates(connection, scope.site_id, scope.appliance_id, report)
    shared = await store.mac_is_shared(connection, scope.site_id, report.mac)
    found = _bound(scope, candidates) or domain.identify(report, candidates, mac_is_shared=shared)
    if found is not None and found.merged_into is not None:
        found = await store.get(connection, scope.site_id, found.merged_into)
    if shared:
        report = replace(report, mac=None)
    if found is None:
        made = await _register(
            connection, scope, report, uptime_seconds=uptime_seconds, rules_hash=rules_hash, now=now
        )
        await evidence_keys.see(connection, scope.site_id, made.id, report.agent_public_key, now)
        return instructions(made), False
    merged = _merged(found, report, candidates)
    unchanged = _says(found, report) == merged and found.removed_at is None
    known = found
    before = agents.of(found.agent_version)
    if not (unchanged and _runs(found, report, rules_hash)):
        found = await store.update(
            connection,
            scope.site_id,
            found.id,
            merged,
            uptime_seconds=uptime_seconds,
            rules_hash=rules_hash,
            now=now,
        )
    if agents.of(merged.agent_version) is not before:
        await db.announce(connection, listener.AGENTS, str(scope.site_id))
    if not unchanged:
        await appliance_turns.note(connection, known, merged, uptime_seconds, now)
        await evidence_keys.see(connection, scope.site_id, found.id, report.agent_public_key, now)
        await db.announce(connection, listener.APPLIANCES, str(found.id))
    told = instructions(found)
    open_orders = await orders.hand_out(connection, scope.site_id, found.id, now)
    return replace(
        told, pending_orders=tuple(ordered.wire(order) for order in open_orders)
    ), unchanged


def _bound(scope: ApplianceScope, candidates: list[Appliance]) -> Appliance | None:
    if scope.appliance_id is None:
        return None
    for appliance in candidates:
        if appliance.id == scope.appliance_id:
            return appliance
    raise errors.NotFound("The key's appliance is not at its site: issue another key.")


async def _register(
    connection: Connection,
    scope: ApplianceScope,
    report: Report,
    *,
    uptime_seconds: int | None,
    rules_hash: str,
    now: dt.datetime,
) -> Appliance:
    if await store.count(connection, scope.site_id) >= MOST_APPLIANCES:
        raise errors.Conflict(
            f"The site has {MOST_APPLIANCES} appliances, which is the most: make another site."
        )
    token = secrets.token_hex(_TOKEN_BYTES)
    wanted = domain.wire_id(scope.site_slug, report, token)
    # A site that was renamed may have left this id with an appliance of its own: then add to it.
    for wire_id in (wanted, f"{wanted}-{token}"):
        made = await store.insert(
            connection,
            scope.site_id,
            wire_id,
            report,
            uptime_seconds=uptime_seconds,
            rules_hash=rules_hash,
            now=now,
        )
        if made is not None:
            await db.announce(connection, listener.APPLIANCES, str(made.id))
            await db.announce(connection, listener.AGENTS, str(scope.site_id))
            return made
    raise errors.Conflict("The appliance could not be registered: check in again.")


def _merged(found: Appliance, report: Report, candidates: list[Appliance]) -> Report:
    """Return the report with what it leaves open taken from what is known."""
    mac = report.mac or found.mac
    if any(
        each.mac == mac and each.id != found.id and each.removed_at is None for each in candidates
    ):
        # By its key this is one appliance and by its MAC another: that one keeps its MAC.
        mac = found.mac
    return replace(
        report,
        mac=mac,
        agent_public_key=report.agent_public_key or found.agent_public_key,
        hostname=report.hostname or found.hostname,
    )


def _says(found: Appliance, report: Report) -> Report:
    """Return what is known of an appliance, as a report that is as complete as ``report``."""
    return replace(
        domain.last_report(found),
        active_l2_mode=None if report.active_l2_mode is None else found.reported_l2_mode,
        active_rules_hash=report.active_rules_hash,
    )


def _runs(found: Appliance, report: Report, rules_hash: str) -> bool:
    """Say whether it is known which set the appliance shall run, and which one it runs."""
    reported = report.active_rules_hash or found.reported_rules_hash
    return (found.desired_rules_hash, found.reported_rules_hash) == (rules_hash, reported)


def instructions(appliance: Appliance) -> Instructions:
    """Return what an appliance without open orders is told."""
    return Instructions(
        id=appliance.id, wire_id=appliance.wire_id, l2_mode=appliance.desired_l2_mode
    )
