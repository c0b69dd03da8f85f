"""Which patterns a turn looks at: all whose state may change, and hardly any other.

Broken on purpose: with `counts_suffice` that forgets `require_verified`, with a verdict that leaves
`blocked` true, and with a mark that skips what is blocked, these fail.
"""

import random
from decimal import Decimal
from typing import Any

import httpx
import pytest

from flywheel_server.core import clock, db
from flywheel_server.learning.model import gates, promotions
from flywheel_server.learning.model.promotions import Counts, Runbook, SiteEvidence
from flywheel_server.policy.model import Policy
from tests import telemetry
from tests.cast import STAGE, Cast

_COUNTS = frozenset({"occurrences", "successes", "success_rate"})


def _case(source: random.Random) -> tuple[Counts, Policy]:
    successes, failures = source.randint(0, 12), source.randint(-1, 3)
    counts = Counts(
        successes=successes,
        verified_successes=source.randint(0, successes),
        failures=failures,
        not_attempted=source.randint(0, 3),
        # Open nothing, however many.
        claimed_successes=source.randint(0, 20),
        claimed_failures=source.randint(0, 3),
        chaos_successes=source.randint(0, 4),
        chaos_failures=source.randint(0, 2),
    )
    policy = Policy(
        site_min_occurrences=source.randint(1, 8),
        site_min_successes=source.randint(1, 8),
        site_min_success_rate=source.choice((0.5, 0.7, 0.9, 1.0)),
        require_verified=source.random() < 0.5,
        learn_from_chaos=source.random() < 0.5,
    )
    return counts, policy


async def test_the_fold_marks_exactly_what_the_gates_on_counts_let_through(
    database: db.Database,
) -> None:
    source = random.Random(4)
    cases = [_case(source) for _ in range(2_000)]
    wrong = []
    async with db.transaction(database, STAGE) as connection:
        ask = await connection.prepare(
            "SELECT counts_suffice($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        )
        for counts, policy in cases:
            said = await ask.fetchval(
                counts.successes,
                counts.verified_successes,
                counts.failures,
                counts.chaos_successes,
                counts.chaos_failures,
                policy.site_min_occurrences,
                policy.site_min_successes,
                Decimal(str(policy.site_min_success_rate)),
                policy.require_verified,
                policy.learn_from_chaos,
            )
            evidence = SiteEvidence(
                incident_type="service_stopped",
                runbook_id="RB-WIN-SVC-003",
                runbook=Runbook(platform="windows", executable=True),
                counts=counts,
                last_seen_at=clock.now(),
                last_evidence_at=clock.now(),
                covered_by=None,
            )
            shut = gates.failing(promotions.site_gates(evidence, policy, clock.now()))
            if said != _COUNTS.isdisjoint(shut):
                wrong.append((counts, policy, said, shut))
    assert wrong == []
    assert 100 < sum(_passes(counts, policy) for counts, policy in cases) < 1_900


def _passes(counts: Counts, policy: Policy) -> bool:
    return counts.occurrences >= policy.site_min_occurrences


@pytest.mark.parametrize("seed", range(3))
async def test_a_turn_leaves_no_pattern_in_a_state_that_its_gates_deny(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, seed: int
) -> None:
    source = random.Random(seed)
    rules: list[str] = []
    seen = set()
    for _ in range(12):
        await _something(client, cast, source, rules)
        await telemetry.turn(client, cast.admin)
        before = await _states(database)
        async with db.transaction(database, STAGE) as connection:
            await connection.execute("UPDATE patterns SET due_at = '-infinity'")
        await telemetry.turn(client, cast.admin)
        assert await _states(database) == before
        seen |= set(before.values())
    assert len(seen) > 1


async def test_a_pattern_that_cannot_change_its_state_is_not_looked_at(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    covered: dict[str, Any] = {"incident_type": "ntp_sync", "runbook_id": "LIN-NET-001"}
    await telemetry.send(client, cast.site, telemetry.executions(6, **covered))
    assert (await telemetry.turn(client, cast.admin))["mark_eligible"]["rows_in"] == 1
    # A rule covers the one; the other has not been seen often enough.
    few = telemetry.executions(2, hostname="WS-9")
    await telemetry.send(client, cast.site, [*telemetry.executions(6, **covered), *few])
    assert (await telemetry.turn(client, cast.admin))["mark_eligible"]["rows_in"] == 0


async def _something(
    client: httpx.AsyncClient, cast: Cast, source: random.Random, rules: list[str]
) -> None:
    """Let executions come in, and sometimes a rule or the policy change."""
    for host in ("WS-1", "WS-2"):
        count = source.randint(0, 4)
        failures = source.randint(0, count) if source.random() < 0.3 else 0
        fields: dict[str, Any] = {"hostname": host}
        if source.random() < 0.5:
            fields["verification_passed"] = True
        await telemetry.send(client, cast.site, telemetry.executions(count, failures, **fields))
    chance = source.random()
    if chance < 0.25 and not rules:
        rules.append(await _make_rule(client, cast))
    elif chance < 0.6 and rules:
        switch = source.choice(("disable", "enable"))
        answer = await client.post(
            f"/api/admin/rules/{rules[0]}/{switch}",
            json={"reason": "the test says so"},
            headers=cast.admin.headers,
        )
        assert answer.status_code in {200, 409}, answer.text
    elif chance < 0.8:
        answer = await client.put(
            "/api/admin/flywheel/policy",
            json={
                "reason": "the test says so",
                "values": {
                    "site_min_occurrences": source.randint(2, 8),
                    "require_verified": source.random() < 0.5,
                },
            },
            headers=cast.admin.headers,
        )
        assert answer.status_code == 200, answer.text


async def _make_rule(client: httpx.AsyncClient, cast: Cast) -> str:
    answer = await client.post(
        "/api/admin/rules",
        json={
            "rule_id": "L1-CUSTOM-SPOOLER-001",
            "name": "Spooler back on",
            "incident_type": "service_stopped",
            "runbook_id": "RB-WIN-SVC-003",
            "scope": "platform",
        },
        headers=cast.admin.headers,
    )
    assert answer.status_code == 201, answer.text
    rule_id: str = answer.json()["rule_id"]
    return rule_id


async def _states(database: db.Database) -> dict[str, str]:
    async with db.transaction(database, STAGE) as connection:
        rows = await connection.fetch("SELECT id, state FROM patterns")
    return {row["id"]: row["state"] for row in rows}
