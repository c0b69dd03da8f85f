"""Alembic's entry: run the revisions over asyncpg, each in a transaction of its own."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

# Two servers that start at once must not migrate at once.
_MIGRATION_LOCK = 7_305_117


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.execute(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        context.run_migrations()


async def _run() -> None:
    url = context.config.attributes.get("url") or os.environ["FLYWHEEL_DATABASE_URL"]
    scheme, rest = url.split("://", 1)
    assert scheme in {"postgres", "postgresql"}  # noqa: S101 - settings checked it
    engine = create_async_engine(f"postgresql+asyncpg://{rest}", poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


asyncio.run(_run())
