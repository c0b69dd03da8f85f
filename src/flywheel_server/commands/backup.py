"""The commands of backups: everything into one file, and from it into an empty database.

Both work as the owner of the database, who need not be a superuser, and beside running servers.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import typer

from flywheel_server.commands import backup_files, backups, learning as learning_commands, setup
from flywheel_server.commands.backup_files import Manifest, Reader, TablePart, Writer
from flywheel_server.core import clock, db, errors, migrations, partitions, schema
from flywheel_server.core.db import Connection
from flywheel_server.core.settings import Settings

_TOLD_BYTES = 64 * 1024 * 1024
_NO_ROLE = (
    "a backup needs the role flywheel_backup, which `flywheel-server migrate` of this release "
    "makes: run it first, and give the same owner's FLYWHEEL_DATABASE_URL here"
)


async def backup(owner_url: str, file: Path) -> None:
    """Write all data, as they are at one moment, to ``file``. Raises SetupError with the remedy."""
    connection = await db.connect(owner_url, role="none", statement_timeout=0)
    try:
        await _begin(connection)
        with backup_files.writing(file) as writer:
            manifest = await _copy_out(connection, writer)
            writer.finish(manifest)
    except db.LOST as error:
        raise errors.DatabaseUnavailable("the database was lost on the way: try again") from error
    finally:
        connection.terminate()
    rows = sum(part.rows for part in manifest.tables)
    typer.echo(
        f"{file}: {rows} rows of {len(manifest.tables)} tables at revision {manifest.revision}, "
        f"audit entry {manifest.heads['audit_id']} {manifest.heads['audit_hash']}, "
        f"{manifest.heads['evidence_chains']} chains of evidence"
    )


async def restore(owner_url: str, file: Path, settings: Settings) -> None:
    """Load ``file`` into an empty database, whole or not at all, and recount it.

    Raises SetupError with the remedy; exits with 1 if the recount differs.
    """
    with backup_files.reading(file) as reader:
        revision = reader.manifest.revision
        if revision not in migrations.known():
            raise errors.SetupError(
                f"the backup is of a later release (revision {revision}, this one knows "
                f"{migrations.head()}): restore it with that release"
            )
        await _check_empty(owner_url)
        _tell(f"making roles and schema, revision {revision}")
        await setup.upgrade(owner_url, revision)
        try:
            await _copy_in(owner_url, reader)
        except BaseException:
            # Also when stopped: the next attempt finds the database as empty as this one did.
            await asyncio.shield(asyncio.to_thread(migrations.downgrade, owner_url, "base"))
            raise
    await setup.migrate(owner_url, settings)
    # Marks of the folds mean nothing in another cluster.
    await learning_commands.verify_counts(owner_url, rebuild=True)
    typer.echo(f"{file} is restored")


async def _begin(connection: Connection) -> None:
    try:
        await backups.begin(connection)
        revision = await schema.revision(connection)
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        raise errors.SetupError(_NO_ROLE) from error
    except asyncpg.UndefinedTableError as error:
        raise errors.SetupError(db.SCHEMA_MISSING) from error
    if revision != migrations.head():
        raise errors.SetupError(
            f"the schema is at {revision}, this release is at {migrations.head()}: back it up with "
            "the release that it belongs to, or run `flywheel-server migrate` first"
        )


async def _copy_out(connection: Connection, writer: Writer) -> Manifest:
    parts = []
    for table in await backups.tables(connection):
        with writer.table(table.name) as entry:
            rows = await backups.read(connection, table, entry.take)
        parts.append(
            TablePart(
                name=table.name,
                columns=table.columns,
                rows=rows,
                size_bytes=entry.size_bytes,
                sha256=entry.sha256,
            )
        )
        _tell(f"{table.name}: {rows} rows, {entry.size_bytes} bytes")
    return Manifest(
        format=backup_files.FORMAT,
        made_at=clock.now(),
        revision=migrations.head(),
        tables=tuple(parts),
        partitions=tuple(await backups.partitions(connection)),
        sequences=await backups.sequences(connection),
        heads=backups.as_dict(await backups.heads(connection)),
    )


async def _check_empty(owner_url: str) -> None:
    connection = await db.connect(owner_url, role="none")
    try:
        if not await backups.is_empty(connection):
            raise errors.SetupError(
                "the database of FLYWHEEL_DATABASE_URL is not empty: restore into a new one"
            )
    finally:
        connection.terminate()


async def _copy_in(owner_url: str, reader: Reader) -> None:
    """Load all tables in one transaction, and compare rows and chains with the manifest."""
    connection = await db.connect(owner_url, role="none", statement_timeout=0)
    try:
        await connection.execute("BEGIN")
        await backups.open_for_restore(connection)
        await _load(connection, reader)
        found = backups.as_dict(await backups.heads(connection))
        if found != reader.manifest.heads:
            raise errors.SetupError("the chains end elsewhere than in the backup: it is damaged")
        await backups.close_after_restore(connection)
        await connection.execute("COMMIT")
    except db.LOST as error:
        raise errors.DatabaseUnavailable("the database was lost on the way: try again") from error
    except asyncpg.PostgresError as error:
        raise errors.SetupError(
            f"the backup does not fit its schema ({error.message or error})"
        ) from error
    finally:
        connection.terminate()


async def _load(connection: Connection, reader: Reader) -> None:
    wanted = {table.name: table.columns for table in await backups.tables(connection)}
    if wanted != {part.name: part.columns for part in reader.manifest.tables}:
        raise errors.SetupError("the backup holds other tables than its revision has")
    await partitions.make(connection, reader.manifest.partitions)
    for part in reader.manifest.tables:
        table = backups.Table(name=part.name, columns=part.columns)
        rows = await backups.write(connection, table, _pieces(reader, part))
        if rows != part.rows:
            raise errors.SetupError(
                f"{part.name} came to {rows} rows, the backup says {part.rows}: it is damaged"
            )
        _tell(f"{part.name}: {rows} rows")
    for name, value in reader.manifest.sequences.items():
        await backups.set_sequence(connection, name, value)


async def _pieces(reader: Reader, part: TablePart) -> AsyncIterator[bytes]:
    told = _TOLD_BYTES
    done = 0
    for piece in reader.pieces(part):
        yield piece
        done += len(piece)
        if done >= told:
            _tell(f"{part.name}: {done} of {part.size_bytes} bytes")
            told += _TOLD_BYTES


def _tell(text: str) -> None:
    typer.echo(text, err=True)
