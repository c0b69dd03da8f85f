"""Rule sets in memory: shared where equal, dropped where touched, never kept when they raced.

What a change costs is counted in reads of the rules of a site.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flywheel_server.accounts.caches.credentials import Credentials
from flywheel_server.core import agents, db, listener
from flywheel_server.core.listener import Listener
from flywheel_server.core.signers import Signers
from flywheel_server.core.signing import Signer
from flywheel_server.rules.caches.rule_sets import RuleSets
from flywheel_server.rules.store import rules as store
from tests import parts
from tests.cast import STAGE, Cast
from tests.rules.test_agent_sync import add, learnt, switch


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


def test_another_key_gives_other_bytes_and_another_tag(cache: RuleSets) -> None:
    """Who has a set by its tag has its signature too. Broken by a tag of the rules alone."""
    keys = [Ed25519PrivateKey.generate() for _ in range(2)]
    names = [key.public_key().public_bytes_raw().hex() for key in keys]
    old, new = (
        cache._shared_set([], "standard", Signer(key, name))
        for key, name in zip(keys, names, strict=True)
    )

    assert new.version == old.version
    assert [old.public_key, new.public_key] == names
    for one, other in ((old.full, new.full), (old.own, new.own)):
        assert one.body != other.body
        assert one.etag != other.etag


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


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Note for which sites rules are read one by one."""
    real, noted = store.for_site, list[UUID]()

    async def counted(connection: db.Connection, site_id: UUID) -> Any:
        noted.append(site_id)
        return await real(connection, site_id)

    monkeypatch.setattr(store, "for_site", counted)
    return noted


async def test_a_change_of_the_platform_is_read_once_for_all_sites(
    cache: RuleSets, cast: Cast, database: db.Database, ear: Listener, reads: list[UUID]
) -> None:
    """Broken by `clear()` in place of forgetting the platform's layer: each site reads again."""
    before = {site.id: await cache.get(site.scope) for site in cast.sites}
    rule = await add(database, learnt())
    await parts.heard(database, ear)
    reads.clear()
    for site in cast.sites:
        now = await cache.get(site.scope)
        assert set(now.rule_ids) == {*before[site.id].rule_ids, rule.rule_id}
        assert cache.known(site.id) is now
    assert len(reads) == 1


async def test_who_comes_while_the_rules_are_read_waits_for_them(
    cache: RuleSets, cast: Cast, database: db.Database, ear: Listener, reads: list[UUID]
) -> None:
    """Broken by leaving `_made_after_others` out: as many read as come at once."""
    for site in cast.sites:
        await cache.get(site.scope)
    rule = await add(database, learnt())
    await parts.heard(database, ear)
    reads.clear()
    found = await asyncio.gather(*(cache.get(site.scope) for site in cast.sites * 3))
    assert all(rule.rule_id in each.rule_ids for each in found)
    assert len(reads) == 1


