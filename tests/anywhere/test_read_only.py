"""A database that takes no writes, or is lost, is 503 and told of; never 500."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from flywheel_server.core import database_refusals, db, errors
from tests import parts, telemetry
from tests.anywhere import failing_over
from tests.cast import STAGE, Cast

DISK_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file "base/5/16384": No space left on device'
        USING ERRCODE = 'disk_full';
END $$;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition
    LOOP
        EXECUTE format('CREATE TRIGGER a_full_disk BEFORE INSERT OR UPDATE ON %I
            FOR EACH ROW EXECUTE FUNCTION full_disk()', name);
    END LOOP;
END $$
"""
ROOM_AGAIN = "DROP FUNCTION full_disk CASCADE"


async def _writes(client: httpx.AsyncClient, cast: Cast) -> dict[str, httpx.Response]:
    """Write in each of the ways that there are: an appliance's, a person's, the loop's."""
    site, admin = cast.site.headers, cast.admin.headers
    return {
        "one execution": await client.post(
            "/api/agent/executions",
            json={"execution": telemetry.execution()},
            headers=site,
        ),
        "executions": await client.post(
            "/api/agent/executions/batch",
            json={"site_id": cast.site.slug, "executions": telemetry.executions(2)},
            headers=site,
        ),
        "check-in": await client.post(
            "/api/appliances/checkin",
            json={
                "site_id": cast.site.slug,
                "hostname": "NEW-1",
                "mac_address": "02:00:00:00:00:07",
            },
            headers=site,
        ),
        "incident": await client.post(
            "/incidents",
            json={
                "site_id": cast.site.slug,
                "host_id": "WS-1",
                "incident_type": "service_stopped",
                "severity": "high",
            },
            headers=site,
        ),
        "partner": await client.post(
            "/api/admin/partners", json={"name": "Another"}, headers=admin
        ),
        "turn": await client.post("/api/admin/flywheel/run", headers=admin),
    }


@pytest.mark.parametrize("kind", ["read-only", "full disk"])
async def test_writes_wait_reads_go_on_and_everything_tells_of_it(
    client: httpx.AsyncClient, cast: Cast, owner: Any, kind: str
) -> None:
    """Broken by the driver's own error, which was 500, and by a readiness that only reads."""
    assert (await client.get("/ready")).status_code == 200
    why = database_refusals.READ_ONLY if kind == "read-only" else database_refusals.DISK_FULL
    await parts.settle(client)
    async with failing_over.turned_read_only(owner) if kind == "read-only" else _full(owner):
        answers = await _writes(client, cast)
        ready = await client.get("/ready")
        figures = (await client.get("/metrics")).text
        read = await client.get("/api/admin/rules", headers=cast.admin.headers)
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
        answers, 503
    )
    assert all("retry-after" in answer.headers for answer in answers.values())
    assert ready.status_code == 503
    assert ready.json()["detail"] == f"{why[0].upper()}{why[1:]}."
    assert (ready.json()["database"], ready.json()["database_writable"]) == (True, False)
    assert "flywheel_database_up 0.0" in figures
    assert "flywheel_database_writable 0.0" in figures
    assert read.status_code == 200

    runtime = parts.of(client)
    runtime.database.condition._refused_at = float("-inf")
    async with asyncio.timeout(20):
        while (await client.get("/ready")).status_code != 200:
            await asyncio.sleep(0.01)
    assert {
        name: answer.status_code for name, answer in (await _writes(client, cast)).items()
    }.keys() == answers.keys()
    assert (await telemetry.send(client, cast.site, telemetry.executions(1)))["accepted"] == 1
    assert "flywheel_database_up 1.0" in (await client.get("/metrics")).text


@asynccontextmanager
async def _full(owner: Any) -> AsyncIterator[None]:
    await owner.execute(DISK_FULL)
    yield
    await owner.execute(ROOM_AGAIN)


async def test_a_readiness_alone_finds_it(client: httpx.AsyncClient, owner: Any) -> None:
    assert (await client.get("/ready")).status_code == 200
    async with failing_over.turned_read_only(owner):
        assert (await client.get("/ready")).status_code == 503
        assert "flywheel_database_writable 0.0" in (await client.get("/metrics")).text


async def test_connections_are_made_again_after_a_write_was_refused(
    database: db.Database, owner: Any
) -> None:
    """Broken by a pool that keeps its connections to a server that is primary no more."""

    async def process() -> int:
        async with db.transaction(database, STAGE) as connection:
            return int(await connection.fetchval("SELECT pg_backend_pid()"))

    first = await process()
    assert await process() == first
    async with failing_over.turned_read_only(owner):
        with pytest.raises(errors.DatabaseUnavailable, match="read-only"):
            async with db.transaction(database, STAGE) as connection:
                await connection.execute("INSERT INTO partners (name) VALUES ('One')")

        assert await process() != first


def _by_state(sqlstate: str, message: str = "lost") -> Exception:
    return asyncpg.PostgresError.new({"C": sqlstate, "M": message, "S": "FATAL", "V": "FATAL"})


LOST = {
    "cannot switch": asyncpg.InternalClientError(
        "cannot switch to state 12; another operation (2) is in progress"
    ),
    "free holder": asyncpg.InternalClientError(
        "PoolConnectionHolder.release() called on a free connection holder"
    ),
    "protocol": asyncpg.exceptions.ProtocolError("unexpected message"),
    "closed": asyncpg.InterfaceError("connection is closed"),
    "does not exist": asyncpg.ConnectionDoesNotExistError("connection was closed"),
    "reset": ConnectionResetError(104, "Connection reset by peer"),
    "no route": OSError(113, "No route to host"),
    "time": TimeoutError(),
    "shut down": _by_state("57P01"),
    "crash": _by_state("57P02"),
    "starting": _by_state("57P03"),
    "dropped": _by_state("57P04"),
    "idle": _by_state("57P05"),
    "idle in transaction": _by_state("25P03"),
    "transaction timeout": _by_state("25P04"),
    "connections": _by_state("53300"),
    "memory": _by_state("53200"),
    "disk": _by_state("53100"),
    "input and output": _by_state("58030"),
    "file gone": _by_state("58P01"),
    "read-only": _by_state("25006"),
    "connection failure": _by_state("08006"),
    "schema changed": asyncpg.InvalidCachedStatementError("cached statement plan is invalid"),
}


@pytest.mark.parametrize("kind", LOST)
async def test_whatever_tells_of_a_lost_database_is_unavailable(
    database: db.Database, kind: str
) -> None:
    with pytest.raises(errors.DatabaseUnavailable):
        async with db.transaction(database, STAGE):
            raise LOST[kind]

    async with db.transaction(database, STAGE) as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_connection_that_is_gone_at_its_release_does_not_hide_what_came_of_it(
    database: db.Database,
) -> None:
    async with db.acquire(database) as connection:
        await database.pool.release(connection)  # type: ignore[arg-type]

    async with db.acquire(database) as connection:
        assert await connection.fetchval("SELECT 1") == 1
