"""The load of 100,000 appliances, each on its own interval, and their return after a restart.

Read off and not judged: the client shares the machine with what it measures. Open loop, so that a
request's time counts from the moment it was due.
"""

import asyncio
import json
import sys
from typing import Any

from benchmarks.results import Measure, Sample
from benchmarks.stage import Server, Stage

INTERVAL = 60


async def live(
    stage: Stage, server: Server, appliances: int, name: str,
    *, seconds: int, spread: int, connections: int = 256,
) -> Measure:  # fmt: skip
    """Run `flywheel-server fleet` for some time; ``spread`` is how long the first round takes."""
    options = {"appliances": appliances, "interval": INTERVAL, "seconds": seconds}
    options |= {"spread": spread, "connections": connections}
    found = await _run(stage, server, options)
    measure = Measure(
        name=name, unit="requests/s", client="flywheel-server fleet (open loop)",
        samples={
            kind: [
                Sample(
                    value=figures["answered"] / found["seconds"], p50_ms=figures["p50_ms"],
                    p99_ms=figures["p99_ms"], errors=figures["errors"],
                )
            ]
            for kind, figures in found["kinds"].items()
        },
    )  # fmt: skip
    shed = ", ".join(f"{figures['shed']:,} {kind}" for kind, figures in found["kinds"].items())
    normal = found["normal_after_seconds"]
    measure.notes = [
        f"answered 503 with Retry-After: {shed}; due and unsent at the end: {found['waiting']:,}",
        "not served as always within the time"
        if normal is None
        else f"served as always after {normal} s (99 of 100 within 0.1 s, none refused)",
    ]
    return measure


async def _run(stage: Stage, server: Server, options: dict[str, int]) -> dict[str, Any]:
    keys = stage.folder / "keys.json"
    keys.write_text(json.dumps([{"site_id": s.slug, "key": s.key} for s in stage.sites]))
    report = stage.folder / "fleet.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flywheel_server", "fleet", "--url", server.url,
        "--keys-file", str(keys), "--report", str(report),
        *(text for name, value in options.items() for text in (f"--{name}", str(value))),
    )  # fmt: skip
    if await process.wait():
        raise RuntimeError("the fleet did not run")
    found: dict[str, Any] = json.loads(report.read_text())
    return found
