"""The load of a large fleet: it reaches the server, measures it, and goes nowhere else."""

import socket
from pathlib import Path

import pytest

from flywheel_server import embedded, errors
from flywheel_server.fleet import open_loop
from flywheel_server.fleet.open_loop import Load, SiteKey
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
