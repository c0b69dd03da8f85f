"""The wheel, in an environment that holds nothing else, against PostgreSQL over TCP with passwords.

One test, for the environment takes a while to make.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import asyncpg

from flywheel_server.core import migrations
from tests.anywhere import test_operations
from tests.deploy import processes, tcp

ROOT = Path(__file__).parents[2]


async def test_the_wheel_migrates_and_serves_from_an_empty_environment() -> None:
    """Broken by leaving `sql/*.sql` out of the package data: the first request then fails."""
    with tempfile.TemporaryDirectory(prefix="fw-") as name:
        folder = Path(name)
        wheel = await asyncio.to_thread(_built, folder)
        _holds_everything(wheel)
        command = (str(await asyncio.to_thread(_installed, folder, wheel)),)
        async with tcp.postgres(folder / "database") as postgres:
            told = await processes.run(
                "migrate",
                command=command,
                database_url=postgres.owner_url,
                app_password=tcp.APP_PASSWORD,
            )
            assert migrations.head() in told
            await _owns_nothing(postgres)
            await _serves(command, postgres, folder)
        # With nothing but what was installed: backup, loss, restore, rotation.
        folder.chmod(0o755)
        await test_operations.walk(folder, command)


async def _serves(command: tuple[str, ...], postgres: tcp.Postgres, folder: Path) -> None:
    async with processes.serve(
        command, cwd=folder, database_url=postgres.app_url, loop_interval=1
    ) as server:
        await server.answers("/health")
        await server.answers("/ready")
        open_ones = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        for reader, writer in open_ones:
            writer.write(b"GET /health HTTP/1.1\r\nHost: server\r\n\r\n")
            assert b" 200 " in await reader.readline()
        code, seconds = await server.stop()
        assert code == 0, server.log.decode()
        assert seconds < 30
        assert b'"level": "error"' not in server.log, server.log.decode()
        for _, writer in open_ones:
            writer.close()


async def _owns_nothing(postgres: tcp.Postgres) -> None:
    """The server's own login works with its password, owns nothing, and may read nothing."""
    connection = await asyncpg.connect(postgres.app_url)
    try:
        assert await connection.fetchval("SELECT current_user") == "flywheel_app"
        assert (
            await connection.fetchval(
                "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
                "WHERE r.rolname LIKE 'flywheel%' AND r.rolname <> 'flywheel_owner'"
            )
            == 0
        )
        try:
            await connection.fetch("SELECT s.id FROM sites s")
        except asyncpg.InsufficientPrivilegeError:
            pass
        else:
            raise AssertionError("the login role may read sites")
    finally:
        await connection.close()
    wrong = postgres.app_url.replace(tcp.APP_PASSWORD, "another-password")
    try:
        await asyncpg.connect(wrong)
    except asyncpg.InvalidPasswordError:
        return
    raise AssertionError("a wrong password was accepted")


def _built(folder: Path) -> Path:
    # From a copy: building writes into the source tree, and other tests read that.
    source = folder / "source"
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for built_from in ("src", "migrations", "simulator"):
        shutil.copytree(ROOT / built_from, source / built_from, ignore=ignore)
    for file in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / file, source / file)
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source])
    (wheel,) = folder.glob("flywheel_server-*.whl")
    return wheel


def _installed(folder: Path, wheel: Path) -> Path:
    _run([sys.executable, "-m", "venv", folder / "venv"])
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet"]
    _run([*pip, "--require-hashes", "--requirement", ROOT / "requirements" / "run.txt"])
    _run([*pip, "--no-deps", "--no-index", wheel])
    return folder / "venv" / "bin" / "flywheel-server"


def _holds_everything(wheel: Path) -> None:
    """Every file of the package and of what stands beside it is in the wheel, but byte code."""
    wanted = {
        str(within / file.relative_to(folder))
        for folder, within in (
            (ROOT / "src" / "flywheel_server", Path("flywheel_server")),
            (ROOT / "migrations", Path("flywheel_server", "_bundled", "migrations")),
            (ROOT / "simulator", Path("flywheel_server", "_bundled", "simulator")),
        )
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    held = set(zipfile.ZipFile(wheel).namelist())
    assert wanted - held == set()


def _run(command: list[object]) -> None:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
