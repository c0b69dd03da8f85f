"""docs/operations.md walked through as it is written, with nothing but the commands it names.

`tests/deploy/test_wheel.py` walks the same way from a wheel in an empty environment.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from typer.testing import CliRunner

from flywheel_server.__main__ import cli
from flywheel_server.core import embedded, migrations
from tests import schema_file, telemetry
from tests.anywhere import clusters
from tests.deploy import processes, tcp

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
WALKED = Path(__file__).parents[1] / "deploy" / "test_wheel.py"


class _Fleet:
    """What the first person sets up over HTTP: a partner's site and its key."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url
        self.operator = {"Authorization": f"Bearer {token}"}

    async def make(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self._ask("POST", path, body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def site(self) -> tuple[str, str]:
        """Return a key of a site, and the key's id."""
        partner = await self.make("partners", name="North IT")
        organization = await self.make("organizations", partner_id=partner["id"], name="Harbour")
        await self.make("sites", site_id="main", organization_id=organization["id"], name="Main")
        key = await self.make("sites/main/keys")
        return key["key"], key["id"]

    async def revoke(self, key_id: str) -> None:
        assert (await self._ask("DELETE", f"keys/{key_id}", None)).status_code == 204

    async def rules(self) -> int:
        return (await self._ask("GET", "rules", None)).status_code

    async def _ask(self, method: str, path: str, body: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.base_url, timeout=30) as client:
            return await client.request(
                method, f"/api/admin/{path}", json=body, headers=self.operator
            )


async def _send(base_url: str, key: str, count: int = 3) -> int:
    async with httpx.AsyncClient(base_url=base_url, timeout=30) as client:
        answer = await client.post(
            "/api/agent/executions/batch",
            json={"site_id": "main", "executions": telemetry.executions(count)},
            headers={"Authorization": f"Bearer {key}"},
        )
    if answer.status_code != 200:
        return -answer.status_code
    accepted: int = answer.json()["accepted"]
    return accepted


async def test_a_machine_is_set_up_backed_up_lost_and_comes_back(tmp_path: Path) -> None:
    await walk(tmp_path)


def test_the_page_names_commands_as_they_are() -> None:
    """Broken by an option that is called otherwise on the page, or a command that is gone."""
    named = set(re.findall(r"flywheel-server ((?:operator )?[a-z][a-z-]+)", _page()))
    assert {"migrate", "serve", "backup", "restore", "operator create"} <= named
    for command in sorted(named):
        told = CliRunner().invoke(cli, [*command.split(), "--help"])
        assert told.exit_code == 0, command
        lines = re.findall(rf"flywheel-server {command}( [^`\n#]*)?[`\n#]", _page())
        for option in re.findall(r"--[a-z-]+", " ".join(lines)):
            assert option in told.output, (command, option)
    steps = (WALKED, Path(__file__))
    walked = "\n".join(file.read_text(encoding="utf-8") for file in steps)
    for command in named - {"serve", "test-mail", "verify-evidence"}:
        assert ", ".join(f'"{word}"' for word in command.split()) in walked, command


def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


async def walk(folder: Path, command: tuple[str, ...] = processes.COMMAND) -> None:
    """The embedded database: first person, backup beside the server, loss, restore, rotation."""
    data, file = folder / "data", folder / "flywheel.backup"

    async def run(*words: str) -> str:
        return await processes.run(*words, command=command, data_dir=data)

    told = await run("operator", "create", "--email", "a@example.com")
    token = told.strip().splitlines()[-1]
    async with processes.serve(command, data_dir=data, loop_interval=1) as server:
        await server.answers("/ready")
        fleet = _Fleet(server.url, token)
        key, old = await fleet.site()
        assert await _send(server.url, key) == 3
        assert "rows of" in await run("backup", str(file))
        await server.stop(signal.SIGTERM)

    shutil.rmtree(data)
    assert "all counts equal" in await run("restore", str(file))

    async with processes.serve(command, data_dir=data, loop_interval=1) as server:
        await server.answers("/ready")
        fleet = _Fleet(server.url, token)
        assert await fleet.rules() == 200
        assert await _send(server.url, key) == 3
        new = await fleet.make("sites/main/keys")
        assert await _send(server.url, new["key"]) == 3
        await fleet.revoke(old)
        assert await _send(server.url, key) == -401
        assert await _send(server.url, new["key"]) == 3


async def test_a_deployment_is_upgraded_and_its_password_rotated(tmp_path: Path) -> None:
    """The previous release's schema with data, `migrate`, another FLYWHEEL_APP_PASSWORD."""
    async with tcp.postgres(tmp_path / "data") as postgres:
        await _as_the_previous_release(postgres)
        told = await processes.run(
            "migrate", database_url=postgres.owner_url, app_password=tcp.APP_PASSWORD
        )
        assert told.strip() == f"the schema is at revision {migrations.head()}"
        rotated = "application-rotated-once"
        await processes.run("migrate", database_url=postgres.owner_url, app_password=rotated)
        url = postgres.app_url.replace(tcp.APP_PASSWORD, rotated)
        async with processes.serve(database_url=url, loop_interval=1) as server:
            await server.answers("/ready")
        connection = await asyncpg.connect(clusters.superuser_url(tmp_path / "data", postgres))
        kept = await connection.fetchval("SELECT name FROM partners")
        await connection.close()
    assert kept == "Before"


async def _as_the_previous_release(postgres: tcp.Postgres) -> None:
    await asyncio.to_thread(migrations.upgrade, postgres.owner_url, migrations.known()[-2])
    connection = await asyncpg.connect(postgres.owner_url)
    await connection.execute(
        "SET ROLE flywheel_operator; INSERT INTO partners (name) VALUES ('Before'); RESET ROLE"
    )
    await connection.close()


async def test_postgresqls_own_tools_work_as_the_page_says(tmp_path: Path) -> None:
    """`pg_dump` by the owner is refused; by a superuser it holds everything."""
    dump = tmp_path / "flywheel.dump"
    dumping = ("--format=custom", "--no-owner", f"--file={dump}")
    assert f"pg_dump {' '.join(dumping[:2])} --dbname=SUPERUSER" in PAGE.read_text(encoding="utf-8")
    async with tcp.postgres(tmp_path / "one") as one:
        await _migrated(one)
        assert _tool("pg_dump", *dumping, f"--dbname={one.owner_url}") != 0
        superuser = clusters.superuser_url(tmp_path / "one", one)
        assert _tool("pg_dump", *dumping, f"--dbname={superuser}") == 0
        expected = await clusters.contents(clusters.superuser_url(tmp_path / "one", one))
        schema = schema_file.render(clusters.superuser_url(tmp_path / "one", one))

    async with tcp.postgres(tmp_path / "two") as two:
        await _migrated(two)
        await _empty_again(tmp_path / "two", two)
        assert (
            _tool(
                "pg_restore",
                "--no-owner",
                "--exit-on-error",
                f"--dbname={two.owner_url}",
                str(dump),
            )
            == 0
        )
        await _migrated(two)
        told = await processes.run("verify-counts", "--rebuild", database_url=two.app_url)
        assert "all counts equal" in told
        found = await clusters.contents(clusters.superuser_url(tmp_path / "two", two))
        assert schema_file.render(clusters.superuser_url(tmp_path / "two", two)) == schema
    for table in expected.keys() - clusters.REBUILT:
        assert found[table] == expected[table], table


async def _migrated(postgres: tcp.Postgres) -> None:
    await processes.run("migrate", database_url=postgres.owner_url, app_password=tcp.APP_PASSWORD)


async def _empty_again(folder: Path, postgres: tcp.Postgres) -> None:
    superuser = await asyncpg.connect(clusters.superuser_url(folder, postgres, "postgres"))
    await superuser.execute("DROP DATABASE deployed WITH (FORCE)")
    await superuser.execute("CREATE DATABASE deployed OWNER flywheel_owner")
    await superuser.close()


def _tool(name: str, *arguments: str) -> int:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    done = subprocess.run(
        [str(embedded.binaries() / name), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stderr)  # noqa: T201
    return done.returncode
