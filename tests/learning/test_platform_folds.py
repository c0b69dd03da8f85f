"""The platform's aggregates: what is new is added to them, and they stay what a recount gives."""

import random
from typing import Any

import httpx
import pytest

from flywheel_server.accounts.actions import accounts
from flywheel_server.core import clock, db
from flywheel_server.folds import store as folds
from tests import cast as people, folding, telemetry
from tests.cast import Cast, CastSite
from tests.folding import LOOP

Owner = Any

_OPTED_OUT_LONG_AGO = """
UPDATE organizations
SET contributes = false, contributes_changed_at = now() - interval '1 day',
    created_at = now() - interval '2 days'
WHERE id = $1
"""
# What servers of the release before would hold against the cap.
_BELOW_THE_LARGEST = """
SELECT p.incident_type, p.runbook_id, p.since_largest_organization
FROM platform_patterns p
WHERE p.since_largest_organization < largest_organization(p.incident_type, p.runbook_id)
"""
_RUNBOOKS = ("RB-WIN-SEC-001", "RB-WIN-SEC-002")


@pytest.mark.parametrize("fickle", [False, True], ids=["steadfast", "fickle"])
@pytest.mark.parametrize("seed", range(2))
async def test_whatever_happens_between_turns_the_aggregates_equal_a_recount(
    client: httpx.AsyncClient,
    database: db.Database,
    owner: Owner,
    cast: Cast,
    seed: int,
    fickle: bool,
) -> None:
    """Broken by adding to a pair where a site began to count, or counting who opted out.

    Pairs of organizations that change their mind are counted anew for a while: hence both.
    """
    chance = random.Random(seed)
    sites = await people.make_organizations(database, 4)
    await owner.execute(_OPTED_OUT_LONG_AGO, sites[0].organization_id)
    sent: list[tuple[CastSite, dict[str, Any]]] = []

    for _ in range(12):
        for site in chance.sample(sites, 2):
            batch = [_any_execution(chance) for _ in range(chance.randint(1, 3))]
            batch += [
                execution | {"success": chance.random() < 0.5}
                for of, execution in chance.sample(sent, min(len(sent), 6))
                if of is site
            ]
            await telemetry.send(client, site, batch)
            sent += [(site, execution) for execution in batch]
        if fickle and chance.random() < 0.6:
            contributes = chance.random() < 0.5
            await _change_mind(client, cast, chance.choice(sites), contributes=contributes)
        await telemetry.turn(client, cast.admin)
        assert await folding.differences(database) == {}
        assert await owner.fetch(_BELOW_THE_LARGEST) == []


async def test_a_correction_that_takes_a_sites_only_attempt_takes_the_site_along(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    first, second = await people.make_organizations(database, 2)
    only = telemetry.execution()
    await telemetry.send(client, first, [only])
    await telemetry.send(client, second, telemetry.executions(2))
    await telemetry.turn(client, cast.admin)

    await telemetry.send(client, first, [only | {"error_category": "no_credentials"}])
    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert (pattern["organizations"], pattern["sites"], pattern["occurrences"]) == (1, 1, 2)
    assert await folding.differences(database) == {}


async def test_who_opts_out_during_a_turn_is_heard_by_the_next(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Broken by looking no further back than the last turn: the word came before it."""
    first, second = await people.make_organizations(database, 2)
    for site in (first, second):
        await telemetry.send(client, site, telemetry.executions(3))
    await telemetry.turn(client, cast.admin)

    async with db.transaction(database, people.STAGE) as connection:
        await accounts.change_organization(
            connection,
            people.STAGE,
            first.organization_id,
            name=None,
            contributes=False,
            now=clock.now(),
        )
        await folding.fold_all(database)
    await folding.fold_all(database)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert (pattern["organizations"], pattern["occurrences"]) == (1, 3)


async def test_the_largest_share_is_that_of_who_contributes(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    largest, other = await people.make_organizations(database, 2)
    await telemetry.send(client, largest, telemetry.executions(6))
    await telemetry.send(client, other, telemetry.executions(2))
    await telemetry.turn(client, cast.admin)
    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert pattern["largest_organization"] == 6

    await _change_mind(client, cast, largest, contributes=False)
    await telemetry.turn(client, cast.admin)

    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert pattern["largest_organization"] == 2


async def test_an_organization_that_only_has_chaos_tests_counts_with_them_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    """The platform's gate asks for the one or the other, as the policy says."""
    taught, tested = await people.make_organizations(database, 2)
    await telemetry.send(client, taught, telemetry.executions(2))
    await telemetry.send(client, tested, telemetry.executions(2, chaos_campaign_id="game day"))
    await telemetry.turn(client, cast.admin)

    counted = await owner.fetchrow(
        "SELECT since_organizations, since_chaos_organizations FROM platform_patterns"
    )
    assert tuple(counted) == (1, 2)


async def test_what_has_to_be_counted_anew_is_named(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    """Else every turn would sum up all sites of every pair that something happened to."""
    first, second = await people.make_organizations(database, 2)
    await telemetry.send(client, first, telemetry.executions(2))
    await telemetry.turn(client, cast.admin)
    pair = ("service_stopped", "RB-WIN-SVC-003")

    await telemetry.send(client, first, telemetry.executions(2))
    assert await _up_to_date(database) == {pair: True}

    await telemetry.send(client, second, telemetry.executions(1))
    assert await _up_to_date(database) == {pair: False}


async def _up_to_date(database: db.Database) -> dict[tuple[str, str], bool]:
    """Take what is new for the platform, and say of each pair whether adding was enough."""
    async with db.transaction(database, LOOP) as connection:
        mark = await folds.mark(connection, "platform")
        assert mark is not None
        _, pairs = await folds.fold_platform(connection, mark.mark, clock.now())
    return pairs


def _any_execution(chance: random.Random) -> dict[str, Any]:
    fields: dict[str, Any] = {"runbook_id": chance.choice(_RUNBOOKS)}
    match chance.randrange(5):
        case 0:
            fields["success"] = False
        case 1:
            fields["error_category"] = "no_credentials"
        case 2:
            fields["chaos_campaign_id"] = "campaign"
        case 3:
            fields["verification_passed"] = True
    return telemetry.execution(**fields)


async def _change_mind(
    client: httpx.AsyncClient, cast: Cast, site: CastSite, *, contributes: bool
) -> None:
    answer = await client.patch(
        f"/api/admin/organizations/{site.organization_id}",
        json={"contributes": contributes},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text
