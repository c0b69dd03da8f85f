"""POST /api/appliances/checkin by appliances that bring nothing but a newer time."""

from functools import partial

import httpx

from benchmarks import load
from benchmarks.results import Goal, Measure, alternate
from benchmarks.stage import Site, Stage, baseline, serving
from simulator import open_loop

PATH = "/api/appliances/checkin"
_CONNECTIONS = 32


async def run(stage: Stage) -> list[Measure]:
    measure = Measure(name="check-in, nothing new", unit="answers/s", client=load.client())
    database = stage.url("flywheel")
    requests = [load.request("POST", PATH, s.key, body(s, n)) for n, s in enumerate(stage.sites)]
    async with (
        serving(stage) as ours,
        baseline(
            stage, "ordinary", FLYWHEEL_DATABASE_URL=database, FLYWHEEL_LOG_LEVEL="WARNING"
        ) as ordinary,
    ):
        async with httpx.AsyncClient(base_url=ours.url, trust_env=False) as client:
            site = stage.sites[0]
            answer = await client.post(
                PATH, content=body(site, 0), headers={"Authorization": f"Bearer {site.key}"}
            )
        file = stage.folder / "check-in.json"
        file.write_bytes(answer.raise_for_status().content)
        async with baseline(stage, "bare", "200", str(file)) as bare:
            for server in (ours, ours, ours, ordinary, ordinary):
                # Registered, found unchanged, known: from then on nothing is new.
                await load.once(server.port, requests, 8)
            contenders = {
                name: partial(
                    load.steady, server.port, requests, _CONNECTIONS, stage.seconds(5), stage.folder
                )
                for name, server in (
                    ("bare ASGI", bare), ("flywheel-server", ours), ("ordinary route", ordinary)
                )
            }  # fmt: skip
            await alternate(measure, contenders, stage.rounds(5))
    measure.goals = [Goal(contender="flywheel-server", baseline="bare ASGI", ratio=0.35)]
    return [measure]


def body(site: Site, number: int, rank: int = 0) -> bytes:
    """Return what appliance ``rank`` of a site says, as daemons do."""
    return open_loop.check_in_body(site.slug, number, rank)
