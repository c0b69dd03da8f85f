"""Sends webhooks from the table of deliveries: at least once each, whatever ends on the way.

A delivery is leased by one process for longer than an attempt takes. Receivers tell repeats by the
header ``webhook-id``, which is the event's.
"""

import asyncio
import contextlib
import datetime as dt
import random
from uuid import UUID, uuid4

import asyncpg
import msgspec
from standardwebhooks import Webhook

from flywheel_server.core import clock, db, errors, log, retry_after
from flywheel_server.core.scope import LoopScope
from flywheel_server.webhooks import store as webhooks
from flywheel_server.webhooks.actions import events, webhooks as actions
from flywheel_server.webhooks.model import webhooks as rules
from flywheel_server.webhooks.outgoing import Outgoing, Refused, Unanswered
from flywheel_server.webhooks.store import Leased, Result

_log = log.get(__name__)
_SCOPE = LoopScope(reason="webhooks of every tenant are sent, each its own")
_TROUBLE = (*db.LOST, errors.FlywheelError, asyncpg.PostgresError)

LEASE = dt.timedelta(seconds=60)
_PAUSE_SECONDS = 1.0
_MOST_EVENTS = 500
_MOST_UNDERWAY = 32
_MOST_OF_ONE = 4
_LONGEST_ERROR = 200


class Sender:
    """One process's share in sending; any number of processes may send."""

    def __init__(self, database: db.Database, outgoing: Outgoing) -> None:
        self._database = database
        self._outgoing = outgoing
        self._id: UUID = uuid4()
        # What is underway, by its endpoint: one that hangs holds up nobody but itself.
        self._underway: dict[asyncio.Task[None], UUID] = {}

    async def run(self) -> None:
        """Send for ever; let go of what is underway when cancelled."""
        try:
            while True:
                try:
                    await self._start(clock.now())
                except _TROUBLE as error:
                    if not self._database.condition.told(error):
                        _log.error("webhooks cannot be sent", reason=repr(error))
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            for task in self._underway:
                task.cancel()
            await asyncio.gather(*self._underway, return_exceptions=True)
            with contextlib.suppress(*_TROUBLE):
                async with db.transaction(self._database, _SCOPE) as connection:
                    await webhooks.let_go(connection, self._id)

    async def send_due(self, now: dt.datetime) -> int:
        """Send what is due now and wait for the answers; return how many attempts were made."""
        started = await self._start(now)
        await asyncio.gather(*self._underway)
        return started

    async def _start(self, now: dt.datetime) -> int:
        room = _MOST_UNDERWAY - len(self._underway)
        async with db.transaction(self._database, _SCOPE) as connection:
            await webhooks.dispatch(connection, now, _MOST_EVENTS)
            leased = await webhooks.lease(
                connection,
                self._id,
                now,
                now + LEASE,
                limit=room,
                each=_MOST_OF_ONE,
                busy=set(self._underway.values()),
            )
        for each in leased:
            task = asyncio.create_task(self._deliver(each, now), name="webhook")
            self._underway[task] = each.endpoint_id
            task.add_done_callback(lambda done: self._underway.pop(done, None))
        return len(leased)

    async def _deliver(self, leased: Leased, now: dt.datetime) -> None:
        """Make one attempt and store how it ended; if that fails, the lease lapses by itself."""
        try:
            result = await self._attempt(leased, now)
            async with db.transaction(self._database, _SCOPE) as connection:
                await webhooks.settle(connection, self._id, leased.id, result)
                if result.not_before is not None:
                    await webhooks.hold_off(connection, leased, result.not_before)
                gone = result.status == rules.GONE
                gone = gone and await actions.switch_off(connection, leased, now)
        except _TROUBLE as error:
            _log.error("a webhook's attempt could not be stored", reason=repr(error))
            return
        if result.state == "dead":
            _log.error(
                "a webhook is given up",
                delivery=str(leased.id),
                endpoint=str(leased.endpoint_id),
                reason=result.error,
            )
        if gone:
            _log.warning(
                "a webhook is switched off: its receiver is gone",
                endpoint=str(leased.endpoint_id),
            )

    async def _attempt(self, leased: Leased, now: dt.datetime) -> Result:
        body = _body(leased)
        headers = {
            "content-type": "application/json",
            "user-agent": "flywheel-server",
            "webhook-id": str(leased.event_id),
            "webhook-timestamp": str(int(now.timestamp())),
            # Receivers accept a delivery by any of them, so that secrets can be exchanged.
            "webhook-signature": " ".join(
                Webhook(secret).sign(str(leased.event_id), now, body.decode("utf-8"))
                for secret in leased.secrets
            ),
        }
        began = asyncio.get_running_loop().time()
        try:
            rules.check_url(leased.url, allow_private=self._outgoing.allow_private)
            answer = await self._outgoing.post(leased.url, body, headers)
        except (Refused, Unanswered, errors.InvalidInput) as error:
            return _result(leased, None, str(error), None, now)
        if 200 <= answer.status < 300:  # noqa: PLR2004
            return _result(leased, answer.status, None, None, now)
        answered = now + dt.timedelta(seconds=asyncio.get_running_loop().time() - began)
        seconds = retry_after.seconds(answer.retry_after, answer.sent_at, answered)
        asked = rules.not_before(seconds, answered)
        problem = f"it answered {answer.status}"
        if answer.status == rules.GONE:
            problem += " (gone), which switched this webhook off"
        return _result(leased, answer.status, problem, asked, now)


def _body(leased: Leased) -> bytes:
    tenant = {
        "partner_id": leased.partner_id,
        "organization_id": leased.organization_id,
        "site_id": leased.site_id,
    }
    return msgspec.json.encode(rules.payload(leased.kind, leased.occurred_at, tenant, leased.data))


def _result(
    leased: Leased,
    status: int | None,
    problem: str | None,
    asked: dt.datetime | None,
    now: dt.datetime,
) -> Result:
    attempts = leased.attempts + 1
    # Chance spreads attempts, it keeps no secret.
    wait = rules.wait_seconds(attempts, random.random())  # noqa: S311
    state = "pending"
    if problem is None:
        state = "delivered"
    elif attempts >= rules.MOST_ATTEMPTS:
        state = "dead"
    return Result(
        state=state,
        next_attempt_at=max(now + dt.timedelta(seconds=wait), asked or now),
        not_before=asked,
        status=status,
        error=None if problem is None else problem[:_LONGEST_ERROR],
        at=now,
    )


async def tell_silences(database: db.Database, interval: float, intervals: int) -> None:
    """Notice for ever when the loop of every process is silent, and have it told."""
    while True:
        await asyncio.sleep(interval)
        try:
            async with db.transaction(database, _SCOPE) as connection:
                if await events.tell_silence(connection, interval * intervals, clock.now()):
                    _log.error("the loop is silent", seconds=interval * intervals)
        except _TROUBLE as error:
            _log.warning("it is unknown whether the loop is silent", reason=repr(error))
