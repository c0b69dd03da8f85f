"""How soon `make demo` is ready, the first time and the second."""

import asyncio
import os
import signal
import sys
import time

from benchmarks.results import Measure, Sample
from benchmarks.stage import Stage, free_port

_READY = b"operator"
_LONGEST = 90.0


async def run(stage: Stage) -> list[Measure]:
    measure = Measure(name="make demo, until it is ready", unit="s")
    for name in ("first start", *["second start"] * stage.rounds(3)):
        sample = Sample(value=await _start(stage))
        measure.samples.setdefault(name, []).append(sample)
        print(f"    {measure.name}: {name} {sample.value:.1f} s", flush=True)
    measure.limits["second start"] = 5
    return [measure]


async def _start(stage: Stage) -> float:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FLYWHEEL_")}
    own = {"FLYWHEEL_DATA_DIR": str(stage.folder / "demo"), "FLYWHEEL_PORT": str(free_port())}
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "flywheel_server", "demo", env=kept | own,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_LONGEST):
            while line := await process.stdout.readline():
                if b"ready" in line.lower():
                    return time.perf_counter() - began
        raise RuntimeError("the demo ended before it was ready")
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()
