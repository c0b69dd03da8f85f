"""A turn of the loop over 10,000 new executions, after little and after much history.

History is made inside the database and folded by ordinary turns first. The baselines count from
all history what a turn keeps, into tables, so that nothing is left out. Of sites and platform: one
GROUP BY, and a second one over its few rows for the exact number of organizations. Of everything:
these, one for the rules, and one for the days.
"""

import asyncio
import itertools
import os
import time
from dataclasses import dataclass
from uuid import uuid4

import asyncpg

from benchmarks.executions import facts
from benchmarks.results import Goal, Measure, Sample
from benchmarks.stage import Stage
from flywheel_server import loop
from flywheel_server.core import clock, db
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.core.step import Step
from flywheel_server.executions.store import executions
from flywheel_server.learning.actions import folds
from flywheel_server.loop import turns

NEW = 10_000
_CHUNK = 500_000
# What keeps the statistics of sites and of the platform: what the baseline counts.
_STATISTICS = tuple(
    step for step in loop.STEPS if step.name in {"generate_patterns", "aggregate_platform"}
)
_OTHERS = tuple(step for step in loop.STEPS if step not in _STATISTICS)
_VERIFY = LoopScope(reason="the benchmark recounts every site")

_HISTORY = """
WITH s AS MATERIALIZED (SELECT array_agg(t.id ORDER BY t.id) AS ids FROM sites t),
r AS MATERIALIZED (
    SELECT array_agg(b.runbook_id ORDER BY b.runbook_id) AS ids FROM runbooks b WHERE b.executable
),
written AS (
    INSERT INTO executions (
        site_id, execution_id, received_at, evidence_at, occurred_at, level, incident_id,
        incident_type, hostname, reported_id, outcome, verified
    )
    SELECT
        s.ids[1 + n % array_length(s.ids, 1)], 'history-' || n, m.at, m.at, m.at,
        CASE WHEN n % 10 < 9 THEN 'L2' ELSE 'L1' END, 'incident-' || n,
        'type_' || (n / 2003) % 20, 'ws-' || (n / 7) % 5, r.ids[1 + (n / 2003) % 20],
        CASE WHEN n % 23 = 0 THEN 'failure' ELSE 'success' END, true
    FROM generate_series($1::bigint, $2::bigint) n
    CROSS JOIN s
    CROSS JOIN r
    CROSS JOIN LATERAL (
        SELECT date_trunc('month', now())
            + (now() - date_trunc('month', now())) * (n::float8 / $3::float8) AS at
    ) m
    RETURNING site_id, execution_id, received_at
)
INSERT INTO execution_keys (site_id, execution_id, digest, received_at)
SELECT w.site_id, w.execution_id, sha256(convert_to(w.execution_id, 'UTF8')), w.received_at
FROM written w
ORDER BY w.received_at
"""

_AS_OLD_AS_HISTORY = """
UPDATE l1_rules SET created_at = date_trunc('month', now()) WHERE source = 'platform'
"""

_RUNBOOKS = """
SELECT b.runbook_id FROM runbooks b WHERE b.executable ORDER BY b.runbook_id LIMIT 20
"""

# What a turn keeps up to date of sites and of the platform, counted from all history at once: every
# column of `patterns` and `platform_pattern_sites` that the folds add to, and no other.
_ALL = """
CREATE TEMP TABLE counted ON COMMIT DROP AS
SELECT
    e.site_id, e.incident_type, COALESCE(a.runbook_id, e.reported_id) AS runbook_id, e.hostname,
    sum(e.weight) FILTER (WHERE NOT f.chaos AND e.outcome = 'success') AS successes,
    sum(e.weight) FILTER (WHERE NOT f.chaos AND e.outcome = 'success' AND e.verified)
        AS verified_successes,
    sum(e.weight) FILTER (WHERE NOT f.chaos AND e.outcome = 'failure') AS failures,
    sum(e.weight) FILTER (WHERE e.outcome = 'not_attempted') AS not_attempted,
    sum(e.weight) FILTER (WHERE f.chaos AND e.outcome = 'success') AS chaos_successes,
    sum(e.weight) FILTER (WHERE f.chaos AND e.outcome = 'failure') AS chaos_failures,
    sum(e.weight) FILTER (WHERE f.since AND NOT f.chaos AND e.outcome = 'success')
        AS since_successes,
    sum(e.weight) FILTER (WHERE f.since AND NOT f.chaos AND e.outcome = 'success' AND e.verified)
        AS since_verified_successes,
    sum(e.weight) FILTER (WHERE f.since AND NOT f.chaos AND e.outcome = 'failure')
        AS since_failures,
    sum(e.weight) FILTER (WHERE f.since AND f.chaos AND e.outcome = 'success')
        AS since_chaos_successes,
    sum(e.weight) FILTER (WHERE f.since AND f.chaos AND e.outcome = 'failure')
        AS since_chaos_failures,
    min(e.occurred_at) AS first_seen_at, max(e.occurred_at) AS last_seen_at
FROM executions e
LEFT JOIN aliases a ON a.alias = e.reported_id
LEFT JOIN platform_patterns p
    ON p.incident_type = e.incident_type AND p.runbook_id = COALESCE(a.runbook_id, e.reported_id)
CROSS JOIN LATERAL (
    SELECT
        e.chaos_campaign_id IS NOT NULL AS chaos,
        e.evidence_at >= COALESCE(p.counted_from, '-infinity') AS since
) f
WHERE e.level = 'L2'
GROUP BY e.site_id, e.incident_type, COALESCE(a.runbook_id, e.reported_id), e.hostname
"""
_ACROSS = """
CREATE TEMP TABLE counted_across ON COMMIT DROP AS
SELECT
    c.incident_type, c.runbook_id, count(DISTINCT s.organization_id) AS organizations,
    count(DISTINCT c.site_id) AS sites,
    sum(c.successes) AS successes, sum(c.verified_successes) AS verified_successes,
    sum(c.failures) AS failures, sum(c.not_attempted) AS not_attempted,
    sum(c.chaos_successes) AS chaos_successes, sum(c.chaos_failures) AS chaos_failures,
    sum(c.since_successes) AS since_successes,
    sum(c.since_verified_successes) AS since_verified_successes,
    sum(c.since_failures) AS since_failures,
    sum(c.since_chaos_successes) AS since_chaos_successes,
    sum(c.since_chaos_failures) AS since_chaos_failures,
    min(c.first_seen_at) AS first_seen_at, max(c.last_seen_at) AS last_seen_at
FROM counted c
JOIN sites s ON s.id = c.site_id
GROUP BY c.incident_type, c.runbook_id
"""

