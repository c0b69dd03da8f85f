"""With the database gone, appliances get what is certain or a 503, and all mends itself."""

import asyncio
import time
from pathlib import Path

import httpx

from flywheel_server.commands import setup
from flywheel_server.core import db, embedded
from flywheel_server.core.settings import Settings
from tests import cast as people, telemetry
from tests.journeys.conftest import listening


async def _until(http: httpx.AsyncClient, path: str, status: int, headers: dict[str, str]) -> None:
    async with asyncio.timeout(60):
        while (await http.get(path, headers=headers)).status_code != status:
            await asyncio.sleep(0.05)


async def test_sync_answers_from_memory_for_five_seconds_and_then_never_a_shortened_set(
    tmp_path: Path, settings: Settings
) -> None:
    """Made to fail by trusting the cache without an end, and by an empty set on errors (F32)."""
    async with embedded.running(tmp_path / "data") as address:
        await setup.migrate(address.owner_url, settings)
        database = await db.open_database(address.app_url)
        cast = await people.make_cast(database)
        await database.close()
        cluster = embedded._Cluster(tmp_path / "data", {})
        cluster.prepare()
        async with (
            listening(settings, address.app_url) as base_url,
            httpx.AsyncClient(base_url=base_url, timeout=30) as http,
        ):
            await _until(http, "/ready", 200, {})
            whole = (await http.get("/agent/sync", headers=cast.site.headers)).content

            await asyncio.to_thread(cluster.stop)
            stopped_at = time.monotonic()

            seen: list[tuple[float, httpx.Response]] = []
            while not seen or (seen[-1][1].status_code == 200 and seen[-1][0] < 10):
                sent_at = time.monotonic()
                answer = await http.get("/agent/sync", headers=cast.site.headers)
                seen.append((sent_at - stopped_at, answer))
            *answered, (_, refused) = seen
            assert all(answer.content == whole for _, answer in answered)
            assert all(sent < 5.5 for sent, _ in answered)
            assert refused.status_code == 503
            assert refused.headers["content-type"] == "application/problem+json"
            assert (await http.get("/health")).status_code == 200
            ready = await http.get("/ready")
            assert (ready.status_code, ready.json()["database"]) == (503, False)
            assert "flywheel_database_up 0.0" in (await http.get("/metrics")).text
            lost = await http.post(
                "/api/agent/executions",
                json={"execution": telemetry.execution()},
                headers=cast.site.headers,
            )
            assert lost.status_code == 503

            await cluster.ensure_started()
            cluster.leave()

            await _until(http, "/agent/sync", 200, cast.site.headers)
            again = await http.get("/agent/sync", headers=cast.site.headers)
            assert again.content == whole
            await _until(http, "/ready", 200, {})
            item = telemetry.execution()
            assert (await telemetry.send(http, cast.site, [item]))["accepted"] == 1
