"""Liveness, readiness and figures: what is wrong is said, with the remedy."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from flywheel_server.app import create_app
from flywheel_server.core import embedded, migrations
from flywheel_server.core.settings import Settings
from tests import telemetry
from tests.cast import Cast


async def _ready(settings: Settings, url: str) -> httpx.Response:
    app = create_app(settings, url)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client,
    ):
        assert (await client.get("/health")).json() == {"status": "ok"}
        return await client.get("/ready")


async def test_a_current_database_is_ready(client: httpx.AsyncClient) -> None:
    response = await client.get("/ready")

    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "ready"
    assert body["schema_revision"] == body["needed_revision"] == migrations.head()


@pytest.mark.parametrize("revision", ["0001", "base"])
async def test_an_old_schema_is_not_ready_and_names_the_command(
    settings: Settings, address: embedded.Address, revision: str
) -> None:
    """Made to fail by comparing no revisions in ``health._reason``."""
    await asyncio.to_thread(migrations.downgrade, address.owner_url, revision)

    response = await _ready(settings, address.app_url)

    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert "flywheel-server migrate" in response.json()["detail"]


async def test_an_empty_database_is_not_ready_either(
    settings: Settings, address: embedded.Address
) -> None:
    empty = address.owner_url.replace("/test_", "/empty_")
    maintenance = await asyncpg.connect(address.owner_url)
    name = empty.split("/")[3].split("?")[0]
    await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE template0")

    response = await _ready(settings, empty)

    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await maintenance.close()
    assert response.status_code == 503
    assert "flywheel-server migrate" in response.json()["detail"]


async def test_no_database_at_all_is_not_ready(settings: Settings) -> None:
    response = await _ready(settings, "postgresql://nobody@127.0.0.1:1/nowhere")

    assert response.status_code == 503
    assert response.json()["database"] is False


async def test_a_loop_silent_for_three_intervals_shows(
    client: httpx.AsyncClient, owner: Any
) -> None:
    """Made to fail by a silence of 300 intervals."""
    await owner.execute(
        "INSERT INTO loop_leases"
        " VALUES ('loop', gen_random_uuid(), now(), now() - interval '179 s')"
    )
    assert (await client.get("/ready")).status_code == 200

    await owner.execute("UPDATE loop_leases SET turn_started_at = now() - interval '181 s'")

    response = await client.get("/ready")
    assert response.status_code == 503
    assert response.json()["loop_silent"] is True
    assert "flywheel_loop_silent 1.0" in (await client.get("/metrics")).text


async def test_the_figures_can_be_read_by_prometheus(client: httpx.AsyncClient, cast: Cast) -> None:
    await telemetry.send(client, cast.site, telemetry.executions(3))
    await telemetry.turn(client, cast.admin)

    families = {
        family.name: family
        for family in text_string_to_metric_families((await client.get("/metrics")).text)
    }

    (accepted,) = [
        sample.value
        for sample in families["flywheel_executions"].samples
        if sample.labels.get("verdict") == "accepted" and sample.name.endswith("_total")
    ]
    assert accepted == 3
    steps = {sample.labels["step"] for sample in families["flywheel_loop_step_seconds"].samples}
    assert "generate_patterns" in steps
    routes = {sample.labels["route"] for sample in families["flywheel_http_requests"].samples}
    assert "/api/agent/executions/batch" in routes
