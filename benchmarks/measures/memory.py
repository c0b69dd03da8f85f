"""The memory of one server process that has seen 100,000 appliances, and the load of that fleet.

The appliances are put into the database as their first check-in would, then each checks in; what
the process holds is read from the system. Then they live for a while, each on its own interval.
"""

import asyncio
import json
import sys
from pathlib import Path

import httpx

from benchmarks import load
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


async def run(stage: Stage) -> list[Measure]:
    ranks = stage.count(50, 5)
    fleet = len(stage.sites) * ranks
    memory = Measure(name=f"memory with {fleet:,} appliances cached", unit="MiB")
    load_of = Measure(name=f"{fleet:,} appliances on a 60 s interval", unit="requests/s")
    async with stage.copy("bench_fleet") as name, serving(stage, name) as server:
        version = await _rules(server.url, stage.sites[0].key)
        async with stage.owner(name) as connection:
            await connection.execute(
                REGISTER, [site.id for site in stage.sites], ranks, version, timeout=120
            )
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
        await _live(stage, server, ranks, load_of)
        memory.samples["after the fleet's load"] = [Sample(value=server.resident_mib())]
    return [memory, load_of]


async def _live(stage: Stage, server: Server, ranks: int, measure: Measure) -> None:
    """Run `flywheel-server fleet`, which is read off and not judged."""
    keys = stage.folder / "keys.json"
    keys.write_text(json.dumps([{"site_id": s.slug, "key": s.key} for s in stage.sites]))
    report = stage.folder / "fleet.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flywheel_server", "fleet", "--url", server.url,
        "--keys-file", str(keys), "--appliances", str(ranks * len(stage.sites)),
        "--interval", "60", "--seconds", str(stage.count(120, 10)), "--report", str(report),
    )  # fmt: skip
    if await process.wait():
        raise RuntimeError("the fleet did not run")
    found = json.loads(Path(report).read_text())
    for kind, figures in found["kinds"].items():
        measure.samples[kind] = [
            Sample(
                value=figures["answered"] / found["seconds"], p50_ms=figures["p50_ms"],
                p99_ms=figures["p99_ms"], errors=figures["errors"],
            )
        ]  # fmt: skip
    measure.client = "flywheel-server fleet (open loop)"


async def _rules(url: str, key: str) -> str:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        answer = await client.get("/agent/sync", headers={"Authorization": f"Bearer {key}"})
        version: str = answer.raise_for_status().json()["version"]
        return version
