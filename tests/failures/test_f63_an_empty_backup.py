"""F63: a backup that is empty, a restore without policies.

Broken on purpose by leaving `SET ROLE flywheel_backup` out of `backups.begin`: the owner, for whom
row-level security is forced, reads no row and the backup is refused by its own chains.
"""

import asyncio
import contextlib
import stat
from pathlib import Path

import httpx

from flywheel_server.commands import (
    backup as backup_commands,
    backup_files,
    learning as learning_commands,
    setup,
)
from flywheel_server.core import db
from flywheel_server.core.settings import Settings
from flywheel_server.web import credentials
from tests import bundles, cast as people, schema_file, telemetry
from tests.anywhere import clusters
from tests.deploy import tcp
from tests.journeys.conftest import listening

SETTINGS = Settings(app_password=tcp.APP_PASSWORD, loop=False)


async def test_f63_a_backup_under_load_is_restored_into_another_cluster(tmp_path: Path) -> None:
    file = tmp_path / "flywheel.backup"
    async with tcp.postgres(tmp_path / "one") as one:
        await setup.migrate(one.owner_url, SETTINGS)
        database = await db.open_database(one.app_url)
        cast = await people.make_cast(database)
        agent = await bundles.agent_of(database, cast.appliance)
        for _ in range(3):
            await bundles.submitted(database, agent)
        async with (
            listening(SETTINGS, one.app_url) as base_url,
            httpx.AsyncClient(base_url=base_url, timeout=60) as http,
        ):
            before = telemetry.executions(40, failures=3)
            await telemetry.send(http, cast.site, before)
            await telemetry.turn(http, cast.admin)
            writing = [asyncio.create_task(_write(http, cast)) for _ in range(2)]
            await backup_commands.backup(one.owner_url, file)
            for task in writing:
                task.cancel()
            sent = sum(len(each) for each in await asyncio.gather(*writing))
            assert sent > 0
        await database.close()
        # A second one, of what rests, to compare everything with.
        quiet = tmp_path / "quiet.backup"
        await backup_commands.backup(one.owner_url, quiet)
        expected = await clusters.contents(clusters.superuser_url(tmp_path / "one", one))
        schema = schema_file.render(clusters.superuser_url(tmp_path / "one", one))

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with backup_files.reading(file) as reader:
        held = {part.name: part.rows for part in reader.manifest.tables}
    assert held["executions"] >= len(before)
    assert held["evidence_bundles"] == 3

    async with tcp.postgres(tmp_path / "two") as two:
        await backup_commands.restore(two.owner_url, quiet, SETTINGS)
        found = await clusters.contents(clusters.superuser_url(tmp_path / "two", two))
        assert found.keys() == expected.keys()
        for table in expected.keys() - clusters.REBUILT:
            assert found[table] == expected[table], table
        assert schema_file.render(clusters.superuser_url(tmp_path / "two", two)) == schema
        await _goes_on(two, cast)

    async with tcp.postgres(tmp_path / "three") as three:
        # The one that was made under load is whole in itself, at a moment of its own.
        await backup_commands.restore(three.owner_url, file, SETTINGS)
        await _goes_on(three, cast)


async def _write(http: httpx.AsyncClient, cast: people.Cast) -> list[int]:
    """Send executions and change rules of the game until stopped; return what was taken."""
    taken: list[int] = []
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            answer = await telemetry.send(http, cast.site, telemetry.executions(20))
            taken.append(answer["accepted"])
            made = await http.post(
                "/api/admin/partners",
                json={"name": f"Partner {len(taken)}"},
                headers=cast.admin.headers,
            )
            assert made.status_code in {200, 201}, made.text
    return taken


async def _goes_on(place: tcp.Postgres, cast: people.Cast) -> None:
    """Let appliances, people and the loop go on with what they hold."""
    async with (
        listening(SETTINGS, place.app_url) as base_url,
        httpx.AsyncClient(base_url=base_url, timeout=60) as http,
    ):
        synced = await http.get("/agent/sync", headers=cast.site.headers)
        assert synced.status_code == 200
        cookie = f"{credentials.PLAIN_COOKIE}={cast.people['partner owner'].token}"
        assert (await http.get("/api/auth/session", headers={"Cookie": cookie})).status_code == 200
        assert (await http.get("/api/admin/rules", headers=cast.admin.headers)).status_code == 200
        assert (await telemetry.send(http, cast.site, telemetry.executions(5)))["accepted"] == 5
        await telemetry.turn(http, cast.admin)
    await learning_commands.verify_counts(place.app_url, rebuild=False)
