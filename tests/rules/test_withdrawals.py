"""After a withdrawal only new evidence counts, for a platform's pair and for a site's pattern."""

import datetime as dt
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.learning.actions import folds
from flywheel_server.loop import retention
from flywheel_server.rules.actions import withdraw
from flywheel_server.rules.store import rules
from tests import attempts, cast as people, telemetry
from tests.attempts import LOOP
from tests.cast import Cast, CastSite

Owner = Any


async def test_a_withdrawn_platform_rule_comes_back_by_new_evidence_alone_with_a_new_id(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    sites = await people.make_organizations(database, 6)
    await _heal(client, sites)
    await telemetry.turn(client, cast.admin)
    (first,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    # Received before the withdrawal, folded after it: old evidence too.
    await attempts.fail(owner, sites[:3], first["rule_id"], "service_stopped")

    steps = await telemetry.turn(client, cast.admin)
    assert steps["watch_rules"]["rows_out"] == 1
    await telemetry.turn(client, cast.admin)

    (withdrawn,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert withdrawn["withdrawn_at"] is not None
    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert pattern["occurrences"] == 24
    assert pattern["counted_from"] is not None
    assert await _differences(database) == {}

    await _heal(client, sites)
    steps = await telemetry.turn(client, cast.admin)

    assert steps["promote_platform"]["rows_out"] == 1
    both = await telemetry.items(client, cast.admin, "rules?source=platform")
    assert {rule["rule_id"] for rule in both} > {first["rule_id"]}
    assert [rule["enabled"] for rule in both] == [False, True]
    assert await _differences(database) == {}


@pytest.mark.parametrize("dropped", [False, True], ids=["kept", "dropped"])
async def test_an_alias_brings_no_evidence_of_before_a_withdrawal(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner, dropped: bool
) -> None:
    """Broken by moving what an alias was counted for as if all of it had come since."""
    sites = await people.make_organizations(database, 6)
    await _heal(client, sites)
    await _heal(client, sites, runbook_id="spooler-fix")
    await telemetry.turn(client, cast.admin)
    if dropped:
        await _drop_facts(database, owner)
    (rule,) = await telemetry.items(client, cast.admin, "rules?source=platform")
    await attempts.fail(owner, sites[:3], rule["rule_id"], "service_stopped")
    await telemetry.turn(client, cast.admin)
    for site in sites[:2]:
        await telemetry.send(client, site, telemetry.executions(3, runbook_id="spooler-fix"))
    await telemetry.turn(client, cast.admin)

    made = await client.post(
        "/api/admin/aliases",
        json={"alias": "spooler-fix", "runbook_id": "RB-WIN-SVC-003"},
        headers=cast.admin.headers,
    )
    assert made.status_code == 201, made.text
    steps = await telemetry.turn(client, cast.admin)

    assert steps["promote_platform"]["rows_out"] == 0
    (pattern,) = await telemetry.items(client, cast.admin, "platform-patterns")
    assert (pattern["occurrences"], pattern["since"]["occurrences"]) == (54, 6)
    assert await _differences(database) == {}


async def _drop_facts(database: db.Database, owner: Owner) -> None:
    """Have all facts so far be past their retention."""
    later = clock.now() + dt.timedelta(days=40)
    async with db.transaction(database, LOOP) as connection:
        assert await retention.drop_executions(connection, later, days=1)
    await owner.execute(
        "SELECT ensure_partition('executions', date_trunc('month', now())::date,"
        " (date_trunc('month', now()) + interval '1 month')::date)"
    )


async def test_a_rule_that_a_person_switched_since_it_was_judged_is_left_alone(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    (rule,) = await attempts.make_rules(database, cast.site)
    for verb in ("disable", "enable"):
        answer = await client.post(
            f"/api/admin/rules/{rule.id}/{verb}",
            json={"reason": "Looking into it."},
            headers=cast.admin.headers,
        )
        assert answer.status_code == 200, answer.text

    async with db.transaction(database, LOOP) as connection:
        assert not await withdraw.withdraw(connection, LOOP, rule, "too late", clock.now())

    async with db.transaction(database, LOOP) as connection:
        found = await rules.get(connection, rule.id)
    assert found is not None
    assert found.enabled


async def test_the_candidate_of_a_withdrawn_rule_earns_another_by_new_evidence(
    client: httpx.AsyncClient, cast: Cast, owner: Owner
) -> None:
    await _heal(client, [cast.site])
    await telemetry.turn(client, cast.admin)
    (candidate,) = await telemetry.items(client, cast.admin, "patterns")
    assert candidate["state"] == "eligible"
    first = await _approve(client, cast, candidate["id"])
    await attempts.record(
        owner,
        cast.site,
        {first["rule_id"]: [False] * 10},
        types={first["rule_id"]: "service_stopped"},
    )
    await telemetry.turn(client, cast.admin)
    await telemetry.turn(client, cast.admin)
    (candidate,) = await telemetry.items(client, cast.admin, "patterns")
    assert candidate["state"] == "withdrawn"

    await _heal(client, [cast.site])
    await telemetry.turn(client, cast.admin)

    (candidate,) = await telemetry.items(client, cast.admin, "patterns")
    assert candidate["state"] == "eligible"
    second = await _approve(client, cast, candidate["id"])
    assert second["rule_id"] != first["rule_id"]
    told = await owner.fetch("SELECT kind FROM events ORDER BY id")
    assert [row["kind"] for row in told] == [
        "candidate.eligible", "candidate.approved", "rule.promoted", "rule.withdrawn",
        "candidate.eligible", "candidate.approved", "rule.promoted",
    ]  # fmt: skip


async def _heal(client: httpx.AsyncClient, sites: list[CastSite], **fields: Any) -> None:
    for site in sites:
        await telemetry.send(client, site, telemetry.executions(24 // len(sites), **fields))


async def _approve(client: httpx.AsyncClient, cast: Cast, pattern_id: str) -> dict[str, Any]:
    answer = await client.post(
        f"/api/partners/me/learning/candidates/{pattern_id}/approve",
        json={},
        headers=cast.partners[0].credential.headers,
    )
    assert answer.status_code in {200, 201}, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _differences(database: db.Database) -> dict[str, int]:
    async with db.transaction(database, LOOP) as connection:
        found = await folds.verify(connection)
    return {each.name: each.differing for each in found if each.differing}
