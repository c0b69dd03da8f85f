"""What changes while it is read from the database is not kept in memory.

Broken on purpose: without the comparison of generations each of these keeps what has ended.
"""

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from flywheel_server.accounts.actions import tokens
from flywheel_server.accounts.caches.credentials import Credentials
from flywheel_server.accounts.caches.sessions import Sessions
from flywheel_server.accounts.store import accounts, sessions
from flywheel_server.core import clock, db, listener
from flywheel_server.core.listener import Listener
from tests.cast import STAGE, Cast


@pytest.fixture
async def ear(database: db.Database) -> AsyncIterator[Listener]:
    opened = Listener(database)
    task = asyncio.create_task(opened.run())
    async with asyncio.timeout(60):
        while not opened.trusted():
            await asyncio.sleep(0)
    yield opened
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _late(
    monkeypatch: pytest.MonkeyPatch, database: db.Database, module: Any, name: str, digest: bytes
) -> None:
    """Let a credential end after the database answered and before the answer is kept."""
    real = getattr(module, name)

    async def late(*arguments: Any) -> Any:
        found = await real(*arguments)
        async with db.transaction(database, STAGE) as connection:
            await db.announce(connection, listener.CREDENTIALS, digest.hex())
        return found

    monkeypatch.setattr(module, name, late)


async def test_a_key_that_is_revoked_while_it_is_read_is_not_kept(
    database: db.Database, ear: Listener, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = cast.site.key.encode()
    cache = Credentials(database, ear)
    with monkeypatch.context() as patch:
        _late(patch, database, accounts, "find_key", hashlib.sha256(key).digest())
        assert await cache.find(key) is not None
        assert cache.known(key) is None
    assert await cache.find(key) is not None
    assert cache.known(key) is not None


async def test_a_session_that_ends_while_it_is_read_is_not_kept(
    database: db.Database, ear: Listener, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, now = cast.people["partner owner"].token, clock.now()
    cache = Sessions(database, ear, dt.timedelta(hours=1))
    with monkeypatch.context() as patch:
        _late(patch, database, sessions, "find", tokens.digest(token))
        assert await cache.find(token, now) is not None
        assert cache.known(token, now) is None
    assert await cache.find(token, now) is not None
    assert cache.known(token, now) is not None
