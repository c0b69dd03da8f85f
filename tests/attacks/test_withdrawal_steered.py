"""One tenant that reports failures, honest or not, takes a platform rule from itself alone.

Broken on purpose by returning `everybody` from `fair_withdrawal.judge` whenever the evidence is
enough: the first and the fourth test fail; by asking not who was served: the second; by
asking whose attempts count only once all of them together reach the limit: the third.
"""

from typing import Any

import httpx

from flywheel_server.core import db
from tests import attempts, cast as people, telemetry
from tests.cast import Cast, CastSite

Owner = Any
TYPE = "service_stopped"


async def test_failures_of_one_organization_take_the_rule_from_it_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    sites, rule_id = await _promoted(client, database, cast)
    for site in sites:
        assert rule_id in await _served(client, site)
    await attempts.record(owner, sites[1], {rule_id: [True] * 40}, types={rule_id: TYPE})
    tags = [await _tag(client, site) for site in sites]

    await _fail(client, sites[0], rule_id, 12)
    await telemetry.turn(client, cast.admin)
    await telemetry.turn(client, cast.admin)

    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert rule["enabled"] is True
    assert rule_id not in await _served(client, sites[0])
    for site, tag in list(zip(sites, tags, strict=True))[1:]:
        assert await _tag(client, site) == tag
    told = await owner.fetch("SELECT organization_id FROM events WHERE kind = 'rule.quarantined'")
    assert [row["organization_id"] for row in told] == [sites[0].organization_id]


async def test_who_was_never_served_a_rule_says_nothing_about_it(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites, rule_id = await _promoted(client, database, cast)

    # Six organizations, none of which has fetched the rule: seven posts withdrew one once.
    for site in sites:
        await _fail(client, site, rule_id, 12)
    await telemetry.turn(client, cast.admin)

    assert [
        rule["enabled"]
        for rule in await telemetry.items(client, cast.admin, "rules?source=platform")
    ] == [True]


async def test_who_was_never_served_a_rule_keeps_it_on_for_nobody(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites, rule_id = await _promoted(client, database, cast)
    for site in sites[:3]:
        await _served(client, site)

    # After each failure good news of one that never fetched the rule, as much as would outweigh it.
    for _ in range(6):
        for site in sites[:3]:
            await _fail(client, site, rule_id, 1)
            await telemetry.send(client, sites[5], _executions(rule_id, 20, success=True))
    await telemetry.turn(client, cast.admin)

    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert rule["enabled"] is False
    assert "0 of 18 attempts healed" in rule["disabled_reason"]


async def test_what_fails_at_several_organizations_is_withdrawn_from_everybody(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    sites, rule_id = await _promoted(client, database, cast)
    for site in sites:
        await _served(client, site)

    for site in sites[:3]:
        await _fail(client, site, rule_id, 6)
    await telemetry.turn(client, cast.admin)

    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert rule["enabled"] is False
    assert "credibly below" in rule["disabled_reason"]


async def test_a_partner_with_many_organizations_is_one_voice(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    invented, rule_id = await _promoted(client, database, cast)
    for site in [*invented, cast.foreign_site]:
        await _served(client, site)
    await telemetry.send(client, cast.foreign_site, _executions(rule_id, 30, success=True))

    for site in invented:
        await _fail(client, site, rule_id, 12)
    await telemetry.turn(client, cast.admin)

    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert rule["enabled"] is True
    assert rule_id in await _served(client, cast.foreign_site)
    assert rule_id not in await _served(client, invented[3])
    (excluded,) = await owner.fetch("SELECT partner_id, organization_id FROM rule_exclusions")
    assert (excluded["partner_id"], excluded["organization_id"]) == (invented[0].partner_id, None)


async def _promoted(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> tuple[list[CastSite], str]:
    """Return six organizations of one partner, and the platform rule that they earned."""
    sites = await people.make_organizations(database, 6)
    for site in sites:
        await telemetry.send(client, site, telemetry.executions(4))
    await telemetry.turn(client, cast.admin)
    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    return sites, rule["rule_id"]


def _executions(rule_id: str, count: int, *, success: bool) -> list[dict[str, Any]]:
    return [
        telemetry.execution(resolution_level="L1", runbook_id=rule_id, success=success)
        for _ in range(count)
    ]


async def _fail(client: httpx.AsyncClient, site: CastSite, rule_id: str, count: int) -> None:
    await telemetry.send(client, site, _executions(rule_id, count, success=False))


async def _sync(client: httpx.AsyncClient, site: CastSite) -> httpx.Response:
    answer = await client.get("/agent/sync", headers=site.headers)
    assert answer.status_code == 200, answer.text
    return answer


async def _served(client: httpx.AsyncClient, site: CastSite) -> set[str]:
    return {rule["id"] for rule in (await _sync(client, site)).json()["rules"]}


async def _tag(client: httpx.AsyncClient, site: CastSite) -> str:
    return (await _sync(client, site)).headers["etag"]
