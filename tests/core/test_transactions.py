import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import anyio
import asyncpg
import pytest

from flywheel_server.core import db, embedded, errors
from tests.cast import STAGE


async def test_of_two_changes_that_wait_for_each_other_one_is_asked_to_come_again(
    database: db.Database,
) -> None:
    meeting = asyncio.Barrier(2)

    async def take(first: int, second: int) -> None:
        async with db.transaction(database, STAGE) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(1, $1)", first)
            await meeting.wait()
            await connection.execute("SELECT pg_advisory_xact_lock(1, $1)", second)

    done = await asyncio.gather(take(1, 2), take(2, 1), return_exceptions=True)
    (refused,) = [each for each in done if each is not None]
    with pytest.raises(errors.Unavailable, match="send it again"):
        raise refused


@pytest.mark.parametrize("ticks", [1, 3, 5])
async def test_who_is_stopped_while_it_begins_leaves_a_clean_connection(
    address: embedded.Address, caplog: pytest.LogCaptureFixture, ticks: int
) -> None:
    async with _one_connection(address) as database:
        begins = asyncio.create_task(_hold(database, asyncio.Event()))
        # The answer to BEGIN cannot have come yet: nothing has waited for the socket.
        for _ in range(ticks):
            await asyncio.sleep(0)
        begins.cancel()
        with pytest.raises(asyncio.CancelledError):
            await begins

        await _hold(database, asyncio.Event())

    assert _errors(caplog) == []


async def test_who_is_stopped_again_while_it_rolls_back_leaves_a_clean_connection(
    database: db.Database, address: embedded.Address, caplog: pytest.LogCaptureFixture
) -> None:
    """Broken by a rollback that can be stopped: its lock outlives the transaction."""
    async with _one_connection(address) as small:
        begun = asyncio.Event()
        async with db.transaction(database, STAGE) as other:
            await other.execute("SELECT pg_advisory_xact_lock(1, 2)")
            waits = asyncio.create_task(_hold(small, begun))
            await begun.wait()
            await _somebody_waits(other)
            while not waits.done():
                waits.cancel()
                await asyncio.sleep(0)
            assert waits.cancelled()
            # Rolled back by now, though what it waited for is still held.
            assert await other.fetchval("SELECT pg_try_advisory_xact_lock(1, 1)")

    assert _errors(caplog) == []


async def test_a_reader_who_leaves_an_export_leaves_a_clean_connection(
    database: db.Database, address: embedded.Address, caplog: pytest.LogCaptureFixture
) -> None:
    """A response that streams is stopped by a scope that cancels at each ``await`` anew."""
    async with _one_connection(address) as small:
        begun = asyncio.Event()
        async with db.transaction(database, STAGE) as other:
            await other.execute("SELECT pg_advisory_xact_lock(1, 2)")
            async with anyio.create_task_group() as response:
                response.start_soon(_hold, small, begun)
                await begun.wait()
                await _somebody_waits(other)
                response.cancel_scope.cancel()
            assert await other.fetchval("SELECT pg_try_advisory_xact_lock(1, 1)")

    assert _errors(caplog) == []


async def test_who_is_cut_while_it_waits_for_a_lock_gives_up_its_own(
    database: db.Database, address: embedded.Address
) -> None:
    """A rollback that takes too long ends so, and a server process that is killed.

    Broken without ``client_connection_check_interval``: nobody notices while it waits.
    """
    async with db.transaction(database, STAGE) as other:
        await other.execute("SELECT pg_advisory_xact_lock(1, 2)")
        cut = await db.connect(address.app_url)
        waits = asyncio.create_task(_both_locks(cut))
        await _somebody_waits(other)
        cut.terminate()
        with pytest.raises(asyncpg.PostgresConnectionError):
            await waits
        async with asyncio.timeout(10):
            while not await other.fetchval("SELECT pg_try_advisory_xact_lock(1, 1)"):
                pass


async def test_a_connection_comes_back_as_it_was_handed_out(address: embedded.Address) -> None:
    """Whatever a transaction set, and however it ended. Broken by a setting for the session."""
    async with _one_connection(address) as database:
        async with db.acquire(database) as connection:
            before = await connection.fetch(_STATE)
        for ending in (None, RuntimeError, asyncio.CancelledError, asyncpg.PostgresError):
            with contextlib.suppress(RuntimeError, asyncio.CancelledError, asyncpg.PostgresError):
                async with db.transaction(database, STAGE) as connection:
                    await connection.execute("SELECT set_config('statement_timeout', '7s', true)")
                    await connection.execute("SELECT pg_advisory_xact_lock(1, 1)")
                    if ending is asyncpg.PostgresError:
                        await connection.execute("SELECT 1 / 0")
                    elif ending is not None:
                        raise ending
            async with db.acquire(database) as connection:
                assert await connection.fetch(_STATE) == before
                assert not connection.is_in_transaction()


async def test_a_savepoint_undoes_what_failed_within_it_and_nothing_else(
    database: db.Database,
) -> None:
    async with db.transaction(database, STAGE) as connection:
        await connection.execute("SELECT set_config('flywheel.word', 'outside', true)")
        with pytest.raises(asyncpg.DataError):
            await _fail_within(connection)
        word = "SELECT current_setting('flywheel.word') || COALESCE(current_setting($1, true), '')"
        assert await connection.fetchval(word, "flywheel.other") == "outside"
        async with db.savepoint(connection):
            await connection.execute("SELECT set_config('flywheel.other', '-kept', true)")
        assert await connection.fetchval(word, "flywheel.other") == "outside-kept"


async def _fail_within(connection: db.Connection) -> None:
    async with db.savepoint(connection):
        await connection.execute("SELECT set_config('flywheel.word', 'within', true)")
        async with db.savepoint(connection):
            await connection.execute("SELECT set_config('flywheel.other', 'kept', true)")
        await connection.execute("SELECT 1 / 0")


_STATE = """
SELECT name, setting FROM pg_settings
UNION ALL SELECT 'user', current_user
UNION ALL SELECT 'lock', l.objid::text FROM pg_locks l
WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid()
ORDER BY name, setting
"""


async def _both_locks(connection: db.Connection) -> None:
    async with db.scoped(connection, STAGE):
        await connection.execute("SELECT pg_advisory_xact_lock(1, 1)")
        await connection.execute("SELECT pg_advisory_xact_lock(1, 2)")


async def _somebody_waits(connection: db.Connection) -> None:
    """Until somebody waits for the lock held here: to cancel what has not begun does nothing."""
    async with asyncio.timeout(10):
        while not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        ):
            pass


async def _hold(database: db.Database, begun: asyncio.Event) -> None:
    """Take one lock, then another that may be held."""
    async with db.transaction(database, STAGE) as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(1, 1)")
        begun.set()
        await connection.execute("SELECT pg_advisory_xact_lock(1, 2)")


@contextlib.asynccontextmanager
async def _one_connection(address: embedded.Address) -> AsyncIterator[db.Database]:
    opened = await db.open_database(address.app_url, pool_size=1, statement_timeout=60)
    async with db.transaction(opened, STAGE):
        pass
    try:
        yield opened
    finally:
        await opened.close()


def _errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
