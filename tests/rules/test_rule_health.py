"""What operators see of a rule's health: the best and the worst, and where it fails."""

from typing import Any

import httpx

from flywheel_server.core import db
from flywheel_server.core.settings import Settings
from tests import attempts, telemetry
from tests.cast import Cast

Owner = Any


async def test_a_rule_shows_how_near_its_withdrawal_is_and_warns_at_a_tenth(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    quiet, near = await attempts.make_rules(database, cast.site, 2)
    await attempts.record(owner, cast.site, {near.rule_id: [False] * 5})
    await attempts.watch(database, settings)

    healths = {
        rule["id"]: rule["health"]
        for rule in await telemetry.items(client, cast.admin, "rules?source=promoted")
    }

    assert healths[str(quiet.id)] == {
        "value": 0, "limit": 1000, "nearness": 0, "warning": False, "successes_since": 0,
        "attempts_since": 0, "restarted_at": healths[str(quiet.id)]["restarted_at"],
    }  # fmt: skip
    shown = healths[str(near.id)]
    assert (shown["successes_since"], shown["attempts_since"]) == (0, 5)
    assert 0.1 <= shown["nearness"] < 1
    assert shown["warning"] is True
    one = await client.get("/api/admin/rules/L1-FIREWALL-002", headers=cast.admin.headers)
    assert one.json()["health"] is None


async def test_rules_are_listed_by_success_by_matches_and_by_nearness_in_pages(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    made = await attempts.make_rules(database, cast.site, 4)
    outcomes: tuple[list[bool], ...] = (
        [True] * 4,
        [True, True, True, False],
        [True, False, False],
        [],
    )
    await attempts.record(
        owner, cast.site, {rule.rule_id: each for rule, each in zip(made, outcomes, strict=True)}
    )
    await attempts.watch(database, settings)
    names = {rule.rule_id: index for index, rule in enumerate(made)}

    async def order(query: str) -> list[int]:
        listed, path = [], f"/api/admin/rules?source=promoted&limit=1&{query}"
        cursor: str | None = ""
        while cursor is not None:
            page = f"{path}&next={cursor}" if cursor else path
            answer = await client.get(page, headers=cast.admin.headers)
            assert answer.status_code == 200, answer.text
            listed += [names[rule["rule_id"]] for rule in answer.json()["items"]]
            cursor = answer.json()["next"]
        return listed

    assert await order("sort=success") == [0, 1, 2, 3]
    assert await order("sort=success&order=asc") == [2, 1, 0, 3]
    assert (await order("sort=matches"))[2:] == [2, 3]
    assert (await order("sort=matches&order=asc"))[:2] == [3, 2]
    assert await order("sort=near_withdrawal") == [2, 1, 0]
    assert await order("sort=near_withdrawal&order=asc") == [0, 1, 2]
    for path in ("sort=name", "sort=success&order=up", "sort=success&next=WyJ4Il0"):
        answer = await client.get(f"/api/admin/rules?{path}", headers=cast.admin.headers)
        assert answer.status_code == 422, path


async def test_figures_say_where_a_rule_at_thirty_percent_fails(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner, settings: Settings
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    await attempts.record(owner, cast.site, {rule.rule_id: [True] * 3}, hostname="WS-GOOD")
    await attempts.record(owner, cast.site, {rule.rule_id: [False] * 7}, hostname="WS-BAD")
    await attempts.watch(database, settings)

    answer = await client.get(
        f"/api/admin/rules/{rule.rule_id}/figures?weeks=2", headers=cast.viewer.headers
    )

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["watched"] is True
    assert found["total"] == {"successes": 3, "attempts": 10}
    assert found["by_site"] == [
        {"site_id": cast.site.slug, "id": str(cast.site.id), "successes": 3, "attempts": 10}
    ]
    assert found["by_host"] == [
        {"site_id": cast.site.slug, "hostname": "WS-BAD", "successes": 0, "attempts": 7},
        {"site_id": cast.site.slug, "hostname": "WS-GOOD", "successes": 3, "attempts": 3},
    ]
    assert found["by_error_category"] == [
        {"error_category": "timeout", "successes": 0, "attempts": 7},
        {"error_category": None, "successes": 3, "attempts": 3},
    ]
    assert sum(week["attempts"] for week in found["by_week"]) == 10


async def test_figures_of_a_rule_without_attempts_are_empty_and_no_rate(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    answer = await client.get(
        "/api/admin/rules/L1-FIREWALL-002/figures", headers=cast.admin.headers
    )

    found = answer.json()
    assert found["watched"] is False
    assert found["total"] == {"successes": 0, "attempts": 0}
    assert found["by_week"] == []
