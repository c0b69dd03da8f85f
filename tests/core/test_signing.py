"""The signing key: one for all processes, and the same ever after."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from flywheel_server.core import db, embedded, errors, signing
from flywheel_server.core.scope import AuthScope
from tests import programs


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


SECRET = "a secret of thirty-two characters, or more"


@pytest.fixture
def forgotten() -> Iterator[None]:
    yield
    signing.unlock_with(None)


async def _public_key(database: db.Database, secret: str | None) -> str:
    """Return the key's public half, as a process sees it that starts with this secret."""
    signing.unlock_with(secret)
    async with db.transaction(database, AuthScope()) as connection:
        await signing.ensure(connection)
        return (await signing.load(connection)).public_key


@pytest.mark.usefixtures("forgotten")
async def test_a_key_in_plain_is_encrypted_at_the_start_and_stays_the_same_key(
    database: db.Database, owner: asyncpg.Connection
) -> None:
    plain = await owner.fetchval("SELECT private_key FROM signing_keys")
    public = await _public_key(database, None)
    assert await _public_key(database, SECRET) == public
    kept = await owner.fetchval("SELECT private_key FROM signing_keys")
    assert len(kept) == 60
    assert plain not in kept
    assert await _public_key(database, SECRET) == public
    assert await owner.fetchval("SELECT private_key FROM signing_keys") == kept


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("secret", [None, f"{SECRET}."])
async def test_a_wrong_secret_ends_the_start_and_signs_nothing(
    database: db.Database, address: embedded.Address, secret: str | None
) -> None:
    await _public_key(database, SECRET)
    with pytest.raises(errors.SetupError, match="FLYWHEEL_SIGNING_SECRET"):
        await _public_key(database, secret)
    with pytest.raises(errors.Unavailable, match="FLYWHEEL_SIGNING_SECRET"):
        async with db.transaction(database, AuthScope()) as connection:
            await signing.load(connection)
    given = {} if secret is None else {"signing_secret": secret}
    code, told = await programs.run("serve", database_url=address.app_url, **given)
    assert code == 1
    assert told.count("FLYWHEEL_SIGNING_SECRET") == 1
    assert "Traceback" not in told
    assert SECRET not in told


@pytest.mark.usefixtures("forgotten")
async def test_a_new_key_is_encrypted_from_the_beginning(
    database: db.Database, owner: asyncpg.Connection
) -> None:
    await owner.execute("DELETE FROM signing_keys")
    await _public_key(database, SECRET)
    assert await owner.fetchval("SELECT octet_length(private_key) FROM signing_keys") == 60
