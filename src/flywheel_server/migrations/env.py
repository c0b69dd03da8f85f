"""Alembic's entry: run the revisions over asyncpg, each in a transaction of its own."""

import asyncio
import os
from typing import Any

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from flywheel_server import database_urls, db, migrations
from flywheel_server.locks import Lock


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        # Two servers that start at once must not migrate at once.
        context.execute(f"SELECT pg_advisory_xact_lock({int(Lock.SERVER)})")
        context.run_migrations()
        migrations.let_backups_read(connection)


async def _run() -> None:
    url = context.config.attributes.get("url") or os.environ["FLYWHEEL_DATABASE_URL"]
    dial = db.Dialer(database_urls.parse(url))

    async def connect() -> Any:
        # The very connection that a server makes, so that each URL that it takes is taken here.
        return await dial(session=db.session_settings("none", statement_timeout=0))

    engine = create_async_engine(
        "postgresql+asyncpg://", poolclass=pool.NullPool, async_creator=connect
    )
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


asyncio.run(_run())
