"""What is wrong at sites and needs a person, as parts of alarms; see ``api.deliveries``.

Partners see those of their own sites: the connection's row-level security decides which there are.
"""

import datetime as dt
from typing import Any
from uuid import UUID

from flywheel_server.db import Connection
from flywheel_server.store import appliance_identities as identities

# A turn is news for so long: then it is over, or another one has come.
TURNS_COUNT_FOR = dt.timedelta(days=1)
_MOST_OF_SITE = 20


async def found(connection: Connection, now: dt.datetime, most: int) -> list[dict[str, Any]]:
    """Return the machines that take turns as one appliance."""
    turns = await identities.taking_turns(connection, now - TURNS_COUNT_FOR, limit=most)
    return [*map(_take_turns, turns)]


async def of_site(connection: Connection, site_id: UUID, now: dt.datetime) -> list[dict[str, Any]]:
    """Return the alarms about one site."""
    turns = await identities.taking_turns(
        connection, now - TURNS_COUNT_FOR, site_id=site_id, limit=_MOST_OF_SITE
    )
    return [*map(_take_turns, turns)]


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
