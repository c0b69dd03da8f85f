"""Evidence: what is new is put into batches, and their timestamps are asked for and verified.

The step itself asks nobody: its errand does, between two short transactions, after the turn.
"""

import asyncio
import datetime as dt

import httpx

from flywheel_server.core import clock, db
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.core.step import Counts, Turn
from flywheel_server.evidence.actions import evidence_anchors
from flywheel_server.evidence.calendars import Asking, Calendars, Headers, Waits
from flywheel_server.folds import store as folds

_SCOPE = LoopScope(reason="timestamps of every organization are asked for alike")
# What calendars said is remembered by the process that asks: a new one is told again.
_WAITS = Waits()


async def run(connection: Connection, turn: Turn) -> Counts:
    """Make batches."""
    await folds.share(connection, "evidence")
    bundles, batches = await evidence_anchors.batch(
        connection,
        turn.now,
        every=dt.timedelta(minutes=turn.settings.evidence_batch_minutes),
        calendars=bool(turn.settings.calendars),
    )
    return {"bundles_batched": bundles, "batches_made": batches}


async def errand(database: db.Database, settings: Settings) -> None:
    """Ask calendars and block headers about what is due, and write what they answer."""
    if not settings.calendars and settings.bitcoin_headers is None:
        return
    async with db.transaction(database, _SCOPE) as connection:
        due = await evidence_anchors.claim(
            connection,
            clock.now(),
            calendars=bool(settings.calendars),
            headers=settings.bitcoin_headers is not None,
        )
    if not due:
        return
    async with httpx.AsyncClient(follow_redirects=False) as client:
        now = clock.now()
        asking = Asking(client, now, _WAITS)
        calendars = Calendars(settings.calendars, asking)
        headers = Headers(settings.bitcoin_headers, asking)
        asked = await asyncio.gather(
            *(evidence_anchors.attempt(anchor, calendars, headers, now) for anchor in due)
        )
    async with db.transaction(database, _SCOPE) as connection:
        await evidence_anchors.settle(connection, asked, clock.now())
