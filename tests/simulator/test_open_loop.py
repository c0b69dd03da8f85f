"""The load of a large fleet: it reaches the server, measures it, and goes nowhere else."""

import asyncio
import socket
from pathlib import Path

import pytest

from flywheel_server.core import embedded, errors
from simulator import open_loop
from simulator.open_loop import Figures, Load, SiteKey
from tests import programs
from tests.cast import Cast

KEYS = [SiteKey(site_id="site", key="key")]


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1:8000", "https://127.0.0.1:8000", "http://example.com", "nonsense"]
)
async def test_only_a_server_on_this_machine_is_loaded(url: str) -> None:
    with pytest.raises(errors.SetupError, match="on this machine"):
        await open_loop.run(url, KEYS, Load(appliances=1, interval=1, seconds=1, spread=0), print)


@pytest.mark.parametrize("text", ["", "[1]", '{"a": 1}', '[{"site_id": "a"}]'])
def test_a_keys_file_that_is_none_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(errors.SetupError, match="site_id"):
        open_loop.read_keys(text or "x")


async def test_every_kind_of_request_is_answered_and_timed(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    sites = [SiteKey(site_id=site.slug, key=site.key) for site in cast.sites]
    load = Load(appliances=40, interval=1, seconds=4, spread=1, connections=8)
    async with programs.serving(tmp_path, database_url=address.app_url, loop="false") as server:
        found = await open_loop.run(server.base_url, sites, load, print)
    kinds = found["kinds"]
    assert isinstance(kinds, dict)
    for kind in ("check-in", "sync", "telemetry"):
        assert kinds[kind]["answered"] > 0
        assert kinds[kind]["errors"] == 0, kinds[kind]
        assert kinds[kind]["p99_ms"] >= kinds[kind]["p50_ms"] > 0


async def test_a_server_that_is_not_there_is_counted_as_faults_and_asked_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    load = Load(appliances=5, interval=60, seconds=1, spread=0, connections=2)
    found = await open_loop.run(f"http://127.0.0.1:{port}", KEYS, load, print)
    kinds = found["kinds"]
    assert isinstance(kinds, dict)
    assert kinds["check-in"]["answered"] == 0
    assert kinds["check-in"]["errors"] >= 5


async def test_what_is_asked_again_is_no_second_appliance() -> None:
    """Broken by planning the next check-in after each that is sent again: the fleet would grow."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fleet = open_loop._Fleet("127.0.0.1", port, KEYS, Load(
        appliances=1, interval=0.5, seconds=4, spread=0, connections=1
    ))  # fmt: skip
    worker = asyncio.create_task(fleet.work())
    await fleet.schedule()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert fleet.figures["check-in"].faults.total() > 5
    planned = [each for each in fleet._due if each.kind == "check-in" and not each.again]
    assert len(planned) == 1


def test_a_fleet_is_served_as_always_after_the_last_second_that_was_not() -> None:
    figures = Figures()
    for second in range(20):
        for number in range(200):
            figures.seconds.append(second)
            # In the fourth second two of a hundred are slow, in the fifth one is.
            slow = number < {3: 4, 4: 2}.get(second, 0)
            figures.times.append(0.2 if slow else 0.01)
    assert open_loop.normal_after([figures], 20) == 4
    figures.troubled.add(6)
    assert open_loop.normal_after([figures, Figures()], 20) == 7
    figures.troubled |= {11, 16}
    assert open_loop.normal_after([figures], 20) is None
