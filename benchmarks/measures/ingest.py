"""Executions over HTTP: batches of a hundred from eight connections; single posts, 64 at once."""

import json
from functools import partial
from itertools import count

from benchmarks import executions, load
from benchmarks.baselines import PLAIN_TABLES
from benchmarks.measures.writer import copy
from benchmarks.results import Goal, Measure, Sample, alternate
from benchmarks.stage import Server, Stage, baseline, serving

_BATCH = 100
# More than either route answers in a second: no execution is sent twice.
_MOST_BATCHES, _MOST_SINGLES = 900, 20_000
# Of COPY, which takes about as long as a round of posts does.
_COPIES = 60
_numbers = count(1)


async def run(stage: Stage) -> list[Measure]:
    batches = Measure(name="batches of 100 over HTTP, 8 connections", unit="executions/s")
    singles = Measure(name="single posts over HTTP, 64 at once", unit="executions/s")
    batches.client = singles.client = load.client()
    async with stage.owner() as connection:
        await connection.execute(PLAIN_TABLES)
    async with (
        serving(stage) as ours,
        baseline(stage, "obvious", BENCH_URL=stage.url("flywheel", owner=True)) as obvious,
    ):
        # Every site's key is asked for once before it counts; the obvious route has no keys.
        known = [load.request("GET", "/agent/sync", site.key) for site in stage.sites]
        await load.once(ours.port, known, 8)
        await alternate(
            batches,
            {
                "COPY, 1,000 rows, 1 connection": partial(copy, stage, 1, stage.count(_COPIES, 6)),
                "flywheel-server": partial(_batches, stage, ours),
                "obvious route": partial(_batches, stage, obvious),
            },
            stage.rounds(7),
        )
        await alternate(
            singles,
            {
                "flywheel-server": partial(_singles, stage, ours),
                "obvious route": partial(_singles, stage, obvious),
            },
            stage.rounds(7),
        )
    batches.notes.append("COPY writes facts and keys, as the server does; 62 KB of JSON a post")
    batches.goals = [
        Goal(contender="flywheel-server", baseline="COPY, 1,000 rows, 1 connection", ratio=0.6),
        Goal(contender="flywheel-server", baseline="obvious route", ratio=1.5),
    ]
    singles.goals = [Goal(contender="flywheel-server", baseline="obvious route", ratio=2.5)]
    return [batches, singles]


async def _batches(stage: Stage, server: Server) -> Sample:
    word, seconds = f"batch-{next(_numbers)}", stage.seconds(2.0)
    requests = []
    for n in range(int(_MOST_BATCHES * seconds)):
        site = stage.sites[n % len(stage.sites)]
        body = executions.batch(site, _BATCH, f"{word}-{n}")
        requests.append(load.request("POST", "/api/agent/executions/batch", site.key, body))
    sample = await load.steady(server.port, requests, 8, seconds, stage.folder)
    return _many(sample, _BATCH, _MOST_BATCHES)


async def _singles(stage: Stage, server: Server) -> Sample:
    word, seconds = f"single-{next(_numbers)}", stage.seconds(3.0)
    requests = []
    for n in range(int(_MOST_SINGLES * seconds)):
        site = stage.sites[n % len(stage.sites)]
        item = executions.execution(f"{word}-{n}", n)
        body = json.dumps({"site_id": site.slug, "execution": item}).encode()
        requests.append(load.request("POST", "/api/agent/executions", site.key, body))
    sample = await load.steady(server.port, requests, 64, seconds, stage.folder)
    return _many(sample, 1, _MOST_SINGLES)


def _many(sample: Sample, each: int, most: int) -> Sample:
    if sample.errors:
        raise RuntimeError(f"{sample.errors} posts were refused")
    if sample.value > most:
        raise RuntimeError(f"executions were sent twice: give more than {most} a second")
    return Sample(
        value=sample.value * each, p50_ms=sample.p50_ms, p99_ms=sample.p99_ms, errors=sample.errors
    )