# And what it keeps of rules and days: the same for `rule_counts` and `level_days`.
_RULES = """
CREATE TEMP TABLE counted_rules ON COMMIT DROP AS
SELECT
    e.site_id, e.incident_type, e.reported_id,
    sum(e.weight) FILTER (WHERE NOT f.chaos AND e.outcome = 'success') AS successes,
    sum(e.weight) FILTER (WHERE NOT f.chaos AND e.outcome = 'failure') AS failures,
    sum(e.weight) FILTER (WHERE e.outcome = 'not_attempted') AS not_attempted,
    sum(e.weight) FILTER (WHERE f.chaos AND e.outcome = 'success') AS chaos_successes,
    sum(e.weight) FILTER (WHERE f.chaos AND e.outcome = 'failure') AS chaos_failures,
    min(e.occurred_at) AS first_seen_at, max(e.occurred_at) AS last_seen_at
FROM executions e
CROSS JOIN LATERAL (SELECT e.chaos_campaign_id IS NOT NULL AS chaos) f
WHERE e.level = 'L1'
GROUP BY e.site_id, e.incident_type, e.reported_id
"""
_DAYS = """
CREATE TEMP TABLE counted_days ON COMMIT DROP AS
SELECT
    (e.evidence_at AT TIME ZONE 'UTC')::date AS day, e.level,
    sum(e.weight) FILTER (WHERE e.outcome = 'success') AS successes,
    sum(e.weight) FILTER (WHERE e.outcome = 'failure') AS failures,
    sum(e.weight) FILTER (WHERE e.outcome = 'not_attempted') AS not_attempted
FROM executions e
GROUP BY (e.evidence_at AT TIME ZONE 'UTC')::date, e.level
"""

# What autovacuum does within the minute that lies between turns, and not between these.
_SUMMARIZE = """
SELECT brin_summarize_new_values(i.indexrelid)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE 'autosummarize=on' = ANY(c.reloptions)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A database of the stage's cluster, opened as the server opens it."""

    name: str
    database: db.Database


