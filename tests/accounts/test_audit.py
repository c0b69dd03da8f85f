import asyncpg
import pytest

from flywheel_server.accounts.store import audit
from flywheel_server.core import db, embedded
from tests.cast import STAGE, Cast

# What only the owner of the tables can do, having taken the guard away first.
TAMPERED = {
    "an action": "UPDATE audit_entries SET action = 'nothing' WHERE id = 4",
    "a time": "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE id = 4",
    "an actor": "UPDATE audit_entries SET actor = actor || '.' WHERE id = 4",
    "what it was": "UPDATE audit_entries SET after = '{}' WHERE id = 4",
    "a hash": "UPDATE audit_entries SET hash = sha256('') WHERE id = 4",
    "a link": "UPDATE audit_entries SET previous_hash = sha256('') WHERE id = 4",
    "a gap": "DELETE FROM audit_entries WHERE id = 4",
    "a fair hash": "UPDATE audit_entries e SET action = 'nothing' WHERE id = 4;"
    " UPDATE audit_entries e SET hash = audit_hash(e) WHERE id = 4",
}


async def first_break(database: db.Database) -> int | None:
    async with db.transaction(database, STAGE) as connection:
        return await audit.first_break(connection)


async def tamper(address: embedded.Address, statement: str) -> None:
    owner = await asyncpg.connect(address.owner_url)
    try:
        await owner.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
        await owner.execute(statement)
        await owner.execute("ALTER TABLE audit_entries ENABLE TRIGGER USER")
    finally:
        await owner.close()


async def test_an_untouched_chain_holds(database: db.Database, cast: Cast) -> None:
    assert cast
    assert await first_break(database) is None


async def test_an_empty_chain_holds(database: db.Database) -> None:
    assert await first_break(database) is None


async def test_tampering_is_found_where_it_begins(address: embedded.Address, cast: Cast) -> None:
    assert cast
    owner = await asyncpg.connect(address.owner_url)
    try:
        for what, statement in TAMPERED.items():
            attempt = owner.transaction()
            await attempt.start()
            await owner.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
            await owner.execute(statement)
            # With its own hash put right, only the next entry tells.
            assert await audit.first_break(owner) == (5 if what == "a fair hash" else 4), what
            await attempt.rollback()
        assert await audit.first_break(owner) is None
    finally:
        await owner.close()


async def test_a_cut_off_end_is_found(
    database: db.Database, address: embedded.Address, cast: Cast
) -> None:
    assert cast
    await tamper(address, "DELETE FROM audit_entries WHERE id > 7")
    assert await first_break(database) == 8


async def test_a_chain_cut_off_whole_is_found(
    database: db.Database, address: embedded.Address, cast: Cast
) -> None:
    assert cast
    await tamper(address, "DELETE FROM audit_entries")
    assert await first_break(database) == 1


async def test_an_entry_slipped_in_behind_the_end_is_found(
    database: db.Database, address: embedded.Address, cast: Cast
) -> None:
    assert cast
    await tamper(
        address,
        "INSERT INTO audit_entries (id, at, actor_kind, actor, action, object_kind, object_id,"
        " previous_hash, hash) SELECT id + 1, now(), 'operator', 'x', 'x', 'x', 'x', hash, hash"
        " FROM audit_head;"
        " UPDATE audit_entries e SET hash = audit_hash(e) WHERE action = 'x'",
    )
    async with db.transaction(database, STAGE) as connection:
        (newest,) = await audit.list_entries(connection, audit.Filters(), None, 1)
    assert await first_break(database) == newest.id


async def test_the_application_itself_cannot_change_an_entry(
    database: db.Database, cast: Cast
) -> None:
    assert cast
    for statement in (
        "UPDATE audit_entries SET action = 'nothing'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "UPDATE audit_head SET id = 1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.transaction(database, STAGE) as connection:
                await connection.execute(statement)
