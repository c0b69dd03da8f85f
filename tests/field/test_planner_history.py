"""A plan rests on what the platform has reported until now, whether a turn has folded it or not.

Broken on purpose, each test by what it is about:

- by leaving `unfolded_counts` out of `platform_elsewhere`: nearly all of them;
- by the fold's mark left out of `unfolded_counts`: that of what commits late;
- by `o.contributes` left out: the opt-out's; by `HAVING` left out: those of too few;
- by counting chaos in `attempts`: the chaos tests'; by `weight` left out: the correction's;
- by `for_plan` without what is unfolded: the spread's; by the old `pair_doubts`: the look-alike's;
- by `s.since` or the aliases left out: that of whatever is reported;
- by `FETCH FIRST` left out, or without its ties: the bound's.
"""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.core.scope import LoopScope
from flywheel_server.learning.model.promotions import PlatformEvidence
from flywheel_server.learning.store import patterns
from flywheel_server.plans.model import plan_history
from tests import cast as people, planning, telemetry
from tests.cast import Cast, CastSite
from tests.planning import TYPE

RUNBOOK = "RB-WIN-SVC-004"
OTHER = "RB-WIN-SVC-003"
LOOP = LoopScope(reason="tests look at what a plan may rest on")


async def test_a_plan_before_any_turn_rests_on_what_was_just_reported(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    for site in await _organizations(database, 3, 2):
        await _heal(client, site, 4)
    await planning.agent(database, cast.appliance)

    told = await planning.ask(client, cast.site, cast.appliance.credential)

    assert (told["runbook_id"], told["escalate_to_l3"]) == (RUNBOOK, False)
    (record,) = await planning.decisions(database)
    assert record["planner"] == "platform_history"
    assert record["basis"] == "platform: 20 of 20 at 5 organizations of 2 partners"
    # A turn makes a rule of the very same: the plan was told nothing that would not have come.
    await telemetry.turn(client, cast.admin)
    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert (rule["incident_type"], rule["runbook_id"]) == (TYPE, RUNBOOK)


async def test_figures_are_the_same_before_a_turn_and_after_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites = await _organizations(database, 2, 2)
    for site in sites:
        await _heal(client, site, 6)
    await planning.agent(database, cast.appliance)

    bases = []
    for _ in range(3):
        await planning.ask(client, cast.site, cast.appliance.credential)
        bases.append((await planning.decisions(database))[-1]["basis"])
        await telemetry.turn(client, cast.admin)
    # What came since is added to what was folded, once.
    await _heal(client, sites[0], 3)
    for _ in range(2):
        await planning.ask(client, cast.site, cast.appliance.credential)
        bases.append((await planning.decisions(database))[-1]["basis"])
        await telemetry.turn(client, cast.admin)

    before = "platform: 24 of 24 at 4 organizations of 2 partners; shut: organizations"
    after = "platform: 27 of 27 at 4 organizations of 2 partners; shut: organizations"
    assert bases == [before, before, before, after, after]


async def test_whatever_is_reported_counts_before_a_turn_as_after_it(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    owner: db.Connection,
) -> None:
    """Folded and not, renamed, corrected, claimed, chaos, not attempted, and counting anew."""
    sites = await _organizations(database, 3, 2, 1)
    first = {
        site.id: telemetry.executions(5, 1, incident_type=TYPE, runbook_id=RUNBOOK)
        for site in sites
    }
    before = {
        site.id: telemetry.executions(3, incident_type=TYPE, runbook_id=OTHER) for site in sites
    }
    alias = {"alias": "renamed-since", "runbook_id": OTHER}
    answer = await client.post("/api/admin/aliases", json=alias, headers=cast.admin.headers)
    assert answer.status_code == 201, answer.text
    for site in sites[:4]:
        await telemetry.send(client, site, first[site.id])
        await telemetry.send(client, site, before[site.id])
    await telemetry.turn(client, cast.admin)
    # As a withdrawal leaves it: of one pair only what is evidence from here on counts.
    await owner.execute(
        "UPDATE platform_patterns SET counted_from = clock_timestamp(), since_successes = 0,"
        " since_failures = 0, since_organizations = 0, since_chaos_organizations = 0,"
        " since_sites = 0 WHERE runbook_id = $1",
        OTHER,
    )
    await owner.execute(
        "UPDATE platform_pattern_sites SET since_successes = 0, since_failures = 0"
        " WHERE runbook_id = $1",
        OTHER,
    )
    for site in sites:
        await _heal(client, site, 3, runbook_id=OTHER, verification_passed=True)
        await _heal(client, site, 1, failures=1, runbook_id=alias["alias"])
        await _heal(client, site, 2, chaos_campaign_id="c")
        await _heal(
            client, site, 1, success=False, error_message="dial tcp 192.0.2.7:22: i/o timeout"
        )
    for site in sites[2:5]:
        await telemetry.send(client, site, first[site.id])
        corrected = [each | {"success": False} for each in first[site.id][:2]]
        await telemetry.send(client, site, corrected)
    # What was evidence before the rule was withdrawn stays so, whatever it is corrected to.
    for site in sites[:2]:
        await telemetry.send(client, site, [before[site.id][0] | {"success": False}])
    await _insert(owner, sites, "l2-claimed-", 12, outcome="claimed_success")

    now = await _elsewhere(database)
    assert [(each.runbook_id, each.organizations) for each in now] == [(OTHER, 6), (RUNBOOK, 5)]
    assert [
        (each.counts.successes, each.counts.verified_successes, each.counts.failures)
        for each in now
    ] == [(18, 18, 6), (14, 0, 11)]
    assert [
        (each.counts.chaos_successes, each.counts.not_attempted, each.counts.claimed_successes)
        for each in now
    ] == [(0, 0, 0), (12, 6, 12)]
    await telemetry.turn(client, cast.admin)
    later = await _elsewhere(database)
    assert later == now
    # And both are what is shown of the pair's fold.
    async with db.transaction(database, LOOP) as connection:
        page = await patterns.platform_page(
            connection, after=("", ""), incident_type=TYPE, runbook_id=None, limit=10
        )
    assert [each.evidence for each in page] == now


async def test_an_organization_that_opted_out_is_not_heard_before_a_turn_either(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites = await _organizations(database, 3, 2)
    for site in sites:
        await _heal(client, site, 6)
    for site in sites[3:]:
        answer = await client.patch(
            f"/api/admin/organizations/{site.organization_id}",
            json={"contributes": False},
            headers=cast.admin.headers,
        )
        assert answer.status_code == 200, answer.text

    (now,) = await _elsewhere(database)
    assert (now.organizations, now.partners, now.counts.successes) == (3, 1, 18)
    await telemetry.turn(client, cast.admin)
    assert await _elsewhere(database) == [now]


async def test_too_few_organizations_stay_unknown_until_there_are_enough(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites = await _organizations(database, 2, 1)
    for site in sites[:2]:
        await _heal(client, site, 12)
    assert await _elsewhere(database) == []
    await planning.agent(database, cast.appliance)
    await planning.ask(client, cast.site, cast.appliance.credential)
    (record,) = await planning.decisions(database)
    assert (record["planner"], record["basis"]) == ("none", None)

    # Neither are they known together with a third that only claims, or attempted nothing.
    await telemetry.turn(client, cast.admin)
    await _heal(
        client, sites[2], 3, success=False, error_message="dial tcp 192.0.2.7:22: i/o timeout"
    )
    assert await _elsewhere(database) == []
    await _heal(client, sites[2], 1)
    (now,) = await _elsewhere(database)
    assert (now.organizations, now.counts.successes) == (3, 25)


async def test_chaos_tests_teach_a_plan_only_where_the_policy_says_so(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites = await _organizations(database, 3, 2)
    for site in sites:
        await _heal(client, site, 6, chaos_campaign_id="c")
    assert await _elsewhere(database) == []
    for site in sites[:4]:
        await _heal(client, site, 6)
    (now,) = await _elsewhere(database)
    assert (now.organizations, now.organizations_with_chaos) == (4, 5)
    assert (now.counts.successes, now.counts.chaos_successes) == (24, 30)
    await planning.agent(database, cast.appliance)

    await planning.ask(client, cast.site, cast.appliance.credential)
    await _policy(client, cast, learn_from_chaos=True)
    await planning.ask(client, cast.site, cast.appliance.credential)

    first, second = [each["basis"] for each in await planning.decisions(database)]
    assert first == "platform: 24 of 24 at 4 organizations of 2 partners; shut: organizations"
    assert second == "platform: 54 of 54 at 4 organizations of 2 partners"


async def test_a_correction_counts_before_a_turn_as_after_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites = await _organizations(database, 2, 2)
    sent = [telemetry.executions(6, incident_type=TYPE, runbook_id=RUNBOOK) for _ in sites]
    for site, each in zip(sites, sent, strict=True):
        await telemetry.send(client, site, each)
    # Of what no turn has folded.
    await telemetry.send(client, sites[0], [sent[0][0] | {"success": False}])
    assert await _rates(database) == [(23, 1)]
    await telemetry.turn(client, cast.admin)
    assert await _rates(database) == [(23, 1)]
    # Of what a turn has folded: what is new takes it back.
    await telemetry.send(client, sites[1], [sent[1][0] | {"success": False}])
    assert await _rates(database) == [(22, 2)]
    # An organization that takes all of its own back is none any more.
    taken = [
        each | {"success": False, "error_message": "dial tcp 192.0.2.7:22: i/o timeout"}
        for each in sent[2]
    ]
    await telemetry.send(client, sites[2], taken)
    (now,) = await _elsewhere(database)
    assert (now.organizations, now.counts.successes, now.counts.failures) == (3, 16, 2)
    await telemetry.turn(client, cast.admin)
    assert await _elsewhere(database) == [now]


async def test_the_policys_gates_look_at_what_is_unfolded_too(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    await _policy(client, cast, count_incidents=True)
    sites = await _organizations(database, 3, 3)
    for site in sites:
        await _heal(client, site, 5, incident_id="drift-again")
    await planning.agent(database, cast.appliance)

    told = await planning.ask(client, cast.site, cast.appliance.credential)
    assert (told["runbook_id"], told["requires_approval"]) == ("", True)
    # Each for an incident of its own opens the gate, before any turn as well.
    for site in sites:
        await _heal(client, site, 4)
    told = await planning.ask(client, cast.site, cast.appliance.credential)

    assert told["runbook_id"] == RUNBOOK
    first, second = [each["basis"] for each in await planning.decisions(database)]
    assert first.endswith("30 of 30 at 6 organizations of 2 partners; shut: occurrences")
    assert second == "platform: 54 of 54 at 6 organizations of 2 partners"


async def test_a_type_that_no_turn_has_seen_is_younger_than_what_it_looks_like(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites = await _organizations(database, 3, 2)
    await _heal(client, sites[0], 1)
    await telemetry.turn(client, cast.admin)
    like = TYPE.replace("_", "-")
    for site in sites:
        await _heal(client, site, 4, incident_type=like)
    await planning.agent(database, cast.appliance)

    told = await planning.ask(client, cast.site, cast.appliance.credential, incident_type=like)

    assert (told["runbook_id"], told["requires_approval"]) == ("", True)
    (record,) = await planning.decisions(database)
    assert record["basis"].endswith("at 5 organizations of 2 partners; shut: no_look_alike")


async def test_what_commits_late_counts_once_whichever_turn_takes_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: db.Connection
) -> None:
    sites = await _organizations(database, 2, 1)
    for site in sites:
        await _heal(client, site, 1)
    async with owner.transaction():
        # It began before what a turn takes now, and is not there when that turn looks.
        await _insert(owner, sites, "l2-late-", 3)
        for site in sites:
            await _heal(client, site, 2)
        await telemetry.turn(client, cast.admin)
        assert await _rates(database) == [(9, 0)]
    assert await _rates(database) == [(12, 0)]
    await telemetry.turn(client, cast.admin)
    assert await _rates(database) == [(12, 0)]


@pytest.mark.parametrize("level", ["L1", "L3"])
async def test_what_l2_did_not_do_is_no_history(
    client: httpx.AsyncClient, database: db.Database, level: str
) -> None:
    for site in await _organizations(database, 2, 2):
        await _heal(client, site, 6, resolution_level=level)

    assert await _elsewhere(database) == []


async def test_what_waits_is_read_up_to_a_bound_in_whole_transactions(
    database: db.Database, owner: db.Connection
) -> None:
    """Where turns fail for long, a plan costs no more for it."""
    sites = await _organizations(database, 2, 1)
    # Each a transaction: three fill the bound, the third beyond it, and a fourth waits for a turn.
    for number in range(4):
        await _insert(owner, sites, f"l2-{number}-", 2001)

    (now,) = await _elsewhere(database)

    assert now.counts.successes == 3 * 2001


async def _organizations(database: db.Database, *of_partners: int) -> list[CastSite]:
    """Make so many organizations of each of new partners, with a site each."""
    return [
        site for count in of_partners for site in await people.make_organizations(database, count)
    ]


async def _heal(
    client: httpx.AsyncClient, site: CastSite, count: int, *, failures: int = 0, **fields: Any
) -> None:
    values = {"incident_type": TYPE, "runbook_id": RUNBOOK} | fields
    await telemetry.send(client, site, telemetry.executions(count, failures, **values))


async def _insert(
    owner: db.Connection,
    sites: Sequence[CastSite],
    prefix: str,
    count: int,
    outcome: str = "success",
) -> None:
    """Write heals of these sites in turns, straight into the facts."""
    await owner.execute(
        "INSERT INTO executions (site_id, execution_id, received_at, evidence_at, occurred_at,"
        " level, incident_id, incident_type, hostname, reported_id, outcome)"
        " SELECT s.ids[1 + n % cardinality(s.ids)], $2 || n, now(), now(), now(), 'L2', '', $3,"
        " 'WS-1', $4, $6 FROM generate_series(1, $5) n, (SELECT $1::uuid[] AS ids) s",
        [site.id for site in sites],
        prefix,
        TYPE,
        RUNBOOK,
        count,
        outcome,
    )


async def _policy(client: httpx.AsyncClient, cast: Cast, **changes: Any) -> None:
    answer = await client.put(
        "/api/admin/flywheel/policy",
        json=changes | {"reason": "For this test."},
        headers=cast.admin.headers,
    )
    assert answer.status_code == 200, answer.text


async def _elsewhere(database: db.Database) -> Sequence[PlatformEvidence]:
    """Return what a plan about the type of these tests may rest on at this moment."""
    async with db.transaction(database, LOOP) as connection:
        found = await patterns.platform_elsewhere(
            connection, TYPE, plan_history.LEAST_ORGANIZATIONS
        )
    return [each.evidence for each in found]


async def _rates(database: db.Database) -> list[tuple[int, int]]:
    found = await _elsewhere(database)
    return [(each.counts.successes, each.counts.failures) for each in found]
