"""The memory of one server process that has seen 100,000 appliances, and the load of that fleet.

The appliances are put into the database as their first check-in would, then each checks in; what
the process holds is read from the system. Then they live for a while, each on its own interval, and
return to a server that was started anew: within one interval, and ten at once of those who would.
"""

import httpx

from benchmarks import load
from benchmarks.measures import fleet
from benchmarks.measures.checkin import PATH, body
from benchmarks.results import Measure, Sample
from benchmarks.stage import Server, Stage, serving

REGISTER = """
INSERT INTO appliances (
    site_id, wire_id, mac, agent_public_key, hostname, ip_addresses, agent_version, nixos_version,
    has_local_credentials, desired_rules_hash
)
SELECT
    s.id, s.slug || '-' || m.mac, m.mac, lpad(to_hex(u.n), 32, '0') || lpad(to_hex(r), 32, '0'),
    s.slug || '-appliance-' || r, ARRAY['192.0.2.' || r], '0.1.0', '12', false, $3
FROM unnest($1::uuid[]) WITH ORDINALITY AS o (site_id, place)
JOIN sites s ON s.id = o.site_id
CROSS JOIN LATERAL (SELECT (o.place - 1)::integer AS n) u
CROSS JOIN generate_series(0, $2::integer - 1) r
CROSS JOIN LATERAL (
    SELECT upper(
        '02:00:' || lpad(to_hex(u.n >> 8), 2, '0') || ':' || lpad(to_hex(u.n & 255), 2, '0')
        || ':' || lpad(to_hex(r >> 8), 2, '0') || ':' || lpad(to_hex(r & 255), 2, '0')
    ) AS mac
) m
"""

# Faster than a server on this machine can answer them all, until shortly before they come again;
# and so many at once.
_RUSH = (10, 50, 2_000)


async def run(stage: Stage) -> list[Measure]:
    ranks = stage.count(50, 5)
    count = len(stage.sites) * ranks
    memory = Measure(name=f"memory with {count:,} appliances cached", unit="MiB")
    async with stage.copy("bench_fleet") as name:
        async with serving(stage, name) as server:
            await _fill(stage, server, name, ranks, memory)
            living = await fleet.live(
                stage, server, count, f"{count:,} appliances on a {fleet.INTERVAL} s interval",
                seconds=stage.count(120, 10), spread=fleet.INTERVAL,
            )  # fmt: skip
            memory.samples["after the fleet's load"] = [Sample(value=server.resident_mib())]
        returns = [
            await _return(stage, name, count, fleet.INTERVAL, fleet.INTERVAL, 256),
            await _return(stage, name, count, *_RUSH),
        ]
    return [memory, living, *returns]


async def _fill(stage: Stage, server: Server, name: str, ranks: int, memory: Measure) -> None:
    """Have each appliance of the fleet check in, as one that was seen before."""
    version = await _rules(server.url, stage.sites[0].key)
    async with stage.owner(name) as connection:
        sites = [site.id for site in stage.sites]
        await connection.execute(REGISTER, sites, ranks, version, timeout=120)
        await connection.execute("VACUUM (ANALYZE) appliances")
    memory.samples["at the start"] = [Sample(value=server.resident_mib())]
    for rank in range(ranks):
        requests = [
            load.request("POST", PATH, site.key, body(site, number, rank))
            for number, site in enumerate(stage.sites)
        ]
        sample = await load.once(server.port, requests, 16)
        if sample.errors:
            raise RuntimeError(f"{sample.errors} check-ins were refused")
    memory.samples["all cached"] = [Sample(value=server.resident_mib())]
    memory.limits["all cached"] = 250


async def _return(
    stage: Stage, name: str, count: int, spread: int, seconds: int, connections: int
) -> Measure:
    """Start a server anew on the same database, and have all return to it."""
    async with serving(stage, name) as server:
        return await fleet.live(
            stage, server, count, f"{count:,} appliances return within {spread} s of a start",
            seconds=stage.count(seconds, 8), spread=spread, connections=connections,
        )  # fmt: skip


async def _rules(url: str, key: str) -> str:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        answer = await client.get("/agent/sync", headers={"Authorization": f"Bearer {key}"})
        version: str = answer.raise_for_status().json()["version"]
        return version
