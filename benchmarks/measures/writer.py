"""The writer without HTTP: a thousand a batch, and single executions, grouped or one by one."""

import asyncio
import time
from functools import partial
from itertools import count

import asyncpg

from benchmarks.baselines import COLUMNS, KEY_COLUMNS, PLAIN_TABLES
from benchmarks.executions import facts
from benchmarks.results import Goal, Measure, Sample, alternate
from benchmarks.stage import Stage
from flywheel_server.core import clock, db
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.executions.actions.ingest import Writer
from flywheel_server.executions.model.executions import Fact
from flywheel_server.executions.store import executions

_numbers = count(1)
_AT_ONCE = 64


async def run(stage: Stage) -> list[Measure]:
    async with stage.owner() as connection:
        await connection.execute(PLAIN_TABLES)
    measures = []
    for connections in (1, 8):
        many = f"{connections} connection{'s' if connections > 1 else ''}"
        measure = Measure(name=f"the writer, 1,000 a batch, {many}", unit="executions/s")
        batches = stage.count(60, 16)
        await alternate(
            measure,
            {
                "COPY": partial(copy, stage, connections, batches),
                "the writer's statement": partial(_batches, stage, connections, batches),
            },
            stage.rounds(5),
        )
        measure.goals = [Goal(contender="the writer's statement", baseline="COPY", ratio=0.65)]
        measures.append(measure)
    grouped = Measure(name="single executions at the writer, 64 at once", unit="executions/s")
    posts = stage.count(10_000, 2_000)
    await alternate(
        grouped,
        {
            "one statement and commit each": partial(_direct, stage, posts),
            "grouped": partial(_grouped, stage, posts),
        },
        stage.rounds(5),
    )
    grouped.goals = [Goal(contender="grouped", baseline="one statement and commit each", ratio=4)]
    grouped.notes.append("each alone: 64 connections; grouped: the two of the writer")
    return [*measures, grouped]


async def copy(stage: Stage, connections: int, batches: int) -> Sample:
    """COPY batches of a thousand into the plain tables, facts and keys, a commit each."""
    prepared = [_rows(_facts(stage, 1_000)) for _ in range(batches)]
    pool = await asyncpg.create_pool(
        stage.url("flywheel", owner=True), min_size=connections, max_size=connections
    )

    async def write(share: list[tuple[list[tuple[object, ...]], list[tuple[object, ...]]]]) -> None:
        async with pool.acquire() as connection:
            for rows, keys in share:
                async with connection.transaction():
                    await connection.copy_records_to_table(
                        "plain_keys", records=keys, columns=KEY_COLUMNS
                    )
                    await connection.copy_records_to_table(
                        "plain_executions", records=rows, columns=COLUMNS
                    )

    try:
        return await _timed(
            [write(prepared[n::connections]) for n in range(connections)], batches * 1_000
        )
    finally:
        await pool.close()


async def _batches(stage: Stage, connections: int, batches: int) -> Sample:
    prepared = [_facts(stage, 1_000) for _ in range(batches)]
    database = await db.open_database(stage.url("flywheel"), writer_pool_size=connections)

    async def write(share: list[list[Fact]]) -> None:
        for batch in share:
            async with db.acquire(database, database.writer) as connection:
                taken = await executions.record(connection, batch)
                assert not taken

    try:
        await write([_facts(stage, 1)])
        return await _timed(
            [write(prepared[n::connections]) for n in range(connections)], batches * 1_000
        )
    finally:
        await database.close()


async def _direct(stage: Stage, posts: int) -> Sample:
    waiting = _facts(stage, posts)
    database = await db.open_database(stage.url("flywheel"), writer_pool_size=_AT_ONCE)
    times: list[float] = []

    async def write(share: list[Fact]) -> None:
        for fact in share:
            began = time.perf_counter()
            async with db.acquire(database, database.writer) as connection:
                await executions.record(connection, [fact])
            times.append(time.perf_counter() - began)

    try:
        await asyncio.gather(*(write(_facts(stage, 6)) for _ in range(_AT_ONCE)))
        times.clear()
        return await _timed([write(waiting[n::_AT_ONCE]) for n in range(_AT_ONCE)], posts, times)
    finally:
        await database.close()


async def _grouped(stage: Stage, posts: int) -> Sample:
    waiting = _facts(stage, posts)
    database = await db.open_database(stage.url("flywheel"), writer_pool_size=2)
    writer = Writer(database, 2)
    running = asyncio.create_task(writer.run())
    slugs = {site.id: site.slug for site in stage.sites}
    times: list[float] = []

    async def write(share: list[Fact]) -> None:
        for fact in share:
            began = time.perf_counter()
            scope = ApplianceScope(
                key_id=fact.site_id, site_id=fact.site_id, site_slug=slugs[fact.site_id]
            )
            await writer.record(scope, [fact])
            times.append(time.perf_counter() - began)

    try:
        await asyncio.gather(*(write(_facts(stage, 6)) for _ in range(_AT_ONCE)))
        times.clear()
        return await _timed([write(waiting[n::_AT_ONCE]) for n in range(_AT_ONCE)], posts, times)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await database.close()


async def _timed(
    work: list["asyncio._CoroutineLike[None]"], rows: int, times: list[float] | None = None
) -> Sample:
    began = time.perf_counter()
    await asyncio.gather(*work)
    took = time.perf_counter() - began
    if not times:
        return Sample(value=rows / took)
    times.sort()
    return Sample(
        value=rows / took,
        p50_ms=1000 * times[len(times) // 2],
        p99_ms=1000 * times[len(times) * 99 // 100],
    )


def _facts(stage: Stage, count: int) -> list[Fact]:
    return facts(stage.sites, count, f"writer-{next(_numbers)}", clock.now())


def _rows(batch: list[Fact]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    now = clock.now()
    rows: list[tuple[object, ...]] = [
        (
            f.site_id, f.execution_id, now, now, f.occurred_at, f.level, f.incident_id,
            f.incident_type, f.hostname, f.platform, f.reported_id, f.outcome, f.verified,
            f.duration_seconds, f.confidence, f.cost_usd, f.input_tokens, f.output_tokens,
            f.reasoning, f.detail,
        )
        for f in batch
    ]  # fmt: skip
    return rows, [(f.site_id, f.execution_id, f.digest, now) for f in batch]
