"""A real PostgreSQL for each worker, a migrated database of its own for each test."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
import structlog

from flywheel_server import db, embedded, setup
from flywheel_server.app import create_app
from flywheel_server.settings import Settings
from tests import cast as people

# The usual renderer takes seconds for the local variables of one refused request.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
# Durability is tested where it matters, on a database of its own; here speed matters.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
# Each test copies a database of some five hundred files: in memory that takes a tenth of the time.
MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 * 1024**3
_numbers = itertools.count(1)


def _roomiest() -> Path | None:
    """Return where the tests' databases go: memory, if there is room, else the usual place."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if usable and shutil.disk_usage(MEMORY).free > _ROOM_BYTES else None


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(loop=False)


@pytest.fixture(scope="session")
def cluster(settings: Settings) -> Iterator[embedded.Address]:
    """Start this worker's PostgreSQL, with a migrated database to copy from."""
    with (
        asyncio.Runner() as runner,
        tempfile.TemporaryDirectory(prefix="flywheel-test-", dir=_roomiest()) as folder,
    ):
        stack = contextlib.AsyncExitStack()
        address = runner.run(
            stack.enter_async_context(embedded.running(Path(folder) / "data", FAST))
        )
        try:
            runner.run(setup.migrate(address.owner_url, settings))
            runner.run(_keep_last_month(address.owner_url))
            yield address
        finally:
            runner.run(stack.aclose())


async def _keep_last_month(url: str) -> None:
    """Make room for facts of days ago, as every server has that is older than a month."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT ensure_partition('executions', (m - interval '1 month')::date, m::date)"
        " FROM date_trunc('month', now()) AS m"
    )
    await connection.close()


@pytest.fixture
async def address(cluster: embedded.Address) -> AsyncIterator[embedded.Address]:
    """Make a migrated, otherwise empty database for one test."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    maintenance = cluster.owner_url.replace("/flywheel?", "/postgres?")
    connection = await asyncpg.connect(maintenance)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE flywheel STRATEGY FILE_COPY")
        yield embedded.Address(
            owner_url=cluster.owner_url.replace("/flywheel?", f"/{name}?"),
            app_url=cluster.app_url.replace("/flywheel?", f"/{name}?"),
        )
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.fixture
async def database(address: embedded.Address) -> AsyncIterator[db.Database]:
    """Open the test's database as the application does."""
    opened = await db.open_database(address.app_url, pool_size=10)
    yield opened
    await opened.close()


@pytest.fixture
def hot() -> bool:
    """Say whether the fast path stands before the routes; modules about its routes try both."""
    return True


@pytest.fixture
async def client(
    settings: Settings, address: embedded.Address, hot: bool
) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to a whole application, without a socket between."""
    app = create_app(settings, address.app_url, hot=hot)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as opened:
            yield opened


@pytest.fixture
async def cast(database: db.Database) -> people.Cast:
    """Make the people and places of ``tests/cast.py``."""
    return await people.make_cast(database)


@pytest.fixture
async def owner(address: embedded.Address) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Give the database owner's hands, for what no part of the application may do."""
    connection = await asyncpg.connect(address.owner_url)
    yield connection
    await connection.close()
