"""The third belt: whatever a query forgets, the database does not show another tenant's rows."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from flywheel_server.core import db, embedded

TENANT_COLUMNS = ["site_id", "organization_id", "partner_id"]
TENANT_ROLES = ("flywheel_appliance", "flywheel_client", "flywheel_partner")
# Tables that belong to no tenant and hold nothing about one.
OPEN = {"alembic_version", "aliases", "audit_head", "runbooks"}


@pytest.fixture
async def owner(filled: embedded.Address) -> AsyncIterator[db.Connection]:
    connection = await asyncpg.connect(filled.owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def application(
    filled: embedded.Address,
) -> AsyncIterator[db.Connection]:
    connection = await asyncpg.connect(filled.app_url)
    yield connection
    await connection.close()


async def test_every_table_with_a_tenant_column_forces_row_level_security(
    owner: db.Connection,
) -> None:
    """Broken by taking `corrections` out of the migration's list: the table is named here."""
    tables = await owner.fetch(
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
        "AND a.attname = ANY($1) AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        TENANT_COLUMNS,
    )

    assert [row["relname"] for row in tables] == []


async def test_every_partition_forces_row_level_security_too(
    owner: db.Connection,
) -> None:
    partitions = await owner.fetch(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AS closed FROM pg_class "
        "WHERE relispartition AND relkind = 'r'"
    )

    assert len(partitions) >= 4
    assert [row["relname"] for row in partitions if not row["closed"]] == []


async def test_every_other_table_is_closed_or_known_to_hold_nothing_of_a_tenant(
    owner: db.Connection,
) -> None:
    tables = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relrowsecurity"
    )

    assert {row["relname"] for row in tables} == OPEN


async def test_no_view_reads_with_its_owners_rights(
    owner: db.Connection,
) -> None:
    views = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND (relkind = 'm' OR relkind = 'v' AND NOT coalesce(reloptions, '{}') "
        "&& ARRAY['security_invoker=true', 'security_invoker=on'])"
    )

    assert [row["relname"] for row in views] == []


@pytest.mark.parametrize(("site", "facts"), [(3, 1), (0, 0)])
async def test_counted_facts_shows_a_site_its_own_alone(
    application: db.Connection, site: int, facts: int
) -> None:
    """Broken by the view without `security_invoker`: then each site sees all."""
    async with application.transaction():
        await application.execute(
            "SELECT set_config('role', 'flywheel_appliance', true), "
            f"set_config('flywheel.site_id', '00000000-0000-7000-8000-00000000000{site}', true)"
        )
        assert await application.fetchval("SELECT count(*) FROM counted_facts") == facts


async def test_no_role_of_ours_can_step_over_the_policies(
    owner: db.Connection,
) -> None:
    roles = await owner.fetch("SELECT * FROM pg_roles WHERE rolname LIKE 'flywheel%'")

    assert len(roles) == 9
    for role in roles:
        name = role["rolname"]
        assert not role["rolsuper"], name
        assert not role["rolbypassrls"], name
        assert not role["rolinherit"], name
        assert not role["rolcreaterole"], name
        assert not role["rolcreatedb"], name
        assert role["rolcanlogin"] == (name == db.APP_ROLE), name
    memberships = await owner.fetch(
        "SELECT m.roleid::regrole::text AS role, m.inherit_option, m.admin_option "
        "FROM pg_auth_members m WHERE m.member = 'flywheel_app'::regrole"
    )
    assert len(memberships) == 7
    assert not any(row["inherit_option"] or row["admin_option"] for row in memberships)


async def test_the_applications_roles_own_nothing(
    owner: db.Connection,
) -> None:
    owned = await owner.fetch(
        "SELECT relname AS name FROM pg_class WHERE relowner::regrole::text LIKE 'flywheel%' "
        "UNION ALL SELECT proname FROM pg_proc WHERE proowner::regrole::text LIKE 'flywheel%' "
        "UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner::regrole::text LIKE 'flywheel%'"
    )

    assert [row["name"] for row in owned] == []


async def test_the_login_role_has_no_right_on_any_table_or_column(
    owner: db.Connection,
) -> None:
    granted = await owner.fetch(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND CASE WHEN c.relkind = 'S' "
        "THEN has_sequence_privilege('flywheel_app', c.oid, 'USAGE, SELECT, UPDATE') "
        "ELSE has_table_privilege('flywheel_app', c.oid, "
        "'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN') "
        "OR has_any_column_privilege('flywheel_app', c.oid, "
        "'SELECT, INSERT, UPDATE, REFERENCES') END"
    )

    assert [row["relname"] for row in granted] == []


async def test_without_a_scope_every_table_is_refused_and_never_empty(
    owner: db.Connection,
    application: db.Connection,
) -> None:
    """Broken by `GRANT SELECT ON sites TO flywheel_app`: zero rows come instead of a refusal."""
    for table in await _tables(owner):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.fetch(f"SELECT FROM {table}")


@pytest.mark.parametrize("role", TENANT_ROLES)
async def test_a_tenants_role_without_its_tenant_is_an_error_and_never_zero_rows(
    owner: db.Connection,
    application: db.Connection,
    role: str,
) -> None:
    """Broken by `current_setting('flywheel.site_id', true)` in the policies."""
    readable = [
        table
        for table in await _tables(owner)
        if table not in OPEN
        and await owner.fetchval("SELECT has_any_column_privilege($1, $2, 'SELECT')", role, table)
    ]
    assert readable
    for table in readable:
        with pytest.raises((asyncpg.UndefinedObjectError, asyncpg.DataError)):
            await _read(application, role, f"SELECT {await _column(owner, table)} FROM {table}")


async def test_a_tenant_that_ended_with_its_transaction_is_an_error_too(
    application: db.Connection,
) -> None:
    async with application.transaction():
        await application.execute(
            "SELECT set_config('role', 'flywheel_appliance', true), "
            "set_config('flywheel.site_id', '00000000-0000-7000-8000-000000000003', true)"
        )
        assert await application.fetchval("SELECT count(*) FROM patterns") == 1

    with pytest.raises(asyncpg.DataError):
        await _read(application, "flywheel_appliance", "SELECT p.id FROM patterns p")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.fetch("SELECT p.id FROM patterns p")


async def test_a_partition_cannot_be_read_past_its_parent(
    owner: db.Connection,
    application: db.Connection,
) -> None:
    partitions = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
    )
    roles = await owner.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'flywheel%'")

    for partition in partitions:
        for role in roles:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await _read(application, role["rolname"], f"SELECT FROM {partition['relname']}")


async def _read(connection: db.Connection, role: str, query: str) -> None:
    async with connection.transaction():
        await connection.execute("SELECT set_config('role', $1, true)", role)
        await connection.fetch(query)


async def _tables(owner: db.Connection) -> list[str]:
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
    )
    assert len(rows) > 20
    return [row["relname"] for row in rows]


async def _column(owner: db.Connection, table: str) -> str:
    column = await owner.fetchval(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1", table
    )
    return str(column)
