"""A real PostgreSQL for each worker, a migrated database of its own for each test."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
import structlog

from flywheel_server.app import create_app
from flywheel_server.commands import setup
from flywheel_server.core import db, embedded
from flywheel_server.core.settings import Settings
from tests import cast as people, parts

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
# The cast signed in when it was made.
_SCENE_SECONDS = 300.0
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


class Scene:
    """A database of this worker with the cast in it, to copy: making the cast takes longest."""

    def __init__(self, cluster: embedded.Address) -> None:
        self._cluster = cluster
        self._name = ""
        self._made_at = float("-inf")
        # Who is in it, and so in the newest copy.
        self.cast: people.Cast | None = None

    async def set(self) -> str:
        """Return the database's name; it is made again when the sessions in it grow old."""
        if time.monotonic() - self._made_at > _SCENE_SECONDS:
            await self._make()
        return self._name

    async def _make(self) -> None:
        self._name = _new_name()
        async with _maintenance(self._cluster) as connection:
            await connection.execute(_copy(self._name, "flywheel"))
        database = await db.open_database(_named(self._cluster, self._name).app_url, pool_size=1)
        try:
            self.cast = await people.make_cast(database)
        finally:
            await database.close()
        self._made_at = time.monotonic()


@pytest.fixture(scope="session")
def scene(cluster: embedded.Address) -> Scene:
    return Scene(cluster)


@pytest.fixture
async def address(
    request: pytest.FixtureRequest, cluster: embedded.Address, scene: Scene
) -> AsyncIterator[embedded.Address]:
    """Make a migrated database for one test: empty, but for the cast where the test asks for it."""
    name, template = _new_name(), "flywheel"
    if "cast" in request.fixturenames:
        template = await scene.set()
    async with _maintenance(cluster) as connection:
        await connection.execute(_copy(name, template))
        yield _named(cluster, name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _new_name() -> str:
    return f"test_{os.getpid()}_{next(_numbers)}"


def _copy(name: str, template: str) -> str:
    return f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"


def _named(cluster: embedded.Address, name: str) -> embedded.Address:
    return embedded.Address(
        owner_url=cluster.owner_url.replace("/flywheel?", f"/{name}?"),
        app_url=cluster.app_url.replace("/flywheel?", f"/{name}?"),
    )


@contextlib.asynccontextmanager
async def _maintenance(
    cluster: embedded.Address,
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(cluster.owner_url.replace("/flywheel?", "/postgres?"))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def own_database(address: embedded.Address) -> AsyncIterator[db.Database]:
    """Open the test's database as another process would: what it changes is heard of later."""
    opened = await db.open_database(address.app_url, pool_size=10)
    yield opened
    await opened.close()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> db.Database:
    """Give the application's own database where the test has a client, so that its caches know.

    Whatever a test writes here is announced to them before the next request, as it is for what the
    process changes itself.
    """
    if "client" in request.fixturenames:
        return parts.of(request.getfixturevalue("client")).database
    opened: db.Database = request.getfixturevalue("own_database")
    return opened


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
def cast(address: embedded.Address, scene: Scene) -> people.Cast:  # noqa: ARG001 - copied with it
    """Give the people and places of ``tests/cast.py``, who are in the test's database."""
    if scene.cast is None:
        raise LookupError("the database was copied from one without a cast")
    return scene.cast


@pytest.fixture
async def owner(address: embedded.Address) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Give the database owner's hands, for what no part of the application may do."""
    connection = await asyncpg.connect(address.owner_url)
    yield connection
    await connection.close()
