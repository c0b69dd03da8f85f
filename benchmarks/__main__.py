"""`make bench`, `make bench only=sync quick=1`: runs the measures and writes what they found."""

import argparse
import signal
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks import report, stage
from benchmarks.measures import attacks, checkin, demo, ingest, memory, pages, sync, turn, writer
from benchmarks.results import Measure
from flywheel_server.core import log

MEASURES = {
    "sync": sync.run,
    "checkin": checkin.run,
    "ingest": ingest.run,
    "writer": writer.run,
    "memory": memory.run,
    "demo": demo.run,
    "pages": pages.run,
    "turn": turn.run,
    "attacks": attacks.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of {', '.join(MEASURES)}, by commas")
    parser.add_argument("--quick", action="store_true", help="few rounds, little history")
    parser.add_argument("--folder", type=Path, default=Path("bench"), help="where results go")
    parser.add_argument("--docs", type=Path, help="also put the figures into this page")
    chosen = parser.parse_args()
    names = [name for name in chosen.only.split(",") if name] or list(MEASURES)
    if unknown := set(names) - MEASURES.keys():
        parser.error(f"there is no measure {', '.join(sorted(unknown))}")
    log.configure("WARNING", "text")
    # Told to end, it ends what it started, as at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    host = report.machine()
    measures = uvloop.run(_run(names, host, chosen.folder, quick=chosen.quick))
    if chosen.docs is not None:
        report.publish(chosen.docs, measures, host)
    print(f"\n{report.table(measures)}\n")
    for measure in measures:
        for note in measure.notes:
            print(f"{measure.name}: {note}")
    print(f"written: {chosen.folder}/results.json, table.md, chart.svg")


async def _run(
    names: list[str], host: dict[str, str], results: Path, *, quick: bool
) -> list[Measure]:
    measures: list[Measure] = []
    with tempfile.TemporaryDirectory(prefix="flywheel-bench-") as folder:
        # A database of its own for each, so that none meets what another left.
        for name in names:
            print(f"{name} …", flush=True)
            began = time.monotonic()
            place = Path(folder) / name
            place.mkdir()
            async with stage.opened(place, quick=quick) as ready:
                measures += await MEASURES[name](ready)
            print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
            # After each, so that an interrupted run leaves what it found.
            report.write(results, measures, host)
    return measures


if __name__ == "__main__":
    main()
