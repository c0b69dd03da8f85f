"""One browser for each worker, one server and database for each test, one context for each reader.

Browser and server share the session's event loop. Without Chromium these tests skip, and say how
to get it.
"""

import contextlib
import itertools
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from flywheel_server.core import embedded
from tests.portal import browsing, crowd, stage as stages

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start this worker's browser."""
    if not browsing.CHROMIUM.exists():
        pytest.skip(
            f"{browsing.CHROMIUM} is missing: `apt-get install chromium` as root, on Debian"
        )
    async with browsing.chromium() as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def prepared(cluster: embedded.Address) -> AsyncIterator[tuple[str, stages.Set]]:
    """Prepare this worker's stage, for each test to have a copy of its database."""
    async with _database(cluster, "flywheel") as (name, address):
        yield name, await stages.prepare(address)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(
    cluster: embedded.Address, prepared: tuple[str, stages.Set]
) -> AsyncIterator[stages.Stage]:
    """Serve a database of the test's own."""
    template, found = prepared
    async with _database(cluster, template) as (_, address), stages.opened(address, found) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gathered(
    cluster: embedded.Address, prepared: tuple[str, stages.Set]
) -> AsyncIterator[tuple[str, stages.Set]]:
    """Prepare this worker's stage with something on every list."""
    template, found = prepared
    async with _database(cluster, template) as (name, address):
        async with stages.opened(address, found) as made:
            await crowd.gather(made)
        yield name, found


@pytest_asyncio.fixture(loop_scope="session")
async def crowded(
    cluster: embedded.Address, gathered: tuple[str, stages.Set]
) -> AsyncIterator[stages.Stage]:
    """Serve a database of the test's own, with something on every list."""
    template, found = gathered
    async with _database(cluster, template) as (_, address), stages.opened(address, found) as made:
        yield made


@contextlib.asynccontextmanager
async def _database(
    cluster: embedded.Address, template: str
) -> AsyncIterator[tuple[str, embedded.Address]]:
    name = f"portal_{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(cluster.owner_url.replace("/flywheel?", "/postgres?"))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
        yield (
            name,
            embedded.Address(
                owner_url=cluster.owner_url.replace("/flywheel?", f"/{name}?"),
                app_url=cluster.app_url.replace("/flywheel?", f"/{name}?"),
            ),
        )
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
