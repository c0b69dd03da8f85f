"""How far learning has come, what needs a person, and what is nearest to a rule.

Broken on purpose: with a correction's day taken from when it came, with a dead delivery of a
partner's endpoint counted, and with the closest pairs ordered by name, these fail.
"""

import datetime as dt
from typing import Any
from uuid import uuid4

import httpx

from flywheel_server import loop
from flywheel_server.core import clock, db
from tests import candidates, telemetry
from tests.cast import STAGE, Cast
from tests.hooks import make_endpoint

Owner = Any


async def _get(client: httpx.AsyncClient, cast: Cast, path: str) -> Any:
    answer = await client.get(f"/api/admin/{path}", headers=cast.viewer.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_days_and_levels_follow_what_was_sent(
    client: httpx.AsyncClient, cast: Cast, owner: Owner
) -> None:
    first = telemetry.execution(resolution_level="L1", runbook_id="L1-NTP-001")
    await telemetry.send(
        client,
        cast.site,
        [
            first,
            *telemetry.executions(4, failures=1),
            telemetry.execution(resolution_level="L3"),
            telemetry.execution(error_category="no_credentials"),
        ],
    )
    await owner.execute(
        "INSERT INTO level_days (day, level, successes, failures, dropped_successes, "
        "dropped_failures) SELECT (now() AT TIME ZONE 'UTC')::date - 40, 'L2', 6, 2, 6, 2"
    )
    await telemetry.turn(client, cast.admin)
    await telemetry.send(client, cast.site, [first | {"success": False}])
    await telemetry.turn(client, cast.admin)

    wheel = await _get(client, cast, "flywheel/wheel?days=30")

    levels = wheel["now"]["healing"]["levels"]
    assert levels["L1"]["success"] == {"successes": 0, "attempts": 1}
    assert levels["L2"]["success"] == {"successes": 3, "attempts": 4}
    assert levels["L3"]["success"] == {"successes": 1, "attempts": 1}
    assert wheel["now"]["healing"]["not_attempted"] == 1
    assert wheel["now"]["window"]["label"] == "last 30 days"
    assert wheel["before"]["healing"]["success"] == {"successes": 6, "attempts": 8}
    assert {each["day"] for each in wheel["days"]} == {clock.now().date().isoformat()}
    assert wheel["counted_at"] is not None


async def test_the_funnel_leads_from_patterns_to_rules_that_heal(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    waiting, _ = await candidates.make(client, cast, cast.site, "WS-1", "WS-2")
    before = await _get(client, cast, "flywheel/wheel")
    approved = await client.post(
        f"/api/admin/candidates/{waiting}/approve", json={}, headers=cast.admin.headers
    )
    await telemetry.turn(client, cast.admin)
    after = await _get(client, cast, "flywheel/wheel")
    rule_id = approved.json()["rule_id"]
    fact = {"rule_id": rule_id, "runbook_id": rule_id, "resolution_level": "L1"}
    await telemetry.send(client, cast.site, telemetry.executions(2, **fact))
    await telemetry.turn(client, cast.admin)
    healed = await _get(client, cast, "flywheel/wheel")

    assert before["funnel"] | {"patterns": 2, "eligible": 2, "approved": 0} == before["funnel"]
    assert after["funnel"] == {
        "patterns": 2,
        "eligible": 0,
        "approved": 1,
        "delivered": 0,
        "running": 0,
        "succeeding": 0,
    }
    assert after["now"]["decided"] == {"approved": 1, "rejected": 0, "withdrawn": 0}
    assert healed["funnel"]["succeeding"] == 1


async def test_alarms_tell_of_the_loop_of_ids_and_of_webhooks(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, owner: Owner
) -> None:
    assert (await _get(client, cast, "alarms"))["items"] == []
    await telemetry.send(client, cast.site, telemetry.executions(2, runbook_id="L2-unknown"))
    await telemetry.turn(client, cast.admin)
    await owner.execute(
        "INSERT INTO loop_leases (name, holder, expires_at, turn_started_at)"
        " VALUES ('loop', $1, now(), now() - interval '1 hour')",
        uuid4(),
    )
    await owner.execute(
        "INSERT INTO loop_runs (turn_id, holder, step, started_at, ended_at, error)"
        " VALUES ($1, $1, 'mark_eligible', now(), now(), 'it broke')",
        uuid4(),
    )
    own = await make_endpoint(database, STAGE)
    partner = cast.people["partner owner"].scope
    theirs = await make_endpoint(database, partner)  # type: ignore[arg-type]
    await owner.execute(
        "UPDATE webhook_deliveries SET state = 'dead' WHERE endpoint_id = ANY ($1)",
        [own.id, theirs.id],
    )

    found = (await _get(client, cast, "alarms"))["items"]

    assert [each["kind"] for each in found] == [
        "loop_silent",
        "step_failed",
        "unresolved_ids",
        "webhook_failing",
    ]
    assert "mark_eligible" in found[1]["what"]
    loop = await _get(client, cast, "flywheel/loop")
    assert loop["silent"]
    assert [step["step"] for step in loop["steps"] if step["error"]] == ["mark_eligible"]


async def test_the_loop_that_never_turned_is_not_silent(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    assert await _get(client, cast, "flywheel/loop") == {
        "silent": False,
        "seconds_since_turn": None,
        "interval_seconds": 60.0,
        "holder": None,
        "steps": [],
    }


async def test_pairs_nearest_to_a_rule_come_first_page_by_page(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    far, near, never = (
        dict[str, Any](incident_type=name, runbook_id=runbook)
        for name, runbook in (
            ("a_far", "RB-WIN-SVC-003"),
            ("b_near", "RB-WIN-SVC-004"),
            ("c_never", "L2-no-runbook"),
        )
    )
    for site in cast.sites[:4]:
        await telemetry.send(client, site, telemetry.executions(5, **near))
        await telemetry.send(client, site, telemetry.executions(9, **never))
    await telemetry.send(client, cast.site, telemetry.executions(3, failures=2, **far))
    await telemetry.turn(client, cast.admin)

    base = "platform-patterns?limit=1&sort=closest"
    names, cursor = [], ""
    for _ in range(3):
        page = await _get(client, cast, f"{base}{cursor}")
        names += [item["incident_type"] for item in page["items"]]
        cursor = f"&next={page['next']}"

    assert names == ["b_near", "a_far", "c_never"]
    assert page["next"] is None
    for query, expected in (
        ("standing=barred", ["c_never"]),
        ("standing=open&text=SVC-004", ["b_near"]),
        ("sort=closest&text=FAR", ["a_far"]),
        ("standing=promoted", []),
    ):
        listed = await _get(client, cast, f"platform-patterns?{query}")
        assert [item["incident_type"] for item in listed["items"]] == expected, query
    one = await _get(client, cast, f"platform-patterns/{page['items'][0]['id']}")
    # Of one pair it is asked how its evidence is spread, too.
    assert one.pop("spread").startswith("18 of 36 from one of 2 organizations")
    assert one.pop("warnings")
    listed = page["items"][0]
    assert (listed.pop("spread"), listed.pop("warnings")) == (None, [])
    assert one == listed


async def test_lists_are_searched_by_a_part_of_the_words(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    (id,) = await candidates.make(client, cast, cast.site, "WS-OFFICE")
    for text, count in (("office", 1), ("SERVICE_sto", 1), ("nothing", 0)):
        found = await _get(client, cast, f"candidates?text={text}")
        assert len(found["items"]) == count, text
    detail = await _get(client, cast, f"candidates/{id}")
    assert detail["would_be"]["rule"]["action"] == "run_windows_runbook"
    for sort in ("", "&sort=success", "&sort=matches&order=asc"):
        rules = await _get(client, cast, f"rules?text=firewall-002{sort}")
        assert {rule["rule_id"] for rule in rules["items"]} == {"L1-FIREWALL-002"}, sort
    assert (await _get(client, cast, "rules?text=firewall-002&sort=near_withdrawal"))["items"] == []


async def test_failed_runs_are_listed_by_themselves(
    client: httpx.AsyncClient, cast: Cast, owner: Owner
) -> None:
    await telemetry.turn(client, cast.admin)
    for minutes in (1, 2, 3):
        await owner.execute(
            "INSERT INTO loop_runs (turn_id, holder, step, started_at, ended_at, error)"
            " VALUES ($1, $1, $2, $3, $3, 'it broke')",
            uuid4(),
            "housekeeping" if minutes == 3 else "mark_eligible",
            clock.now() - dt.timedelta(minutes=minutes),
        )

    first = await _get(client, cast, "flywheel/runs?failed=true&limit=2")
    second = await _get(client, cast, f"flywheel/runs?failed=true&limit=2&next={first['next']}")
    steps = await _get(client, cast, "flywheel/runs?failed=true&step=mark_eligible")

    assert [len(first["items"]), len(second["items"]), len(steps["items"])] == [2, 1, 2]


async def test_a_run_keeps_what_its_step_counted_by_name(
    client: httpx.AsyncClient, cast: Cast, owner: Owner
) -> None:
    """Fails when a count is recorded as another, left out, or no part of the sums."""
    await owner.execute(
        "INSERT INTO loop_runs (turn_id, holder, step, started_at, ended_at, rows_in, rows_out) "
        "SELECT uuidv7(), uuidv7(), 'earlier', t, t, 7, 2 FROM (VALUES (now()), "
        "(now() - interval '91 days'), (now() - interval '92 days')) AS moments (t)"
    )
    await telemetry.send(client, cast.site, telemetry.executions(4, failures=1))
    await telemetry.turn(client, cast.admin)

    listed = (await _get(client, cast, "flywheel/runs?limit=50"))["items"]
    runs = {each["step"]: each for each in listed}

    assert runs["generate_patterns"]["counts"] == {"facts_read": 4, "patterns_changed": 1}
    assert list(runs["generate_patterns"]["counts"]) == ["facts_read", "patterns_changed"]
    assert runs["settle_orders"]["counts"] == {}
    kept = runs["housekeeping"]["counts"]
    assert kept["runs_deleted"] == 2
    assert "partitions_made" not in kept
    assert runs["housekeeping"]["rows_in"] == 0
    assert runs["housekeeping"]["rows_out"] == sum(kept.values())
    earlier = runs.pop("earlier")
    assert (earlier["counts"], earlier["rows_in"], earlier["rows_out"]) == (None, 7, 2)
    assert set(runs) == set(loop.NAMES)
    for run in runs.values():
        assert run["rows_in"] + run["rows_out"] == sum(run["counts"].values()), run
