"""A database whose disk is full in truth: a small file system, filled to the last byte.

Needs root, for the file system; elsewhere `test_read_only.py` has the driver's error by its code.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from flywheel_server.core import database_refusals
from tests import telemetry
from tests.anywhere import clusters
from tests.deploy import processes, tcp

_SIZE = 400 * 2**20


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system of its own; nothing else on the machine is short of room."""
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a file system needs root")
    options = f"size={_SIZE},mode=755"
    if subprocess.run(
        [mount, "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False
    ).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(ballast: Path) -> None:
    """Leave no room at all."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


async def test_a_full_disk_is_told_of_and_room_ends_it(tmp_path: Path) -> None:
    """Broken by taking the driver's `disk_full` for an error like others: writes are 500."""
    # The database runs as a user of its own, who has to get there.
    tmp_path.chmod(0o755)
    with _small_disk(tmp_path / "disk") as disk:
        async with tcp.postgres(disk / "data") as postgres:
            owner: dict[str, Any] = {"database_url": postgres.owner_url}
            await processes.run("migrate", app_password=tcp.APP_PASSWORD, **owner)
            told = await processes.run("operator", "create", "--email", "a@example.com", **owner)
            token = {"Authorization": f"Bearer {told.strip().splitlines()[-1]}"}
            async with (
                processes.serve(database_url=postgres.app_url, loop="false") as server,
                httpx.AsyncClient(base_url=server.url, timeout=30) as client,
            ):
                await server.answers("/ready")
                key = await _site(client, token)
                ballast = disk / "ballast"
                await asyncio.to_thread(_fill, ballast)
                taken = 0
                async with asyncio.timeout(120):
                    while (refused := await _send(client, key)).status_code == 200:
                        taken += refused.json()["accepted"]
                assert refused.status_code == 503, refused.text
                assert "retry-after" in refused.headers
                ready = await client.get("/ready")
                assert ready.status_code == 503
                why = database_refusals.DISK_FULL
                assert ready.json()["detail"] == f"{why[0].upper()}{why[1:]}."
                read = await client.get("/api/admin/rules", headers=token)
                assert read.status_code == 200, read.text
                ballast.unlink()
                async with asyncio.timeout(120):
                    while (again := await _send(client, key, 1)).status_code != 200:
                        assert again.status_code == 503, again.text
                await server.answers("/ready")
            # Whatever was acknowledged is there, and nothing else.
            superuser = clusters.superuser_url(disk / "data", postgres)
            assert await _kept(superuser) == taken + 1


async def _site(client: httpx.AsyncClient, token: dict[str, str]) -> str:
    async def make(path: str, **body: Any) -> dict[str, Any]:
        answer = await client.post(f"/api/admin/{path}", json=body, headers=token)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    partner = await make("partners", name="North IT")
    organization = await make("organizations", partner_id=partner["id"], name="Harbour")
    await make("sites", site_id="main", organization_id=organization["id"], name="Main")
    return str((await make("sites/main/keys"))["key"])


async def _send(client: httpx.AsyncClient, key: str, count: int = 500) -> httpx.Response:
    return await client.post(
        "/api/agent/executions/batch",
        json={
            "site_id": "main",
            "executions": telemetry.executions(count, error_message="x" * 900),
        },
        headers={"Authorization": f"Bearer {key}"},
    )


async def _kept(superuser: str) -> int:
    connection = await asyncpg.connect(superuser)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM executions"))
    finally:
        await connection.close()
