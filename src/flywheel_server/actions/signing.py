"""Makes the server's signing key, once for all processes on a database."""

from flywheel_server import errors
from flywheel_server.db import Connection
from flywheel_server.domain import signing
from flywheel_server.store import signing as store


async def ensure(connection: Connection) -> None:
    """Make the key where there is none; two processes at once make one."""
    await store.lock(connection)
    if await store.newest(connection) is None:
        await store.insert(connection, signing.generate())


async def load(connection: Connection) -> signing.Signer:
    """Return what signs for this server. Raises Unavailable before the set-up."""
    key = await store.newest(connection)
    if key is None:
        raise errors.Unavailable("The database has no signing key: run `flywheel-server migrate`.")
    return signing.signer(key)
