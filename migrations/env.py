"""Alembic's entry: run the revisions over asyncpg, each in a transaction of its own."""

import asyncio
import os
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationInfo
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from flywheel_server.core import database_urls, db, log, migrations
from flywheel_server.core.locks import Lock

_log = log.get("flywheel_server.migrations")


def _migrate(connection: Connection) -> None:
    applied: list[MigrationInfo] = []
    context.configure(
        connection=connection,
        transaction_per_migration=False,
        on_version_apply=lambda *, step, **_: applied.append(step),
    )
    with context.begin_transaction():
        # Two servers that start at once must not migrate at once.
        context.execute(f"SELECT pg_advisory_xact_lock({int(Lock.SERVER)})")
        context.run_migrations()
        migrations.let_backups_read(connection)
    # Committed, all together.
    for step in applied:
        _log.info(
            "schema migrated" if step.is_upgrade else "schema downgraded",
            before=", ".join(step.source_revision_ids) or None,
            after=", ".join(step.destination_revision_ids) or None,
        )


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
