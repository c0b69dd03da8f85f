"""Takes executions in: grouped writing for speed, idempotency and corrections for truth.

A verdict is given only after the commit that holds its execution. One writer task turns whatever
is waiting into one statement, so many small posts share a commit.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence, Set as AbstractSet
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import asyncpg

from flywheel_server.core import db, errors, log
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.executions.model.executions import Fact
from flywheel_server.executions.store import executions

_log = log.get(__name__)

Verdict = Literal["accepted", "repeated", "corrected", "refused"]
TOO_OLD = (
    "The first version of this execution is past its retention: it can no longer be corrected."
)

_MOST_WAITING = 50_000
_MOST_GROUP = 2_000
_WRITE_SECONDS = 20.0

_Key = tuple[UUID, str]


@dataclass(slots=True)
class _Submission:
    """What one request has to write: facts of one site, by their ids."""

    site_id: UUID
    facts: dict[str, Fact]
    done: "asyncio.Future[dict[_Key, bytes | None]]"


class Writer:
    """Groups facts of many requests into few statements; ``run`` works until it is cancelled."""

    def __init__(self, database: db.Database, tasks: int) -> None:
        self._database = database
        self._tasks = tasks
        self._waiting: deque[_Submission] = deque()
        self._rows_waiting = 0
        self._wake = asyncio.Condition()

    async def run(self) -> None:
        """Write what is submitted, with as many statements at once as there are tasks."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._tasks):
                group.create_task(self._work())

    async def record(self, scope: ApplianceScope, facts: Sequence[Fact]) -> list[Verdict]:
        """Write the facts of one site and return a verdict for each, in order, once committed.

        Raises DatabaseUnavailable when it cannot be known that they are committed, Unavailable
        when too much is waiting already.
        """
        first: dict[str, Fact] = {}
        again: list[tuple[int, Fact]] = []
        verdicts: list[Verdict] = ["accepted"] * len(facts)
        for index, fact in enumerate(facts):
            if first.setdefault(fact.execution_id, fact) is not fact:
                again.append((index, fact))
        taken = await self._submit(scope.site_id, first) if first else {}
        if taken or again:
            for index, fact in enumerate(facts):
                if first[fact.execution_id] is not fact:
                    continue
                if (key := (fact.site_id, fact.execution_id)) in taken:
                    verdicts[index] = await self._settle(scope, fact, taken[key])
            for index, fact in again:
                verdicts[index] = await self._settle(scope, fact, None)
        return verdicts

    async def _submit(self, site_id: UUID, facts: dict[str, Fact]) -> dict[_Key, bytes | None]:
        if self._rows_waiting > _MOST_WAITING:
            raise errors.Unavailable("Too many executions are waiting: send them again later.")
        submission = _Submission(site_id, facts, asyncio.get_running_loop().create_future())
        async with self._wake:
            self._waiting.append(submission)
            self._rows_waiting += len(facts)
            self._wake.notify()
        # Shielded: a client that goes away must not take its neighbours' statement with it.
        return await asyncio.shield(submission.done)

    async def _settle(self, scope: ApplianceScope, fact: Fact, digest: bytes | None) -> Verdict:
        """Tell a repeat from a correction, and make the correction."""
        if digest == fact.digest:
            return "repeated"
        async with db.transaction(self._database, scope) as connection:
            await executions.lock(connection, fact.site_id, fact.execution_id)
            versions = await executions.versions(connection, fact.site_id, fact.execution_id)
            if any(version.digest == fact.digest for version in versions):
                return "repeated"
            if versions:
                corrected = await executions.correct(connection, fact, versions[0])
                return "corrected" if corrected else "refused"
        # Whoever took the key rolled back: it is free again.
        taken = await self._submit(fact.site_id, {fact.execution_id: fact})
        return await self._settle(scope, fact, next(iter(taken.values()))) if taken else "accepted"

    async def _work(self) -> None:
        while True:
            async with self._wake:
                await self._wake.wait_for(lambda: self._waiting)
                group, later = self._next_group()
                self._waiting.extendleft(reversed(later))
                if self._waiting:
                    self._wake.notify()
            await self._write(group)

    def _next_group(self) -> tuple[list[_Submission], list[_Submission]]:
        """Take what fits one statement; a key may stand in it only once."""
        group: list[_Submission] = []
        later: list[_Submission] = []
        held: dict[UUID, AbstractSet[str]] = {}
        rows = 0
        while self._waiting and rows < _MOST_GROUP:
            submission = self._waiting.popleft()
            own, others = submission.facts.keys(), held.get(submission.site_id)
            if others is not None and not others.isdisjoint(own):
                later.append(submission)
                continue
            held[submission.site_id] = own if others is None else others | own
            rows += len(own)
            group.append(submission)
        self._rows_waiting -= rows
        return group, later

    async def _write(self, group: list[_Submission]) -> None:
        facts = [fact for submission in group for fact in submission.facts.values()]
        try:
            async with (
                asyncio.timeout(_WRITE_SECONDS),
                db.acquire(self._database, self._database.writer) as conn,
            ):
                taken = await executions.record(conn, facts)
        except (errors.DatabaseUnavailable, TimeoutError) as error:
            _fail(group, errors.DatabaseUnavailable(), error)
        except (asyncpg.PostgresError, UnicodeEncodeError) as error:
            await self._isolate(group, error)
        except BaseException as error:
            # Cancelled, or a bug: nobody may wait for ever, and the reason goes on its way.
            _fail(group, errors.Unavailable("The server is stopping: send it again."), error)
            raise
        else:
            for submission in group:
                _finish(submission, _own(submission, taken))

    async def _isolate(self, group: list[_Submission], error: Exception) -> None:
        """Write each submission alone, so that what the database refuses harms only its sender."""
        if len(group) == 1:
            _log.error("executions refused by the database", reason=repr(error))
            _fail(group, _refusal(error), error)
            return
        for submission in group:
            await self._write([submission])


def _refusal(error: Exception) -> errors.FlywheelError:
    if isinstance(error, (asyncpg.DataError, UnicodeEncodeError)):
        return errors.InvalidInput("A value is out of range or holds characters nobody can store.")
    return errors.Unavailable("The executions could not be written: send them again later.")


def _own(submission: _Submission, taken: dict[_Key, bytes | None]) -> dict[_Key, bytes | None]:
    site_id, facts = submission.site_id, submission.facts
    return {key: digest for key, digest in taken.items() if key[0] == site_id and key[1] in facts}


def _finish(submission: _Submission, taken: dict[_Key, bytes | None]) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):
        submission.done.set_result(taken)


def _fail(group: list[_Submission], refusal: Exception, cause: BaseException) -> None:
    refusal.__cause__ = cause
    for submission in group:
        if not submission.done.done():
            submission.done.set_exception(refusal)
            # The request that waited may be gone; its refusal is then nobody's to retrieve.
            submission.done.exception()
