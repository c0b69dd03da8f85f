"""Rule sets in memory: shared where equal, dropped where touched, never kept when they raced."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from flywheel_server import db, listener
from flywheel_server.caches.rule_sets import RuleSets
from flywheel_server.caches.signers import Signers
from flywheel_server.listener import Listener
from flywheel_server.store import rules as store
from tests.api.test_agent_sync import add, learnt
from tests.cast import STAGE, Cast


@pytest.fixture
async def ear(database: db.Database) -> AsyncIterator[Listener]:
    """Listen as a server does."""
    opened = Listener(database)
    task = asyncio.create_task(opened.run())
    async with asyncio.timeout(10):
        while not opened.trusted():
            await asyncio.sleep(0)
    yield opened
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def cache(database: db.Database, ear: Listener) -> RuleSets:
    return RuleSets(database, ear, Signers(database))


async def test_sites_with_equal_rules_share_one_set(cache: RuleSets, cast: Cast) -> None:
    one = await cache.get(cast.site.scope)
    assert await cache.get(cast.foreign_site.scope) is one
    assert await cache.get(cast.neighbour.scope) is not one


async def test_a_change_drops_only_the_sites_it_touches(
    cache: RuleSets, cast: Cast, database: db.Database
) -> None:
    first = cast.partners[0]
    sites = cast.sites
    reach = {
        f"site:{cast.site.id}": {cast.site.slug},
        f"organization:{first.organizations[0].id}": {cast.site.slug, cast.neighbour.slug},
        f"partner:{first.id}": {site.slug for site in sites if site.partner_id == first.id},
        "platform": {site.slug for site in sites},
    }
    for payload, touched in reach.items():
        for site in sites:
            await cache.get(site.scope)
        async with db.transaction(database, STAGE) as connection:
            await db.announce(connection, listener.RULES, payload)
        assert {site.slug for site in sites if cache.known(site.id) is None} == touched


async def test_a_set_whose_load_raced_with_a_change_is_not_kept(
    cache: RuleSets, cast: Cast, database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken on purpose by dropping the comparison of generations: the old set stays."""
    real = store.for_site

    async def slow(connection: db.Connection, site_id: object) -> object:
        found = await real(connection, site_id)  # type: ignore[arg-type]
        await add(database, learnt())
        return found

    with monkeypatch.context() as patch:
        patch.setattr(store, "for_site", slow)
        old = await cache.get(cast.site.scope)
    assert cache.known(cast.site.id) is None
    assert (await cache.get(cast.site.scope)).version != old.version


async def test_nothing_is_known_while_the_database_is_silent(
    cache: RuleSets, cast: Cast, ear: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cache.get(cast.site.scope)
    assert cache.known(cast.site.id) is not None
    monkeypatch.setattr(ear, "_heard_at", ear._heard_at - listener.TRUST_SECONDS)
    assert cache.known(cast.site.id) is None
