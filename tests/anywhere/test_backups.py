"""What is no backup, damaged, or of another release is refused in a sentence and loads nothing."""

import asyncio
import datetime as dt
import zipfile
from pathlib import Path

import asyncpg
import msgspec
import pytest

from flywheel_server.commands import backup as backup_commands, backup_files, backups
from flywheel_server.core import clock, db, embedded, errors, migrations
from flywheel_server.core.scope import LoopScope
from flywheel_server.core.settings import Settings
from flywheel_server.loop import retention
from tests.anywhere import commands
from tests.anywhere.conftest import Hosted


@pytest.fixture
def backed_up(hosted: Hosted, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    file = tmp_path / "flywheel.backup"
    code, told = commands.run(capsys, "backup", str(file), database_url=hosted.postgres.owner_url)
    assert code == 0, told
    assert "executions: 0 rows" in told
    assert f"at revision {migrations.head()}" in told
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    return file


@pytest.fixture
def empty(hosted: Hosted) -> str:
    """Make an empty database of the same owner."""
    asyncio.run(_make(hosted))
    return hosted.postgres.owner_url.replace("/deployed", "/restored")


def _changed(file: Path, **changes: object) -> None:
    """Write the manifest again with these changes."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = msgspec.json.decode(entries["manifest.json"]) | changes
    entries["manifest.json"] = msgspec.json.encode(manifest)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def test_it_is_restored_beside_its_source(
    backed_up: Path, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = commands.run(capsys, "restore", str(backed_up), database_url=empty)

    assert code == 0, told
    assert "all counts equal a recount" in told

    code, told = commands.run(capsys, "restore", str(backed_up), database_url=empty)

    assert code == 1
    assert told.strip().endswith("is not empty: restore into a new one")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("another format", "has the format 2"),
        ("a later release", "of a later release (revision 9999"),
        ("cut off", "is cut off"),
        ("another file", "is no backup"),
        ("a table less", "cannot be read"),
        ("other rows", "another digest"),
        ("other heads", "chains end elsewhere"),
    ],
)
def test_what_is_wrong_with_a_file_is_a_sentence_and_the_database_stays_empty(
    backed_up: Path, empty: str, damage: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _damage(backed_up, damage)

    code, told = commands.run(capsys, "restore", str(backed_up), database_url=empty)

    assert code == 1
    assert says in told.strip().splitlines()[-1]
    assert told.strip().splitlines()[-1].startswith("flywheel-server: ")
    assert asyncio.run(_is_empty_still(empty))


def _damage(file: Path, damage: str) -> None:
    if damage == "another format":
        _changed(file, format=2)
    elif damage == "a later release":
        _changed(file, revision="9999")
    elif damage == "cut off":
        file.write_bytes(file.read_bytes()[:-200])
    elif damage == "another file":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("readme.txt", "no backup")
    elif damage == "other heads":
        with backup_files.reading(file) as reader:
            heads = reader.manifest.heads
        _changed(file, heads=heads | {"audit_hash": "00"})
    else:
        with zipfile.ZipFile(file) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        if damage == "a table less":
            del entries["tables/runbooks.copy"]
        else:
            lines = entries["tables/runbooks.copy"].splitlines(keepends=True)
            entries["tables/runbooks.copy"] = b"".join(lines[:-1])
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)


async def _is_empty_still(url: str) -> bool:
    with pytest.raises(errors.SetupError) as refused:
        # A file that is not there is refused before the database is looked at.
        await backup_commands.restore(url, Path("/nowhere/at/all"), Settings())
    assert "cannot be used" in str(refused.value)
    connection = await asyncpg.connect(url)
    try:
        return not await connection.fetchval(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p', 'S') AND relname <> 'alembic_version'"
        )
    finally:
        await connection.close()


@pytest.mark.parametrize("place", ["/proc/flywheel.backup", "/nowhere/flywheel.backup"])
def test_a_place_that_cannot_be_written_is_a_sentence(
    hosted: Hosted, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = commands.run(capsys, "backup", place, database_url=hosted.postgres.owner_url)

    assert code == 1
    assert told.startswith(f"flywheel-server: {place} cannot be used")
    assert len(told.splitlines()) == 1


def test_the_application_itself_may_not_read_everything(
    hosted: Hosted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = commands.run(
        capsys, "backup", str(tmp_path / "x"), database_url=hosted.postgres.app_url
    )

    assert code == 1
    assert "owner's FLYWHEEL_DATABASE_URL" in told
    assert not list(tmp_path.iterdir())


async def test_no_partition_is_dropped_while_a_backup_reads(
    database: db.Database, address: embedded.Address
) -> None:
    """Broken by a drop that waits for the backup, and every writer of the table behind it."""
    later = clock.now() + dt.timedelta(days=400)
    reading = await db.connect(address.owner_url, role="none")
    await backups.begin(reading)
    await reading.fetchval("SELECT count(*) FROM log_lines")

    async with db.transaction(database, LoopScope(reason="a test of retention")) as connection:
        assert await retention.drop_log_lines(connection, later, 14) == 0
    await reading.close()

    async with db.transaction(database, LoopScope(reason="a test of retention")) as connection:
        assert await retention.drop_log_lines(connection, later, 14) > 0


async def _make(hosted: Hosted) -> None:
    superuser = await asyncpg.connect(
        f"postgresql://postgres@/postgres?host={hosted.folder}/data/run&port={hosted.postgres.port}"
    )
    await superuser.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
    await superuser.execute("CREATE DATABASE restored OWNER flywheel_owner")
    await superuser.close()
