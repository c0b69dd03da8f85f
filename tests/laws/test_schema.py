"""The schema one reads is the schema one has, and its history can be walked both ways."""

import asyncio
import os
import sys
from itertools import pairwise

import asyncpg
from alembic.script import ScriptDirectory

from flywheel_server.commands import setup
from flywheel_server.core import embedded, migrations
from flywheel_server.core.settings import Settings
from tests import schema_file


async def test_the_migrations_from_nothing_give_schema_sql(empty_url: str) -> None:
    """Fails when a column is added to a migration without `make schema`, or the other way."""
    await asyncio.to_thread(migrations.upgrade, empty_url)

    found = await asyncio.to_thread(schema_file.render, empty_url)

    assert found == schema_file.FILE.read_text(encoding="utf-8"), "run `make schema`"


async def test_make_schema_writes_the_schema_and_nothing_else() -> None:
    """Fails when log lines reach standard output, which is the file."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.schema_file"),
        cwd=schema_file.FILE.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    written, logged = await process.communicate()

    assert process.returncode == 0, logged
    assert b"schema migrated" in logged
    assert written.decode() == schema_file.FILE.read_text(encoding="utf-8")


async def test_a_filled_database_goes_down_to_nothing_and_up_again(
    filled: embedded.Address, settings: Settings
) -> None:
    """Fails when the way down forgets a table, type or function that the way up makes."""
    assert not await _tables_without_a_row(filled.owner_url)

    await asyncio.to_thread(migrations.downgrade, filled.owner_url, "base")
    assert await _objects(filled.owner_url) == []

    assert await setup.migrate(filled.owner_url, settings) == migrations.head()
    assert await asyncio.to_thread(schema_file.render, filled.owner_url)


async def test_each_step_down_leaves_the_schema_that_was_there_before_its_step_up(
    empty_url: str,
) -> None:
    """Fails when one way down forgets a column, constraint, policy, grant, default or function.

    Broken by two that took back what an earlier step had granted already.
    """

    def walk() -> dict[str, list[str]]:
        history = ScriptDirectory.from_config(migrations._config("")).walk_revisions()
        revisions = [each.revision for each in history][::-1]
        schemas = {}
        for revision in revisions:
            migrations.upgrade(empty_url, revision)
            schemas[revision] = _statements(empty_url)
        forgotten = {}
        for revision, before in list(pairwise(reversed(revisions))):
            migrations.downgrade(empty_url, before)
            if differing := _statements(empty_url) ^ schemas[before]:
                forgotten[revision] = sorted(differing)
        return forgotten

    assert await asyncio.to_thread(walk) == {}


def _statements(url: str) -> set[str]:
    """Return a schema's lines, whatever their order: a column that comes back stands last.

    One index comes back without being unique, which rows of the newer schema need not be.
    """
    lines = {line.strip().removesuffix(",") for line in schema_file.render(url).splitlines()}
    return {line for line in lines if "INDEX promotions_one_decision_key " not in line}


async def test_a_migrated_database_says_the_revision_that_this_release_needs(
    address: embedded.Address, settings: Settings
) -> None:
    connection = await asyncpg.connect(address.owner_url)
    try:
        versions = await connection.fetch("SELECT version_num FROM alembic_version")
    finally:
        await connection.close()

    assert [row["version_num"] for row in versions] == [migrations.head()]
    assert await setup.migrate(address.owner_url, settings) == migrations.head()


async def test_every_table_holds_a_row_in_the_filled_database(filled: embedded.Address) -> None:
    """A law that looks at rows proves nothing of an empty table: add new ones to filled.sql."""
    assert await _tables_without_a_row(filled.owner_url) == []


async def test_two_commands_that_migrate_at_once_both_succeed(empty_url: str) -> None:
    """Broken by taking the advisory lock out of env.py: the second one then fails."""
    command = [sys.executable, "-m", "flywheel_server", "migrate"]
    environment = {**os.environ, "FLYWHEEL_DATABASE_URL": empty_url}
    both = [
        await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    told = [await process.communicate() for process in both]

    assert [process.returncode for process in both] == [0, 0], told


async def _tables_without_a_row(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT oid::regclass::text AS name FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
            "AND NOT relispartition"
        )
        return [
            row["name"]
            for row in tables
            if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {row['name']})")
        ]
    finally:
        await connection.close()


async def _objects(url: str) -> list[str]:
    """Name what is left in the database, but for Alembic's own table."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "UNION ALL SELECT typname FROM pg_type "
            "WHERE typnamespace = 'public'::regnamespace AND typname !~ '^_'"
        )
    finally:
        await connection.close()
    return [row["name"] for row in rows if not row["name"].startswith("alembic_version")]
