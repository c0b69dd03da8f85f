"""The outbox: an event belongs to whom it should, and lives and dies with its transaction."""

import pytest

from flywheel_server.core import clock, db
from flywheel_server.core.scope import ClientScope, LoopScope, PartnerScope
from flywheel_server.webhooks.actions import events
from tests import cast as people

_LOOP = LoopScope(reason="tests")


async def test_an_event_of_a_site_belongs_to_its_organization_and_partner(
    database: db.Database, cast: people.Cast
) -> None:
    async with db.transaction(database, _LOOP) as connection:
        await events.emit(
            connection, "candidate.eligible", site_id=cast.site.id, data={"n": 1}, now=clock.now()
        )
        row = await connection.fetchrow("SELECT partner_id, organization_id, site_id FROM events")

    assert row is not None
    assert tuple(row) == (cast.site.partner_id, cast.site.organization_id, cast.site.id)


async def test_an_event_ends_with_the_transaction_that_fails(
    database: db.Database, cast: people.Cast
) -> None:
    async def fail() -> None:
        async with db.transaction(database, _LOOP) as connection:
            await events.emit(
                connection, "rule.promoted", site_id=cast.site.id, data={}, now=clock.now()
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with db.transaction(database, _LOOP) as connection:
        assert await connection.fetchval("SELECT count(*) FROM events") == 0


async def test_clients_and_partners_write_events_of_their_own_only(
    database: db.Database, cast: people.Cast
) -> None:
    own = cast.site
    client = ClientScope(
        actor_id=own.id, actor_name="c", organization_id=own.organization_id, rights="admin"
    )
    partner = PartnerScope(
        actor_id=own.id, actor_name="p", partner_id=own.partner_id, rights="owner"
    )
    for scope in (client, partner):
        async with db.transaction(database, scope) as connection:
            await events.emit(
                connection, "candidate.endorsed", site_id=own.id, data={}, now=clock.now()
            )
        with pytest.raises(LookupError):
            async with db.transaction(database, scope) as connection:
                await events.emit(
                    connection,
                    "candidate.endorsed",
                    site_id=cast.foreign_site.id,
                    partner_id=own.partner_id,
                    organization_id=own.organization_id,
                    data={},
                    now=clock.now(),
                )
