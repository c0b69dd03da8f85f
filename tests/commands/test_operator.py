import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from flywheel_server.core import embedded

EMAIL = "ops@example.com"


def operator(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flywheel_server", "operator", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


async def on(address: embedded.Address, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(operator, *arguments, FLYWHEEL_DATABASE_URL=address.owner_url)


def token(done: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", last)
    return {"Authorization": f"Bearer {last}"}


async def test_a_created_operator_gets_in_with_the_token_on_the_last_line(
    client: httpx.AsyncClient, address: embedded.Address
) -> None:
    headers = token(await on(address, "create", "--email", EMAIL))
    made = await client.post("/api/admin/partners", json={"name": "North IT"}, headers=headers)
    assert made.status_code == 201
    (person,) = (await client.get("/api/admin/operators", headers=headers)).json()["items"]
    assert (person["email"], person["role"]) == (EMAIL, "admin")


async def test_a_viewer_is_made_by_role(
    client: httpx.AsyncClient, address: embedded.Address
) -> None:
    headers = token(await on(address, "create", "--email", EMAIL, "--role", "viewer"))
    made = await client.post("/api/admin/partners", json={"name": "North IT"}, headers=headers)
    assert made.status_code == 403


async def test_an_email_in_use_is_refused_with_the_remedy_and_a_second_token_can_be_had(
    client: httpx.AsyncClient, address: embedded.Address
) -> None:
    first = token(await on(address, "create", "--email", EMAIL))
    again = await on(address, "create", "--email", EMAIL.upper())
    assert again.returncode == 1
    assert "operator token" in again.stderr
    assert again.stdout == ""
    second = token(await on(address, "token", "--email", EMAIL))
    assert first != second
    for headers in (first, second):
        assert (await client.get("/api/admin/sites", headers=headers)).status_code == 200


async def test_a_disabled_operator_is_out_and_gets_no_token(
    client: httpx.AsyncClient, address: embedded.Address
) -> None:
    headers = token(await on(address, "create", "--email", EMAIL))
    assert (await on(address, "disable", "--email", EMAIL)).returncode == 0
    assert (await client.get("/api/admin/sites", headers=headers)).status_code == 401
    refused = await on(address, "token", "--email", EMAIL)
    assert refused.returncode == 1
    assert "disabled" in refused.stderr


async def test_what_is_no_email_and_who_is_no_operator_is_refused(
    address: embedded.Address,
) -> None:
    for arguments in (
        ("create", "--email", "nobody"),
        ("create", "--email", "a b@example.com"),
        ("create", "--email", f"{'x' * 250}@example.com"),
        ("token", "--email", EMAIL),
        ("disable", "--email", EMAIL),
    ):
        done = await on(address, *arguments)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr


def test_the_embedded_database_is_started_and_migrated_when_nobody_did(tmp_path: Path) -> None:
    environment = {"FLYWHEEL_DATA_DIR": str(tmp_path / "data")}
    token(operator("create", "--email", EMAIL, **environment))
    again = operator("create", "--email", EMAIL, **environment)
    assert again.returncode == 1
    assert "operator token" in again.stderr