async def run(stage: Stage) -> list[Measure]:
    little, much = 100_000, stage.count(10_000_000, 1_000_000)
    measure = Measure(name="turn over 10,000 new executions", unit="ms")
    small, large = f"{little:,} of history", f"{much:,} of history"
    alone = "its statistics of sites and platform"
    statistics = f"GROUP BY of these over {much:,}"
    everything = f"GROUP BYs of all its counts over {much:,}"
    differing = 0
    async with stage.copy("bench_small") as first, stage.copy("bench_large") as second:
        opened = {}
        for label, name, rows in ((small, first, little), (large, second, much)):
            database = await db.open_database(stage.url(name), statement_timeout=600)
            opened[label] = _Copy(name=name, database=database)
            seconds = await _make_history(stage, opened[label], rows)
            measure.notes.append(f"first turns over {rows:,} executions: {seconds:.1f} s")
            # Every pattern was new: one more turn settles what that left to do.
            await take_turn(database)
            async with stage.owner(name) as connection:
                await connection.execute("VACUUM (ANALYZE)")
        async with stage.owner() as connection:
            runbooks = [str(row[0]) for row in await connection.fetch(_RUNBOOKS)]
        numbers = itertools.count(1)
        # As in a loop that has run for a while: its connections know their statements.
        for _ in range(stage.rounds(3)):
            for copy in opened.values():
                await _add(stage, copy, next(numbers), runbooks)
                await take_turn(copy.database)
        for _ in range(stage.rounds(9)):
            # What the GROUP BYs put aside on the disk is not the next turn's burden.
            await asyncio.to_thread(os.sync)
            for label, copy in opened.items():
                await _add(stage, copy, next(numbers), runbooks)
                sample = Sample(value=1000 * await take_turn(copy.database))
                measure.samples.setdefault(label, []).append(sample)
                print(f"    {measure.name}: {label} {sample.value:,.1f} ms", flush=True)
            await _add(stage, opened[large], next(numbers), runbooks)
            sample = Sample(value=1000 * await take_turn(opened[large].database, _STATISTICS))
            measure.samples.setdefault(alone, []).append(sample)
            await take_turn(opened[large].database, _OTHERS)
            async with stage.owner(second) as connection:
                some = 1000 * await _group(connection, _ALL, _ACROSS)
                rest = 1000 * await _group(connection, _RULES, _DAYS)
            measure.samples.setdefault(statistics, []).append(Sample(value=some))
            measure.samples.setdefault(everything, []).append(Sample(value=some + rest))
        async with stage.owner(second) as connection:
            measure.notes.append(await _plan(connection))
        for copy in opened.values():
            async with db.transaction(copy.database, _VERIFY) as scoped:
                await scoped.execute("SET LOCAL statement_timeout = '600s'")
                differing += sum(each.differing for each in await folds.verify(scoped))
            await copy.database.close()
    measure.notes.append(f"{differing} rows differ from a recount (goal: 0)")
    measure.goals = [
        Goal(contender=large, baseline=small, ratio=1.3, at_most=True),
        Goal(contender=alone, baseline=statistics, ratio=100, inverse=True),
        Goal(contender=large, baseline=everything, ratio=100, inverse=True),
        # Against less than a turn does: what L1 did and the days are left out.
        Goal(contender=large, baseline=statistics, ratio=100, inverse=True),
    ]
    return [measure]


async def _make_history(stage: Stage, copy: _Copy, rows: int) -> float:
    """Write and fold ``rows`` executions; return the seconds of the turns that folded them.

    The first tenth makes the platform's rules, so that the rest is their past, too: what L1 did in
    it are attempts that they are watched by.
    """
    tenth = rows // 10
    await fill(stage, copy.name, range(1, tenth + 1), rows)
    seconds = await take_turn(copy.database)
    async with stage.owner(copy.name) as connection:
        await connection.execute(_AS_OLD_AS_HISTORY)
    await fill(stage, copy.name, range(tenth + 1, rows + 1), rows)
    return seconds + await take_turn(copy.database)


async def fill(stage: Stage, name: str, numbers: range, rows: int) -> None:
    """Write these of ``rows`` executions, which are spread over the month so far."""
    async with stage.owner(name) as connection:
        await connection.execute("SET synchronous_commit = off")
        for start in numbers[::_CHUNK]:
            end = min(start + _CHUNK, numbers.stop) - 1
            await connection.execute(_HISTORY, start, end, rows)
            print(f"    history: {end:,} of {rows:,}", flush=True)
        await connection.execute("VACUUM (ANALYZE) executions, execution_keys")


async def _add(stage: Stage, copy: _Copy, number: int, runbooks: list[str]) -> None:
    """Write new executions as the server does, a thousand in a statement."""
    new = facts(stage.sites, NEW, f"turn-{number}", clock.now(), runbooks)
    for start in range(0, NEW, 1_000):
        async with db.acquire(copy.database, copy.database.writer) as connection:
            await executions.record(connection, new[start : start + 1_000])
    async with stage.owner(copy.name) as connection:
        await connection.execute(_SUMMARIZE)


async def take_turn(database: db.Database, steps: tuple[Step, ...] = loop.STEPS) -> float:
    started = time.perf_counter()
    runs = await turns.run_turn(database, Settings(), steps, turn_id=uuid4(), holder=uuid4())
    seconds = time.perf_counter() - started
    for each in runs:
        if each.error:
            raise RuntimeError(f"{each.step}: {each.error}")
    print(
        "      "
        + ", ".join(f"{r.step} {r.rows_in}>{r.rows_out} {1000 * r.seconds:.0f}" for r in runs)
    )
    return seconds


async def _group(connection: "asyncpg.Connection", *statements: str) -> float:
    async with connection.transaction():
        started = time.perf_counter()
        # As much memory as a turn gives itself.
        await connection.execute("SET LOCAL work_mem = '64MB'")
        for statement in statements:
            await connection.execute(statement, timeout=600)
        return time.perf_counter() - started


async def _plan(connection: "asyncpg.Connection") -> str:
    """Return proof of what the full count did."""
    async with connection.transaction():
        lines = await connection.fetch(
            "EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) " + _ALL, timeout=600
        )
    return "plan of the GROUP BY: " + " / ".join(line[0].strip() for line in lines)
