"""What is wrong at sites and needs a person, as parts of alarms; see ``rules.views.alarms``.

Partners see those of their own sites: the connection's row-level security decides which there are.
"""

import datetime as dt
from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.fleet.model import quotas as domain
from flywheel_server.fleet.model.quotas import Kind
from flywheel_server.fleet.store import appliance_identities as identities, quotas
from flywheel_server.policy import store as policies

# A turn is news for so long: then it is over, or another one has come.
TURNS_COUNT_FOR = dt.timedelta(days=1)
_MOST_OF_SITE = 20


async def found(connection: Connection, now: dt.datetime, most: int) -> list[dict[str, Any]]:
    """Return the machines that take turns as one appliance, and the quotas that are used up."""
    turns = await identities.taking_turns(connection, now - TURNS_COUNT_FOR, limit=most)
    return [*map(_take_turns, turns), *await _quotas(connection, None, now, most)]


async def of_site(connection: Connection, site_id: UUID, now: dt.datetime) -> list[dict[str, Any]]:
    """Return the alarms about one site."""
    turns = await identities.taking_turns(
        connection, now - TURNS_COUNT_FOR, site_id=site_id, limit=_MOST_OF_SITE
    )
    return [*map(_take_turns, turns), *await _quotas(connection, site_id, now, _MOST_OF_SITE)]


async def _quotas(
    connection: Connection, site_id: UUID | None, now: dt.datetime, most: int
) -> list[dict[str, Any]]:
    policy = await policies.in_force(connection)
    kinds: tuple[Kind, ...] = (*domain.TRAFFIC, *domain.ROWS)
    limits = {kind: domain.limit(policy, kind) for kind in kinds}
    near = await quotas.near(connection, limits, now, site_id=site_id, limit=most)
    return [_quota(each, limits[each.kind]) for each in near]


def _quota(near: quotas.Near, most: int) -> dict[str, Any]:
    reached = near.refused > 0 or near.used >= most
    day = near.kind in domain.TRAFFIC or near.kind == "bundles"
    return {
        "kind": "quota_reached" if reached else "quota_near",
        "since": near.since,
        "what": f"{near.slug} has used {near.used:,} of {most:,} {domain.WORDS[near.kind]}"
        + (": more is refused." if reached else "."),
        "what_to_do": "Find the appliance that writes so much; if it is right, an operator raises "
        f"the policy value `{domain.VALUES[near.kind]}`."
        + (" It begins again at midnight UTC." if day else ""),
        "site_id": near.slug,
    }


def _take_turns(one: identities.TakesTurns) -> dict[str, Any]:
    if len(one.hostnames) > 1:
        by = "host names " + " and ".join(each or "(none)" for each in one.hostnames[:3])
    else:
        by = f"{one.keys} evidence keys" if one.keys > 1 else f"{one.macs} MACs"
    return {
        "kind": "machines_take_turns",
        "since": one.since,
        "what": f"Two machines check in as {one.wire_id} by turns: with {by}, {one.turns:,} times.",
        "what_to_do": "If they are two machines, tell them apart on the site's page, or by POST "
        f"/api/sites/{one.slug}/appliances/{one.appliance_id}/split, or give one of them another "
        "MAC; if one was restored from a backup, do nothing: this ends a day after the last turn.",
        "site_id": one.slug,
        "appliance_id": one.wire_id,
        # Its id here, by which its page is found.
        "appliance": one.appliance_id,
    }
