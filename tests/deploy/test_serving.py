"""`flywheel-server serve` as a process: it says where it is, and ends in time whatever is open."""

import asyncio
import contextlib
import json
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from flywheel_server.core import embedded
from tests.deploy import processes

_MOST_SECONDS = 10.0


@pytest.fixture
async def served() -> AsyncIterator[tuple[processes.Server, Path]]:
    """Serve on an embedded database of its own."""
    with tempfile.TemporaryDirectory(prefix="fw-") as name:
        folder = Path(name)
        async with processes.serve(data_dir=folder, loop_interval=1) as server:
            await server.answers("/ready")
            yield server, folder
        assert not (folder / "postgres" / "postmaster.pid").exists()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_time_with_connections_open_and_a_request_under_way(
    served: tuple[processes.Server, Path], sent: signal.Signals
) -> None:
    """Broken by a drain of 60 s, and by a pool that waits for its connections for ever."""
    server, folder = served
    idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
    for reader, writer in idle[:2]:
        writer.write(b"GET /health HTTP/1.1\r\nHost: server\r\n\r\n")
        await writer.drain()
        assert b" 200 " in await reader.readline()
    # A body that never comes: this request is under way until it is cut.
    _, slow = await asyncio.open_connection("127.0.0.1", server.port)
    slow.write(
        b"POST /api/agent/executions HTTP/1.1\r\nHost: server\r\nContent-Length: 1000\r\n\r\n{"
    )
    await slow.drain()
    async with _locked_keys(folder), httpx.AsyncClient(base_url=server.url) as client:
        waiting = asyncio.create_task(
            client.get("/agent/sync", headers={"Authorization": "Bearer of-nobody"})
        )
        await _until_it_waits(folder)
        code, seconds = await server.stop(sent)
        cut = await waiting

    assert cut.status_code == 503
    assert "send it again" in cut.json()["detail"]
    assert code == 0, server.log.decode()
    assert seconds < _MOST_SECONDS
    assert b"Traceback" not in server.log, server.log.decode()
    for _, writer in [*idle, (None, slow)]:
        writer.close()


async def test_an_idle_server_ends_at_once(served: tuple[processes.Server, Path]) -> None:
    server, _ = served
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/health")).status_code == 200
        code, seconds = await server.stop()

    assert code == 0, server.log.decode()
    assert seconds < _MOST_SECONDS / 2


async def test_the_log_is_json_and_says_where_it_listens(
    served: tuple[processes.Server, Path],
) -> None:
    server, _ = served
    await server.stop()

    lines = [json.loads(line) for line in server.log.splitlines()]
    (listens,) = (line for line in lines if line["event"] == "server listens")
    assert listens["address"] == server.url
    assert lines[-1]["event"] == "server ended"
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)


async def test_log_lines_of_a_request_carry_its_id() -> None:
    with tempfile.TemporaryDirectory(prefix="fw-") as name:
        async with processes.serve(data_dir=name, loop="false", log_level="DEBUG") as server:
            await server.answers("/health")
            async with httpx.AsyncClient(base_url=server.url) as client:
                answer = await client.get("/health", headers={"X-Request-Id": "my-own-id"})
            assert answer.headers["x-request-id"] == "my-own-id"
            await server.stop()

    assert any(
        line.get("request_id") == "my-own-id" and line["level"] == "debug"
        for line in map(json.loads, server.log.splitlines())
    )


async def test_a_taken_port_is_told_in_a_sentence_and_leaves_nothing(
    served: tuple[processes.Server, Path],
) -> None:
    server, folder = served
    process = await asyncio.create_subprocess_exec(
        *processes.COMMAND,
        "serve",
        env=processes.environment(data_dir=folder, port=server.port),
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 1
    last = told.decode().strip().splitlines()[-1]
    assert last.startswith(f"flywheel-server: cannot listen on 127.0.0.1 port {server.port}")
    assert "FLYWHEEL_PORT" in last
    assert (await server.answers("/ready")).status_code == 200


def _address(folder: Path) -> str:
    return embedded._Cluster(folder, {}).address().owner_url


@contextlib.asynccontextmanager
async def _locked_keys(folder: Path) -> AsyncIterator[None]:
    """Keep everyone from reading keys."""
    connection = await asyncpg.connect(_address(folder))
    await connection.execute("BEGIN; LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE")
    yield
    connection.terminate()


async def _until_it_waits(folder: Path) -> None:
    connection = await asyncpg.connect(_address(folder))
    while not await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
    ):
        await asyncio.sleep(0.02)
    await connection.close()
