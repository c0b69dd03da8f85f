"""No entry, no change: an audit that cannot be written rolls the change back.

Broken on purpose: with the entry written in a transaction of its own, the partner stays.
"""

import asyncpg
import httpx
import pytest

from flywheel_server.core import db, embedded
from tests.accounts.test_operator_accounts import everything
from tests.route_examples import EXAMPLES, routes
from tests.routes.stage import Stage, set_stage

CHANGES = [
    route
    for route in routes()
    # A turn of the loop is the loop's, with run records of its own.
    if route.audience == "operator admin" and route.name != "POST /api/admin/flywheel/run"
]


UNDOING = {"POST /api/admin/rules/{rule_id}/enable", "POST /api/admin/users/{id}/enable"}


@pytest.fixture
async def stage(database: db.Database) -> Stage:
    return await set_stage(database)


@pytest.fixture
async def deaf(address: embedded.Address, stage: Stage) -> Stage:
    """Have the database refuse every entry from now on."""
    owner = await asyncpg.connect(address.owner_url)
    try:
        # Some of an operator's changes are made by the loop's hands.
        await owner.execute("REVOKE INSERT ON audit_entries FROM flywheel_operator, flywheel_loop")
    finally:
        await owner.close()
    return stage


async def _fingerprint(address: embedded.Address) -> list[tuple[str, str]]:
    """Return a digest of every table's rows."""
    owner = await asyncpg.connect(address.owner_url)
    try:
        tables = await owner.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        )
        return [
            (
                table["tablename"],
                await owner.fetchval(
                    f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text))"
                    f" FROM {table['tablename']} t"
                ),
            )
            for table in tables
        ]
    finally:
        await owner.close()


async def test_f43_a_change_whose_entry_fails_is_no_change(
    client: httpx.AsyncClient, address: embedded.Address, deaf: Stage
) -> None:
    before = await _fingerprint(address)
    for route in CHANGES:
        if route.name in UNDOING:
            # What undoes a change that could not be made changes nothing and leaves no entry.
            continue
        example = EXAMPLES[route.name](deaf, deaf.cast.site)
        if not example.entries:
            # Refused: nothing changes.
            continue
        answer = await example.send(client, route.method, deaf.cast.admin.headers)
        assert answer.status_code == 500, (route.name, answer.text)
    # Once for all of them: to read every table after each took minutes.
    assert await _fingerprint(address) == before


async def test_f43_every_change_leaves_exactly_one_entry(
    client: httpx.AsyncClient, stage: Stage
) -> None:
    cast = stage.cast
    for route in CHANGES:
        before = len(await everything(client, cast, "audit", limit="200"))
        example = EXAMPLES[route.name](stage, cast.site)
        answer = await example.send(client, route.method, cast.admin.headers)
        assert answer.status_code == example.status, answer.text
        after = len(await everything(client, cast, "audit", limit="200"))
        assert after == before + example.entries, route.name
