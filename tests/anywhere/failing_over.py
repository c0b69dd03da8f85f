"""Turns a database read-only under the connections that it has, as a failover does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

READ_ONLY = "ALTER SYSTEM SET default_transaction_read_only = on"


@asynccontextmanager
async def turned_read_only(owner: Any) -> AsyncIterator[None]:
    """Turn the whole server read-only, as a failover does, with every connection as it is."""
    await owner.execute(READ_ONLY)
    await owner.execute("SELECT pg_reload_conf()")
    # The signal arrives by itself; each backend reads the file before its next statement.
    try:
        async with asyncio.timeout(10):
            while await owner.fetchval("SHOW default_transaction_read_only") != "on":
                await asyncio.sleep(0.01)
        yield
    finally:
        await owner.execute("SET transaction_read_only = off")
        await owner.execute("ALTER SYSTEM RESET default_transaction_read_only")
        await owner.execute("SELECT pg_reload_conf()")
