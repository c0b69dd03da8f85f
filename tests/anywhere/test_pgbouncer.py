"""A connection pooler in between is refused at the start, however it is set up."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flywheel_server.commands import setup
from flywheel_server.core import database_refusals, db, errors
from flywheel_server.core.settings import Settings
from tests.anywhere.conftest import Hosted
from tests.deploy import processes, tcp

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
needed = pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer (package pgbouncer) is missing")


@contextlib.asynccontextmanager
async def _pooler(hosted: Hosted, folder: Path, mode: str, ignored: str) -> AsyncIterator[int]:
    """Run PgBouncer before the database; yield its port."""
    assert PGBOUNCER is not None
    port = processes.free_port()
    (folder / "users.txt").write_text(
        f'"flywheel_app" "{tcp.APP_PASSWORD}"\n"flywheel_owner" "{tcp.OWNER_PASSWORD}"\n'
    )
    (folder / "pgbouncer.ini").write_text(
        "[databases]\n"
        f"* = host=127.0.0.1 port={hosted.postgres.port}\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = plain\nauth_file = {folder}/users.txt\npool_mode = {mode}\n"
        f"ignore_startup_parameters = {ignored}\n"
    )
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    process = await asyncio.create_subprocess_exec(
        *(PGBOUNCER, "-u", "nobody", str(folder / "pgbouncer.ini")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.02)
        yield port
    finally:
        process.terminate()
        await process.wait()


@needed
@pytest.mark.parametrize("mode", ["session", "transaction"])
@pytest.mark.parametrize(
    "ignored",
    [
        "extra_float_digits",
        ",".join(db.session_settings("", 0).keys() - {"application_name", "timezone"}),
    ],
    ids=["strict", "lenient"],
)
async def test_a_pooler_is_refused_in_a_sentence(hosted: Hosted, mode: str, ignored: str) -> None:
    """A lenient one drops the role that rights depend on: the writer would have none."""
    folder = hosted.folder / f"pooler-{mode}-{len(ignored)}"
    folder.mkdir()
    async with _pooler(hosted, folder, mode, ignored) as port:
        place = tcp.Postgres(port=port)
        with pytest.raises(errors.SetupError) as refused:
            await setup.check(place.app_url)
        assert str(refused.value) == database_refusals.POOLED

        database = await db.open_database(place.app_url)
        with pytest.raises(errors.DatabaseUnavailable, match="pooler"):
            async with db.acquire(database, database.writer):
                pass
        await database.close()

        if "role" not in ignored:
            with pytest.raises(errors.SetupError, match="pooler"):
                await setup.migrate(place.owner_url, Settings())
