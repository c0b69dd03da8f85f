"""Whatever is wrong with the database, a command ends in one sentence, and a server that waits."""

import asyncio
import json
from pathlib import Path

import asyncpg
import httpx
import pytest

from flywheel_server.core import migrations
from tests.anywhere import commands
from tests.anywhere.conftest import Hosted
from tests.deploy import processes, tcp

COMMANDS = [
    ("migrate",),
    ("serve",),
    ("verify-counts",),
    ("step", "generate_patterns"),
    ("operator", "create", "--email=a@example.com"),
]
WRONG = {
    "password": (tcp.APP_PASSWORD, "wr0ng-and-l0ng", "refuses the login"),
    "user": ("flywheel_app:", "stranger:", "refuses the login"),
    "database": ("/deployed", "/elsewhere", "does not exist"),
    "parameter": ("/deployed", "/deployed?conect_timeout=3", "conect_timeout"),
    "value": ("/deployed", "/deployed?work_mem=lots", "work_mem"),
    "sslmode": ("/deployed", "/deployed?sslmode=always", "sslmode"),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_database_is_one_sentence(
    hosted: Hosted, wrong: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken by asyncpg's traceback, which names the host, and by a server that started on it."""
    old, new, word = WRONG[wrong]
    url = hosted.postgres.app_url.replace(old, new)

    code, told = commands.run(capsys, *command, database_url=url)

    assert code == 1, told
    assert told.startswith("flywheel-server: "), told
    assert len(told.strip().splitlines()) == 1
    assert word in told
    assert new.strip(":/") not in told or wrong in {"parameter", "value", "sslmode"}
    assert tcp.APP_PASSWORD not in told


@pytest.mark.parametrize("command", COMMANDS[1:], ids=lambda command: command[0])
@pytest.mark.parametrize("state", ["empty", "older"])
def test_an_unmigrated_schema_names_the_command(
    hosted: Hosted, state: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    url = hosted.postgres.owner_url.replace("/deployed", "/unmigrated")
    asyncio.run(_make_again(hosted))
    if state == "older":
        migrations.upgrade(url, migrations.known()[-2])
        # What it logged is not the command's.
        capsys.readouterr()

    code, told = commands.run(capsys, *command, database_url=url)

    assert code == 1, told
    assert "run `flywheel-server migrate`" in told
    assert len(told.strip().splitlines()) == 1


def test_a_schema_of_a_later_release_is_not_migrated_and_is_served(
    hosted: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_set_revision(hosted, "9999"))
    try:
        code, told = commands.run(capsys, "migrate", database_url=hosted.postgres.owner_url)
        counted, _ = commands.run(capsys, "verify-counts", database_url=hosted.postgres.app_url)
    finally:
        asyncio.run(_set_revision(hosted, migrations.head()))

    assert (code, counted) == (1, 0)
    assert "later release" in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [each for each in COMMANDS if each != ("serve",)], ids=str)
def test_a_database_that_is_down_is_one_sentence(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"postgresql://u:s3cr3t@127.0.0.1:{processes.free_port()}/x"

    code, told = commands.run(capsys, *command, database_url=url)

    assert code == 1
    assert told == (
        "flywheel-server: the database of FLYWHEEL_DATABASE_URL cannot be reached "
        "(connection refused)\n"
    )


async def test_a_server_waits_for_its_database_and_says_so_once(tmp_path: Path) -> None:
    """Broken by a line in the log at each of the attempts, and by 500 for a refused password."""
    async with tcp.postgres(tmp_path / "data") as postgres:
        await processes.run(
            "migrate", database_url=postgres.owner_url, app_password=tcp.APP_PASSWORD
        )
    async with processes.serve(database_url=postgres.app_url, loop_interval=1) as server:
        refused = await server.answers("/ready", 503)
        async with httpx.AsyncClient(base_url=server.url) as client:
            statuses = {
                (await client.get(path, headers={"Authorization": "Bearer x"})).status_code
                for path in ("/agent/sync", "/api/admin/rules", "/metrics", "/health")
            }
        async with tcp.postgres(tmp_path / "data", port=postgres.port):
            ready = await server.answers("/ready")
            code, _ = await server.stop()

    assert "cannot be reached (connection refused)" in refused.json()["detail"]
    assert statuses == {503, 200}
    assert ready.json()["status"] == "ready"
    assert code == 0
    events = [json.loads(line)["event"] for line in server.log.splitlines()]
    told = [event for event in events if "database" in event or "lost" in event]
    assert told == ["the database cannot be used", "the database can be used again"]


async def _make_again(hosted: Hosted) -> None:
    maintenance = await asyncpg.connect(hosted.postgres.owner_url)
    await maintenance.execute("DROP DATABASE IF EXISTS unmigrated WITH (FORCE)")
    await maintenance.close()
    superuser = await asyncpg.connect(
        f"postgresql://postgres@/postgres?host={hosted.folder}/data/run&port={hosted.postgres.port}"
    )
    await superuser.execute("CREATE DATABASE unmigrated OWNER flywheel_owner")
    await superuser.close()


async def _set_revision(hosted: Hosted, revision: str) -> None:
    owner = await asyncpg.connect(hosted.postgres.owner_url)
    await owner.execute("UPDATE alembic_version SET version_num = $1", revision)
    await owner.close()
