"""What the attacks of `tests/attacks` do to the check-ins of others, and to the server's memory."""

from benchmarks.results import Measure, Sample
from benchmarks.stage import Stage, serving
from tests.attacks import beside, strangers
from tests.attacks.beside import Scene

_CHECK_INS = 200
_MOST_MS = 250.0


async def run(stage: Stage) -> list[Measure]:
    waits = Measure(name="the slowest check-in but one of another site, under attack", unit="ms")
    grown = Measure(name="memory that an attack takes", unit="MiB")
    attacks = strangers.ATTACKS | {"idle connections": strangers.idle_connections}
    for name, attack in attacks.items():
        # A server for each: memory that one took is not given back.
        async with serving(stage, loop="false", max_connections="300") as server:
            scene = Scene(
                port=server.port,
                pid=server.process.pid,
                key=stage.sites[0].key,
                log=stage.folder / f"process-{server.port}.log",
            )
            await beside.check_ins(scene, 5)
            effect = await beside.measure(scene, attack, stage.count(_CHECK_INS, 40))
        rows = waits.samples
        rows.setdefault("no attack", []).append(Sample(value=effect.quiet * 1_000))
        rows[name] = [Sample(value=effect.attacked * 1_000)]
        grown.samples[name] = [Sample(value=max(0.0, effect.grown_mib))]
        waits.limits[name], grown.limits[name] = _MOST_MS, beside.MOST_MIB
        print(
            f"    {name}: {effect.attacked * 1_000:.0f} ms, {effect.grown_mib:.0f} MiB", flush=True
        )
    return [waits, grown]
