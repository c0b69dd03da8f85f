"""The embedded database: wherever its folder is, whoever joins or dies, nothing is left behind."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from flywheel_server.core import db, embedded, errors
from tests.deploy import processes

_JOIN = """
import asyncio, sys
from pathlib import Path
from flywheel_server.core import embedded

async def main():
    async with embedded.running(Path(sys.argv[1])) as address:
        print(address.owner_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, apart from pytest's own long ones."""
    with tempfile.TemporaryDirectory(prefix="fw-") as name:
        yield Path(name)
        assert _postmasters(Path(name)) == []


def _postmasters(folder: Path) -> list[int]:
    """Return the PostgreSQL servers whose data lie below ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        below = os.fsencode(folder.resolve())
        if words[0].endswith(b"/postgres") and any(word.startswith(below) for word in words):
            found.append(int(entry.name))
    return found


async def test_text_is_compared_by_code_point_without_the_systems_library(folder: Path) -> None:
    async with embedded.running(folder) as address:
        connection = await asyncpg.connect(address.owner_url)
        try:
            provider = await connection.fetchval(
                "SELECT datlocprovider FROM pg_database WHERE datname = current_database()"
            )
            words = await connection.fetchval(
                "SELECT array_agg(w ORDER BY w) FROM unnest(ARRAY['ä', 'b', 'B', 'a:', 'a']) w"
            )
        finally:
            await connection.close()
    assert provider == b"b"
    assert words == ["B", "a", "a:", "b", "ä"]


async def _asks(url: str) -> int:
    # As every part of the server does.
    connection = await db.connect(url, role="none")
    try:
        return int(await connection.fetchval("SELECT 18"))
    finally:
        await connection.close()


async def test_an_absent_folder_is_made(folder: Path) -> None:
    async with embedded.running(folder / "not" / "there") as address:
        assert await _asks(address.owner_url) == 18
        assert len(_postmasters(folder)) == 1


async def test_a_fresh_folder_of_root_is_made_the_databases_own(folder: Path) -> None:
    data = folder / "fresh"
    data.mkdir(mode=0o755)
    async with embedded.running(data) as address:
        assert await _asks(address.owner_url) == 18
        assert (data / "postgres").stat().st_uid != 0
        assert (data / "postgres").stat().st_mode & 0o777 == 0o700


async def test_a_folder_that_holds_other_things_keeps_its_owner(folder: Path) -> None:
    (folder / "mine.txt").write_text("mine")
    before = folder.stat().st_uid
    async with embedded.running(folder) as address:
        assert await _asks(address.owner_url) == 18
    assert folder.stat().st_uid == before
    assert (folder / "mine.txt").read_text() == "mine"


async def test_a_closed_parent_folder_is_no_hindrance(folder: Path) -> None:
    parent = folder / "closed"
    parent.mkdir(mode=0o700)
    async with embedded.running(parent / "data") as address:
        assert await _asks(address.owner_url) == 18


@pytest.mark.parametrize(
    "name",
    ["with spaces and ü, 100% : 'odd'", "long/" + "/".join(["x" * 60] * 4)],
    ids=["odd", "long"],
)
async def test_an_odd_or_long_path_works_and_leaves_no_socket_folder(
    folder: Path, name: str
) -> None:
    async with embedded.running(folder / name) as address:
        assert await _asks(address.owner_url) == 18
        assert await _asks(address.owner_url.replace("/flywheel?", "/postgres?")) == 18
        sockets = embedded._Cluster(folder / name, {}).sockets
        assert sockets.is_dir()
    assert not sockets.exists()


async def test_variables_that_steer_postgresql_do_not_steer_this_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by leaving the port out of the address: PGPORT is taken instead.

    And by leaving the rest to the driver, which refuses a PGSSLMODE that it does not know.
    """
    for name, value in STEERING.items():
        monkeypatch.setenv(name, value)
    async with embedded.running(folder) as address:
        assert await _asks(address.owner_url) == 18


async def test_the_data_are_there_again(folder: Path) -> None:
    async with embedded.running(folder) as address:
        connection = await asyncpg.connect(address.owner_url)
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        await connection.close()
    async with embedded.running(folder) as address:
        connection = await asyncpg.connect(address.owner_url)
        assert await connection.fetchval("SELECT n FROM kept") == 1
        await connection.close()


async def test_the_first_to_leave_does_not_stop_it_for_the_other(folder: Path) -> None:
    first, url = await _joined(folder)
    second, same = await _joined(folder)
    assert url == same
    assert len(_postmasters(folder)) == 1

    await _leave(first)
    assert await _asks(url) == 18
    await _leave(second)
    assert _postmasters(folder) == []


async def test_many_that_come_and_go_at_once_share_one_database(folder: Path) -> None:
    async def visit() -> int:
        async with embedded.running(folder) as address:
            return await _asks(address.owner_url)

    assert await asyncio.gather(*(visit() for _ in range(6))) == [18] * 6
    assert _postmasters(folder) == []


async def test_the_database_of_a_killed_process_is_joined_and_then_stopped(folder: Path) -> None:
    process, url = await _joined(folder)
    process.kill()
    await process.communicate()
    assert await _asks(url) == 18

    async with embedded.running(folder) as address:
        assert await _asks(address.owner_url) == 18
        assert len(_postmasters(folder)) == 1


async def test_a_killed_database_starts_again(folder: Path) -> None:
    process, _ = await _joined(folder)
    for pid in _postmasters(folder):
        os.kill(pid, signal.SIGKILL)
    process.kill()
    await process.communicate()

    async with embedded.running(folder) as address:
        assert await _asks(address.owner_url) == 18


STEERING = {
    "PGHOST": "db.example.com",
    "PGPORT": "6543",
    "PGUSER": "stranger",
    "PGPASSWORD": "wrong",
    "PGPASSFILE": "/nowhere/pgpass",
    "PGDATABASE": "elsewhere",
    "PGDATA": "/nowhere",
    "PGOPTIONS": "-c default_transaction_read_only=on",
    "PGSERVICE": "prod",
    "PGSSLMODE": "verify-everything",
    "PGSSLROOTCERT": "/nowhere/ca.pem",
    "PGSSLNEGOTIATION": "direct",
    "PGTARGETSESSIONATTRS": "standby",
    "PGGSSLIB": "none",
}


@pytest.mark.parametrize("content", ["", "\n", "garbage\n", "\0" * 40, "-17\n"])
async def test_a_pid_file_without_a_number_is_no_hindrance(folder: Path, content: str) -> None:
    """PostgreSQL itself ends with 'lock file "postmaster.pid" is empty', again at each start."""
    async with embedded.running(folder):
        pass
    file = folder / "postgres" / "postmaster.pid"
    file.write_text(content)
    owner = (folder / "postgres").stat()
    os.chown(file, owner.st_uid, owner.st_gid)

    async with embedded.running(folder) as address:
        assert await _asks(address.owner_url) == 18


async def test_the_number_of_another_database_is_no_hindrance(folder: Path) -> None:
    async with embedded.running(folder / "one"), embedded.running(folder / "two"):
        stale = (folder / "two" / "postgres" / "postmaster.pid").read_text().splitlines()
    async with embedded.running(folder / "one"):
        pid = (folder / "one" / "postgres" / "postmaster.pid").read_text().split()[0]
        file = folder / "two" / "postgres" / "postmaster.pid"
        file.write_text("\n".join([pid, *stale[1:]]) + "\n")
        owner = (folder / "two" / "postgres").stat()
        os.chown(file, owner.st_uid, owner.st_gid)

        async with embedded.running(folder / "two") as address:
            assert await _asks(address.owner_url) == 18


@pytest.mark.parametrize("pid", [os.getppid(), 4_000_000], ids=["another program's", "nobody's"])
async def test_a_stale_pid_file_is_no_hindrance(folder: Path, pid: int) -> None:
    async with embedded.running(folder):
        stale = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
    file = folder / "postgres" / "postmaster.pid"
    file.write_text("\n".join([str(pid), *stale[1:]]) + "\n")
    owner = (folder / "postgres").stat()
    os.chown(file, owner.st_uid, owner.st_gid)

    async with embedded.running(folder) as address:
        assert await _asks(address.owner_url) == 18


async def test_half_a_cluster_left_by_a_kill_is_made_anew(folder: Path) -> None:
    """Broken by running initdb in the final folder: PG_VERSION is there and nothing else."""
    (folder / "postgres.new" / "base").mkdir(parents=True)
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    async with embedded.running(folder) as address:
        assert await _asks(address.owner_url) == 18


@pytest.mark.parametrize("unusable", ["/proc/flywheel", "a file", "n" * 300])
async def test_an_unusable_folder_is_refused_in_a_sentence(folder: Path, unusable: str) -> None:
    (folder / "a file").write_text("")
    with pytest.raises(errors.SetupError, match=r"FLYWHEEL_DATA_DIR .* cannot be used"):
        async with embedded.running(folder / unusable):
            pass


async def test_a_database_that_cannot_start_is_refused_with_its_last_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_RETRY_SECONDS", 0.5)
    with pytest.raises(errors.SetupError, match="no_such_setting"):
        async with embedded.running(folder, {"no_such_setting": "1"}):
            pass


async def test_a_socket_folder_of_somebody_else_is_not_taken(folder: Path) -> None:
    data = folder / "with space"
    sockets = embedded._Cluster(data, {}).sockets
    sockets.symlink_to(folder)
    try:
        with pytest.raises(errors.SetupError, match="belongs to another user"):
            async with embedded.running(data):
                pass
    finally:
        sockets.unlink()


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.4, 0.8, 1.5])
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_during_the_start_leaves_nothing_behind(
    folder: Path, moment: float, sent: signal.Signals
) -> None:
    """Broken by `asyncio.run` alone: SIGTERM kills the process and the database runs on."""
    async with processes.serve(data_dir=folder / "data", loop="false") as server:
        while not (folder / "data").exists():
            await asyncio.sleep(0.01)
        await asyncio.sleep(moment)
        code, seconds = await server.stop(sent)

    assert code in {0, 128 + sent}, server.log.decode()
    # What is underway, as making the cluster, ends first, and takes its time on a busy machine.
    assert seconds < 60
    assert b"Traceback" not in server.log
    assert _postmasters(folder) == []


async def _joined(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        *processes.COMMAND[:1],
        "-c",
        _JOIN,
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    return process, line.decode().strip()


async def _leave(process: asyncio.subprocess.Process) -> None:
    await asyncio.wait_for(process.communicate(b""), 60)
    assert process.returncode == 0
