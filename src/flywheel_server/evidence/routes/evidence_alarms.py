"""What is wrong with evidence and needs a person, as parts of alarms."""

import datetime as dt
from typing import Any

from flywheel_server.core.db import Connection
from flywheel_server.evidence.model import evidence
from flywheel_server.evidence.store import (
    evidence_anchors,
    evidence_progress as progress,
    evidence_waiting,
)
from flywheel_server.fleet.store import evidence_keys

_DROPS_COUNT_FOR = dt.timedelta(days=1)


# What only operators can end, as others are told.
_OTHERS = frozenset({"evidence_chain", "evidence_timestamp"})
_WHO_MENDS = (
    "The server's operators have this alarm too, and they alone can mend it: ask them. "
    "Keep the exports that you have."
)


async def found(
    connection: Connection, now: dt.datetime, most: int, *, for_operators: bool
) -> list[dict[str, Any]]:
    """Return broken chains, timestamps that failed or are late, and keys that wait."""
    broken = await progress.broken(connection, most)
    troubled = await evidence_anchors.troubled(connection, now - evidence.LATE_AFTER, most)
    waiting = await evidence_keys.page(
        connection, state="waiting", site_id=None, after=None, limit=most
    )
    drops = await evidence_waiting.drops(
        connection, now - _DROPS_COUNT_FOR, reason="room", limit=most
    )
    alarms = [
        *map(_broken, broken),
        *map(_troubled, troubled),
        *map(_waiting, waiting),
        *map(_dropped, drops),
    ]
    if not for_operators:
        for alarm in alarms:
            if alarm["kind"] in _OTHERS:
                alarm["what_to_do"] = _WHO_MENDS
    return alarms


def _broken(chain: progress.Broken) -> dict[str, Any]:
    return {
        "kind": "evidence_chain",
        "since": chain.broken_at,
        "what": f"The chain of evidence of {chain.slug} is broken at position "
        f"{chain.broken_position}: {chain.broken_reason}.",
        "what_to_do": "Somebody changed the database beside the server: keep a copy of it as it "
        "is, compare the last export, and restore the table from a backup.",
        "site_id": chain.slug,
    }


def _troubled(anchor: evidence_anchors.Troubled) -> dict[str, Any]:
    why = f" ({anchor.problem})" if anchor.problem else ""
    late = anchor.state == "pending"
    return {
        "kind": "evidence_timestamp",
        "since": anchor.pending_since if late else anchor.state_changed_at,
        "what": f"The timestamp {anchor.id} of {anchor.organization} "
        f"{'waits for its block for over 48 hours' if late else 'failed'}{why}.",
        "what_to_do": "Check that this server reaches the calendars of FLYWHEEL_OTS_CALENDARS."
        if late
        else "Look whether calendars and block headers are the right ones, then retry it: "
        f"POST /api/admin/evidence/anchors/{anchor.id}/retry. Until then later timestamps of the "
        "same sites cover this evidence too.",
    }


def _waiting(key: evidence_keys.ShownKey) -> dict[str, Any]:
    who = key.wire_id or f"No appliance of {key.slug}, but a bundle,"
    waits = f"{key.bundles:,} {'bundle waits' if key.bundles == 1 else 'bundles wait'} for it"
    return {
        "kind": "evidence_key",
        "since": key.seen_at,
        "what": f"{who} shows another evidence key: {waits}, unverified.",
        "what_to_do": "If the appliance was set up again, approve the key on the site's page of "
        "evidence, or by "
        f"POST /api/evidence/sites/{key.slug}/keys/{key.id}/approve; if not, refuse it there.",
        "site_id": key.slug,
        "appliance_id": key.wire_id,
    }


def _dropped(drop: evidence_waiting.Drop) -> dict[str, Any]:
    return {
        "kind": "evidence_dropped",
        "since": drop.dropped_at,
        "what": f"{drop.bundles:,} waiting bundles of {drop.slug} were dropped: more came than a "
        "site may have waiting.",
        "what_to_do": "Decide on the keys that wait, on the site's page of evidence: then nothing "
        "waits. This ends a day after the last drop.",
        "site_id": drop.slug,
    }