async def test_of_those_who_waited_in_vain_one_reads_again(
    cache: RuleSets,
    cast: Cast,
    database: db.Database,
    reads: list[UUID],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken by waiting once: what is read while the change comes back from afar is for nobody."""
    for site in cast.sites:
        await cache.get(site.scope)
    await add(database, learnt())
    reads.clear()
    counted = store.for_site

    async def slow(connection: db.Connection, site_id: UUID) -> Any:
        found = await counted(connection, site_id)
        monkeypatch.setattr(store, "for_site", counted)
        await add(database, learnt("service_dhcp"))
        return found

    monkeypatch.setattr(store, "for_site", slow)
    await asyncio.gather(*(cache.get(site.scope) for site in cast.sites * 3))
    # The change is heard here at once and once more from the database.
    assert len(reads) <= 4


async def test_nobody_waits_for_what_was_read_before_the_newest_change(
    cache: RuleSets, cast: Cast, database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by not clearing `_coming` at a change: the later request waits for the earlier."""
    await cache.get(cast.site.scope)
    await add(database, learnt())
    real, later = store.for_site, []

    async def slow(connection: db.Connection, site_id: UUID) -> Any:
        found = await real(connection, site_id)
        monkeypatch.setattr(store, "for_site", real)
        newest = await add(database, learnt("service_dhcp"))
        async with asyncio.timeout(10):
            later.append((newest.rule_id, await cache.get(cast.site.scope)))
        return found

    monkeypatch.setattr(store, "for_site", slow)
    old = await cache.get(cast.site.scope)
    ((newest, told),) = later
    assert newest in told.rule_ids
    assert newest not in old.rule_ids
    # From memory, or read anew where the database has told of the change once more.
    assert newest in (await cache.get(cast.site.scope)).rule_ids


async def test_each_set_is_kept_by_its_hash_before_it_is_told(
    cache: RuleSets, cast: Cast, database: db.Database
) -> None:
    """Broken by telling what memory makes before it is kept: an unknown hash would be reported."""
    for site in cast.sites:
        await cache.get(site.scope)
        await add(database, learnt(scope="site", scope_id=site.id))
    found = await asyncio.gather(*(cache.get(site.scope) for site in cast.sites))
    assert await _kept(database, [each.version for each in found]) == {
        each.version: list(each.rule_ids) for each in found
    }
    # Memory can make this one as soon as one site has read it: but only `get` keeps it.
    await add(database, learnt("service_dhcp"))
    await cache.get(cast.site.scope)
    for site in cast.sites:
        known = cache.known(site.id)
        assert known is None or await _kept(database, [known.version])


async def test_all_sets_are_known_before_their_sites_return(
    cache: RuleSets, cast: Cast, database: db.Database, ear: Listener, reads: list[UUID]
) -> None:
    """Broken by `for_sites` without one of its owners, or by a page without its last site."""
    first = cast.partners[0]
    for rule in (
        learnt(),
        learnt("service_a", scope="partner", scope_id=first.id),
        learnt("service_b", scope="organization", scope_id=first.organizations[0].id),
        learnt("service_c", scope="site", scope_id=cast.site.id),
    ):
        await add(database, rule)
    told = {site.id: await cache.get(site.scope) for site in cast.sites}
    assert len({each.version for each in told.values()}) > 2
    reads.clear()
    fresh = RuleSets(database, ear, Signers(database))
    learning = asyncio.create_task(fresh.run())
    for forget in database.subscribers:
        forget("", "")
    async with asyncio.timeout(10):
        while any(fresh.known(site.id) is None for site in cast.sites):
            await asyncio.sleep(0)
    for site in cast.sites:
        known = fresh.known(site.id)
        assert known is not None
        assert (known.version, known.full) == (told[site.id].version, told[site.id].full)
    assert reads == []
    learning.cancel()
    await asyncio.gather(learning, return_exceptions=True)


async def test_a_rule_that_changes_while_all_are_learnt_is_learnt_as_it_is_then(
    cache: RuleSets, cast: Cast, database: db.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken by keeping a page that was read before the change."""
    real = store.for_sites
    rule = await add(database, learnt())
    await cache.get(cast.site.scope)

    async def slow(connection: db.Connection, homes: Any) -> Any:
        found = await real(connection, homes)
        monkeypatch.setattr(store, "for_sites", real)
        await switch(database, rule, enabled=False)
        return found

    monkeypatch.setattr(store, "for_sites", slow)
    await cache._learner.learn_all()
    assert rule.rule_id not in (await cache.get(cast.site.scope)).rule_ids


async def test_living_keys_are_known_before_they_are_used_and_revoked_ones_are_not(
    cast: Cast, database: db.Database, ear: Listener
) -> None:
    """Broken by learning keys whatever their `revoked_at` says."""
    revoked = cast.neighbour.credential
    async with db.transaction(database, STAGE) as connection:
        await connection.execute("UPDATE api_keys SET revoked_at = now() WHERE id = $1", revoked.id)
    credentials = Credentials(database, ear)
    await credentials._learner.learn_all()
    # With what agents may stand behind it: the cast's appliance, of which nothing is known, has a
    # key of its own, so nobody stands behind the site's.
    for holder, behind in ((cast.site, set()), (cast.appliance, {agents.UNKNOWN})):
        known = credentials.known(holder.credential.key.encode())
        assert known == replace(holder.scope, agents=frozenset(behind))
    assert credentials.known(revoked.key.encode()) is None


async def _kept(database: db.Database, versions: list[str]) -> dict[str, list[str]]:
    async with db.transaction(database, STAGE) as connection:
        rows = await connection.fetch(
            "SELECT hash, rule_ids FROM rule_sets WHERE hash = ANY($1)", versions
        )
    return {row["hash"]: row["rule_ids"] for row in rows}


async def test_nothing_is_known_while_the_database_is_silent(
    cache: RuleSets, cast: Cast, ear: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cache.get(cast.site.scope)
    assert cache.known(cast.site.id) is not None
    monkeypatch.setattr(ear, "_heard_at", ear._heard_at - listener.TRUST_SECONDS)
    assert cache.known(cast.site.id) is None
