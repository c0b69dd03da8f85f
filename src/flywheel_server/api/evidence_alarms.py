"""What is wrong with evidence and needs a person, as parts of alarms; see ``api.deliveries``."""

import datetime as dt
from typing import Any

from flywheel_server.db import Connection
from flywheel_server.domain import evidence
from flywheel_server.store import evidence_anchors, evidence_keys
from flywheel_server.store import evidence_progress as progress


async def found(connection: Connection, now: dt.datetime, most: int) -> list[dict[str, Any]]:
    """Return broken chains, timestamps that failed or are late, and keys that wait."""
    broken = await progress.broken(connection, most)
    troubled = await evidence_anchors.troubled(connection, now - evidence.LATE_AFTER, most)
    waiting = await evidence_keys.page(
        connection, state="waiting", site_id=None, after=None, limit=most
    )
    return [*map(_broken, broken), *map(_troubled, troubled), *map(_waiting, waiting)]


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
    return {
        "kind": "evidence_key",
        "since": key.seen_at,
        "what": f"{key.wire_id} shows another evidence key: what it signs is refused.",
        "what_to_do": "If the appliance was set up anew, approve the key: "
        f"POST /api/admin/evidence/keys/{key.id}/approve.",
        "site_id": key.slug,
        "appliance_id": key.wire_id,
    }
