import asyncio

import pytest

from flywheel_server import db, errors
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
