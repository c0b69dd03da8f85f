"""Each policy of row-level security by itself: a tenant that is not there has nothing anywhere.

The rows of ``filled.sql`` belong to one tenant; here another one reads, changes, deletes and adds.
Broken on purpose by ``USING (true)`` and ``WITH CHECK (true)`` for people and appliances.
"""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from flywheel_server.core import db, embedded

ROLES = ("flywheel_appliance", "flywheel_client", "flywheel_partner")
OWN = {
    "flywheel.partner_id": "00000000-0000-7000-8000-000000000001",
    "flywheel.organization_id": "00000000-0000-7000-8000-000000000002",
    "flywheel.site_id": "00000000-0000-7000-8000-000000000003",
}
STRANGER = dict.fromkeys(OWN, "00000000-0000-7000-8000-0000000000ff")
# What every tenant reads: it belongs to none, or is the platform's.
SHARED = {
    "alembic_version", "aliases", "audit_head", "l1_rules", "policies", "rule_health", "runbooks",
}  # fmt: skip
# What every appliance may add: sets of rules, which name no tenant.
ADDED = {("flywheel_appliance", "rule_sets")}


@pytest.fixture
async def owner(filled: embedded.Address) -> AsyncIterator[db.Connection]:
    connection = await asyncpg.connect(filled.owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def application(filled: embedded.Address) -> AsyncIterator[db.Connection]:
    connection = await asyncpg.connect(filled.app_url)
    yield connection
    await connection.close()


@pytest.mark.parametrize("role", ROLES)
async def test_another_tenant_reads_none_of_its_rows(
    owner: db.Connection, application: db.Connection, role: str
) -> None:
    seen = {}
    for table, columns in (await _granted(owner, role, "SELECT")).items():
        if table not in SHARED:
            query = f"SELECT {columns[0]} FROM {table}"
            seen[table] = len(await _as(application, role, STRANGER, query))
    assert len(seen) > 10
    assert {table for table, rows in seen.items() if rows} == set()


@pytest.mark.parametrize("role", ROLES)
async def test_the_tenant_itself_reads_them(
    owner: db.Connection, application: db.Connection, role: str
) -> None:
    """So that the test above says something: nothing is hidden from everyone."""
    hidden = set()
    for table, columns in (await _granted(owner, role, "SELECT")).items():
        if not await _as(application, role, OWN, f"SELECT {columns[0]} FROM {table}"):
            hidden.add(table)
    assert hidden == set()


@pytest.mark.parametrize("role", ROLES)
async def test_another_tenant_changes_and_deletes_none_of_its_rows(
    owner: db.Connection, application: db.Connection, role: str
) -> None:
    touched = set()
    for table, columns in (await _granted(owner, role, "UPDATE")).items():
        query = f"UPDATE {table} SET {columns[0]} = DEFAULT RETURNING 1"
        touched |= {table} if await _may(application, role, STRANGER, query) else set()
    for table in await _granted(owner, role, "DELETE"):
        query = f"WITH d AS (DELETE FROM {table} RETURNING 1) SELECT * FROM d"
        touched |= {table} if await _may(application, role, STRANGER, query) else set()
    assert touched == set()


@pytest.mark.parametrize("role", ROLES)
async def test_another_tenant_adds_no_row_to_it(
    owner: db.Connection, application: db.Connection, role: str
) -> None:
    added = {}
    for table, columns in (await _granted(owner, role, "INSERT")).items():
        row = await owner.fetchval(f"SELECT to_jsonb(t) FROM {table} t LIMIT 1")
        names = ", ".join(columns)
        query = (
            f"INSERT INTO {table} ({names}) SELECT {names} "
            f"FROM jsonb_populate_record(NULL::{table}, $1::jsonb)"
        )
        if (said := await _added(application, role, query, row)) != "refused":
            added[table] = said
    assert {(role, table) for table in added} <= ADDED, added


async def _granted(owner: db.Connection, role: str, right: str) -> dict[str, list[str]]:
    """Return the tables on which a role has a right, with the columns that it has it on."""
    rows = await owner.fetch(
        "SELECT c.relname AS name, array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS columns "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND NOT c.relispartition AND NOT a.attisdropped AND a.attgenerated = '' "
        "AND CASE WHEN $2 = 'DELETE' THEN has_table_privilege($1, c.oid, $2) "
        "ELSE has_column_privilege($1, c.oid, a.attnum, $2) END "
        "GROUP BY c.relname ORDER BY c.relname",
        role,
        right,
    )
    return {row["name"]: row["columns"] for row in rows}


async def _added(application: db.Connection, role: str, query: str, row: str) -> str:
    """Return what became of a row that a stranger adds: policies are asked before constraints."""
    try:
        async with application.transaction():
            await _become(application, role, STRANGER)
            await application.execute(query, row)
    except asyncpg.PostgresError as error:
        return "refused" if "row-level security policy" in str(error) else str(error)
    return "added"


async def _may(application: db.Connection, role: str, tenant: dict[str, str], query: str) -> bool:
    """Say whether a change would have touched a row; one that fails on its values would have."""
    try:
        return bool(await _as(application, role, tenant, query))
    except asyncpg.PostgresError:
        return True


async def _as(
    application: db.Connection, role: str, tenant: dict[str, str], query: str
) -> list[Any]:
    transaction = application.transaction()
    await transaction.start()
    try:
        await _become(application, role, tenant)
        return list(await application.fetch(query))
    finally:
        await transaction.rollback()


async def _become(application: db.Connection, role: str, tenant: dict[str, str]) -> None:
    await application.execute("SELECT set_config('role', $1, true)", role)
    for name, value in tenant.items():
        await application.execute("SELECT set_config($1, $2, true)", name, value)
