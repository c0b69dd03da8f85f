"""The server's own Ed25519 keys."""

from flywheel_server.core.db import Connection
from flywheel_server.core.sql import load

_SQL = load("signing")


async def newest(connection: Connection) -> bytes | None:
    """Return the private key to sign with, or None before the set-up."""
    key: bytes | None = await connection.fetchval(*_SQL["newest"]())
    return key


async def lock(connection: Connection) -> None:
    """Wait until nobody else makes a key, until this transaction ends."""
    await connection.execute(*_SQL["lock"]())


async def insert(connection: Connection, private_key: bytes) -> None:
    """Keep a private key."""
    await connection.execute(*_SQL["insert"](private_key=private_key))


async def replace(connection: Connection, private_key: bytes, kept: bytes) -> None:
    """Keep the same private key in another form."""
    await connection.execute(*_SQL["replace"](private_key=private_key, kept=kept))
