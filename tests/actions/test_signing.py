"""The signing key: one for all processes, and the same ever after."""

import asyncio

from flywheel_server import db, embedded
from flywheel_server.actions import signing
from flywheel_server.domain.scope import AuthScope


async def test_two_processes_at_once_make_one_key(
    database: db.Database, address: embedded.Address
) -> None:
    owner = await db.connect(address.owner_url, role="none")
    await owner.execute("DELETE FROM signing_keys")

    async def make() -> str:
        async with db.transaction(database, AuthScope()) as connection:
            await signing.ensure(connection)
            return (await signing.load(connection)).public_key

    keys = await asyncio.gather(*(make() for _ in range(6)))
    assert len(set(keys)) == 1
    assert await owner.fetchval("SELECT count(*) FROM signing_keys") == 1
    await owner.close()
