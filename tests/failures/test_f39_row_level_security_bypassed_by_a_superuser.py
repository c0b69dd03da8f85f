"""F39: row-level security was bypassed by a superuser, then hid everything: loops blind for days.

Broken on purpose by leaving `role` out of the session's settings in core/db.py: the first test then
reads every tenant's sites; and by `FOR SELECT TO flywheel_partner` only on sites: the loop's test
then finds no rows.
"""

import asyncpg
import pytest

from flywheel_server.core import db, embedded, errors
from flywheel_server.core.scope import LoopScope
from tests.laws.conftest import filled

__all__ = ["filled"]


async def test_f39_a_superusers_url_gives_no_more_rights_than_the_applications(
    filled: embedded.Address,
) -> None:
    database = await db.open_database(filled.owner_url)
    try:
        async with db.acquire(database) as connection:
            assert await connection.fetchval("SELECT session_user") == "postgres"
            assert await connection.fetchval("SELECT current_user") == db.APP_ROLE
            assert not await connection.fetchval(
                "SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.rolname = current_user"
            )
            for statement in ("SELECT s.id FROM sites s", "SELECT e.site_id FROM executions e"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(statement)
    finally:
        await database.close()


async def test_f39_resetting_the_role_does_not_bring_the_superuser_back(
    filled: embedded.Address,
) -> None:
    database = await db.open_database(filled.owner_url)
    try:
        async with db.acquire(database) as connection:
            await connection.execute("RESET ROLE")
            assert await connection.fetchval("SELECT current_user") == db.APP_ROLE
    finally:
        await database.close()


async def test_f39_the_writers_connections_hold_the_writers_rights_alone(
    filled: embedded.Address,
) -> None:
    database = await db.open_database(filled.owner_url)
    try:
        async with db.acquire(database, database.writer) as connection:
            assert await connection.fetchval("SELECT current_user") == db.WRITER_ROLE
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT e.execution_id FROM executions e")
    finally:
        await database.close()


async def test_f39_the_loop_sees_every_tenant_with_either_url(filled: embedded.Address) -> None:
    for url in (filled.owner_url, filled.app_url):
        database = await db.open_database(url)
        try:
            async with db.transaction(database, LoopScope(reason="a test")) as connection:
                assert await connection.fetchval("SELECT count(*) FROM executions") == 1
                assert await connection.fetchval("SELECT count(*) FROM sites") == 1
        finally:
            await database.close()


async def test_f39_a_database_without_our_roles_is_an_error_and_not_an_empty_one(
    cluster: embedded.Address,
) -> None:
    url = cluster.app_url.replace("postgresql://flywheel_app@", "postgresql://nobody_we_know@")

    with pytest.raises(errors.FlywheelError):
        await db.connect(url)
