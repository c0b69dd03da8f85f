"""GET /agent/sync: unchanged, and whole, for appliances of two thousand sites."""

from functools import partial

import httpx

from benchmarks import load
from benchmarks.results import Goal, Measure, alternate
from benchmarks.stage import Stage, baseline, serving

PATH = "/agent/sync"
_CONNECTIONS = 32


async def run(stage: Stage) -> list[Measure]:
    unchanged = Measure(name="sync, unchanged (304)", unit="answers/s", client=load.client())
    whole = Measure(name="sync, whole (200)", unit="answers/s", client=load.client())
    database = stage.url("flywheel")
    async with (
        serving(stage) as ours,
        baseline(
            stage, "ordinary", FLYWHEEL_DATABASE_URL=database, FLYWHEEL_LOG_LEVEL="WARNING"
        ) as ordinary,
    ):
        first = await _first(ours.url, stage.sites[0].key)
        etag = first.headers["etag"]
        file = stage.folder / "rule-set.json"
        file.write_bytes(first.content)
        whole.notes.append(f"{len(first.content):,} bytes")
        bounds = f"etag={etag}", "cache-control=private, no-cache"
        async with (
            baseline(stage, "bare", "304", "-", *bounds) as bare_304,
            baseline(stage, "bare", "200", str(file), *bounds) as bare_200,
        ):
            known = {"If-None-Match": etag}
            for measure, bare, headers in ((unchanged, bare_304, known), (whole, bare_200, {})):
                requests = [
                    load.request("GET", f"{PATH}?site_id={s.slug}", s.key, headers=headers)
                    for s in stage.sites
                ]
                contenders = {
                    name: partial(
                        load.steady, server.port, requests, _CONNECTIONS, stage.seconds(5),
                        stage.folder,
                    )
                    for name, server in (
                        ("bare ASGI", bare), ("flywheel-server", ours), ("ordinary route", ordinary)
                    )
                }  # fmt: skip
                for server in (ours, ordinary):
                    # Every site's key and rule set is asked for once before it counts.
                    await load.once(server.port, requests, 8)
                await alternate(measure, contenders, stage.rounds(5))
    unchanged.goals = [
        Goal(contender="flywheel-server", baseline="bare ASGI", ratio=0.85),
        Goal(contender="flywheel-server", baseline="ordinary route", ratio=2),
    ]
    whole.goals = [Goal(contender="flywheel-server", baseline="bare ASGI", ratio=0.80)]
    return [unchanged, whole]


async def _first(url: str, key: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        answer = await client.get(PATH, headers={"Authorization": f"Bearer {key}"})
        answer.raise_for_status()
        return answer
