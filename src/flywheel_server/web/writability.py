"""Looks whether the database takes writes, without waiting for a request to be refused."""

from flywheel_server.core import database_refusals, db, schema


async def look(connection: db.Connection, database: db.Database) -> None:
    """Note whether this server takes writes. Raises what a full disk does, for the caller's pool.

    A disk that was full is tried before it counts as mended: reads tell nothing of it.
    """
    if await db.is_read_only(connection):
        await database.refuses_writes(database_refusals.READ_ONLY)
        return
    if database.condition.unwritable == database_refusals.DISK_FULL:
        if database.condition.may_still_be_full():
            return
        await schema.spill(connection)
    database.condition.can_write()
