"""Plans over HTTP: what appliances are told, by mode, version, planner and what is known."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from flywheel_server.core import db, embedded
from flywheel_server.rules.model import rules
from flywheel_server.rules.store import rules as stored_rules
from tests import cast as people, planning, telemetry
from tests.cast import STAGE, Cast
from tests.planning import PLAN, RUNBOOK, TYPE, Provider


@pytest.fixture
async def fake() -> AsyncIterator[Provider]:
    async with planning.provider() as running:
        yield running


@pytest.fixture
async def planned(fake: Provider, address: embedded.Address) -> AsyncIterator[httpx.AsyncClient]:
    """Talk to an application with a provider."""
    async with planning.application(address.app_url, planning.settings(fake)) as opened:
        yield opened


async def test_without_a_provider_what_nothing_is_known_of_is_escalated_and_recorded(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    told = await planning.ask(client, cast.site)

    assert told["recommended_action"] == "escalate"
    assert told["escalate_to_l3"] is True
    assert told["requires_approval"] is False
    assert (told["runbook_id"], told["confidence"]) == ("", 0.0)
    (record,) = await planning.decisions(database)
    assert (record["told"], record["reason"]) == ("escalate", "nothing_known")
    assert record["answer"] == told


async def test_a_request_of_nulls_is_escalated(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    body = dict.fromkeys(planning.request(cast.site))
    answer = await client.post(PLAN, json=body, headers=cast.site.headers)

    assert answer.status_code == 200, answer.text
    assert answer.json()["escalate_to_l3"] is True
    (record,) = await planning.decisions(database)
    assert record["reason"] == "no_incident_type"


async def test_a_newer_daemon_is_told_to_execute_what_the_model_chose(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance, version=planning.NEWER)

    told = await planning.ask(planned, cast.site)

    assert told["recommended_action"] == "execute_runbook"
    assert told["runbook_id"] == RUNBOOK
    assert told["action_params"] == {"script": "", "runbook_id": RUNBOOK}
    assert told["confidence"] == 0.91
    assert (told["escalate_to_l3"], told["requires_approval"]) == (False, False)
    (record,) = await planning.decisions(database)
    assert (record["planner"], record["model"], record["calls"]) == ("model", "small-7b", 1)
    assert (record["input_tokens"], record["output_tokens"]) == (1_000, 50)
    assert record["cost_micro_usd"] == 1_000 * 3 + 50 * 15
    assert record["runbook_id"] == record["proposed"] == RUNBOOK
    assert record["appliance_id"] == cast.appliance.id
    assert await planning.budget(database) == (1, 3_750)
    assert f"authorization: bearer {planning.KEY}" in fake.headers[0].lower()


async def test_an_older_daemon_is_told_the_word_that_fits_the_runbook(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance, version=planning.OLDER)
    words = {
        "RB-WIN-SVC-001": "restart_service",
        "RB-WIN-SEC-001": "configure_firewall",
        "RB-WIN-SEC-005": "enable_bitlocker",
        "RB-WIN-SEC-002": "fix_audit_policy",
        "RB-WIN-SEC-006": "enable_defender",
        "RB-WIN-ACCESS-001": "fix_permissions",
    }
    for runbook_id, word in words.items():
        fake.behaves = lambda _asked, runbook_id=runbook_id: planning.chosen(runbook_id)  # type: ignore[misc]
        told = await planning.ask(planned, cast.site, raw={"actual": runbook_id.lower()[-7:]})
        assert (told["recommended_action"], told["runbook_id"]) == (word, runbook_id)

    fake.behaves = lambda _asked: planning.chosen("RB-WIN-SEC-020")
    told = await planning.ask(planned, cast.site, raw={"actual": "no word for this"})
    assert told["recommended_action"] == "escalate"
    assert (await planning.decisions(database))[-1]["reason"] == "no_word_for_agent"


async def test_an_older_daemon_executes_what_a_newer_one_would_not_be_sure_of(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    fake.behaves = lambda _asked: planning.chosen(confidence=0.7)
    for version, action in ((planning.NEWER, "escalate"), (planning.OLDER, "restart_service")):
        await planning.agent(database, cast.appliance, version=version)
        told = await planning.ask(planned, cast.site, raw={"actual": version})
        assert told["recommended_action"] == action
    reasons = [each["reason"] for each in await planning.decisions(database)]
    assert reasons == ["low_confidence", None]


async def test_an_enabled_rule_is_followed_without_a_call(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    rule = rules.learnt(
        source="promoted",
        scope="site",
        scope_id=cast.site.id,
        incident_type=TYPE,
        runbook_id="RB-WIN-SVC-002",
        platform="windows",
        generation=1,
    )
    async with db.transaction(database, STAGE) as connection:
        made = await stored_rules.insert(connection, rule)

    await planning.agent(database, cast.appliance)
    # Also where the agent does not say the platform: the rule does.
    for raw in ({}, {"platform": None}):
        told = await planning.ask(planned, cast.site, raw=raw)
        assert (told["runbook_id"], told["confidence"]) == ("RB-WIN-SVC-002", 1.0)
    neighbours = await planning.ask(planned, cast.foreign_site)
    assert neighbours["runbook_id"] == RUNBOOK
    records = await planning.decisions(database)
    assert [each["planner"] for each in records] == ["rule", "rule", "model"]
    assert records[0]["basis"] == made.rule_id
    assert len(fake.calls) == 1


async def test_what_healed_before_at_the_site_is_done_again_without_a_call(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance)
    healed = telemetry.executions(3, incident_type=TYPE, runbook_id="RB-WIN-SVC-004")
    await telemetry.send(planned, cast.site, healed)
    await telemetry.turn(planned, cast.admin)

    told = await planning.ask(planned, cast.site)

    assert (told["runbook_id"], told["confidence"]) == ("RB-WIN-SVC-004", 0.8)
    (record,) = await planning.decisions(database)
    assert (record["planner"], record["basis"]) == ("site_history", "site: 3 of 3")
    assert fake.calls == []


async def test_what_healed_in_the_organization_counts_when_it_is_more_and_elsewhere_never(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance)
    for site in (cast.neighbour, cast.foreign_site):
        healed = telemetry.executions(6, incident_type=TYPE, runbook_id="RB-WIN-SVC-004")
        await telemetry.send(planned, site, healed)
    await telemetry.turn(planned, cast.admin)

    told = await planning.ask(planned, cast.site)
    assert told["runbook_id"] == "RB-WIN-SVC-004"
    stranger = await planning.ask(planned, cast.stranger)
    assert stranger["runbook_id"] == RUNBOOK
    planners = [each["planner"] for each in await planning.decisions(database)]
    assert planners == ["organization_history", "model"]
    assert len(fake.calls) == 1


async def test_what_healed_in_three_organizations_is_no_answer_for_the_whole_platform(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    for site in await people.make_organizations(database, 3):
        healed = telemetry.executions(7, incident_type=TYPE, runbook_id="RB-WIN-SVC-004")
        await telemetry.send(planned, site, healed)
    await telemetry.turn(planned, cast.admin)

    await planning.agent(database, cast.appliance)
    assert (await planning.ask(planned, cast.site))["runbook_id"] == RUNBOOK
    (record,) = await planning.decisions(database)
    assert record["planner"] == "model"
    assert len(fake.calls) == 1


async def test_what_fails_at_the_site_is_neither_proposed_nor_offered_to_the_model(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    failed = telemetry.executions(4, failures=4, incident_type=TYPE, runbook_id="RB-WIN-SVC-004")
    await telemetry.send(planned, cast.site, failed)
    healed = telemetry.executions(9, incident_type=TYPE, runbook_id="RB-WIN-SVC-004")
    await telemetry.send(planned, cast.neighbour, healed)
    await telemetry.turn(planned, cast.admin)

    await planning.agent(database, cast.appliance)
    assert (await planning.ask(planned, cast.site))["runbook_id"] == RUNBOOK
    assert "RB-WIN-SVC-004" not in fake.texts[0]
    assert RUNBOOK in fake.texts[0]


async def test_a_model_gets_the_executable_runbooks_of_the_platform_alone(
    planned: httpx.AsyncClient, fake: Provider, cast: Cast
) -> None:
    await planning.ask(planned, cast.site, raw={"platform": "linux"})

    schema = fake.calls[0]["response_format"]["json_schema"]["schema"]
    offered = schema["properties"]["runbook_id"]["enum"]
    assert "LIN-SSH-001" in offered
    assert not [each for each in offered if each and each.startswith("RB-")]
    assert "LIN-FW-001" not in offered, "it only detects"
    assert offered[-1] is None


async def test_a_platform_without_runbooks_is_escalated_without_a_call(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    for platform in ("macos", "nixos", "", None, 7, "x" * 500):
        told = await planning.ask(planned, cast.site, raw={"platform": platform})
        assert told["escalate_to_l3"] is True
    assert {each["reason"] for each in await planning.decisions(database)} == {"platform_unknown"}
    assert fake.calls == []


async def test_the_same_incident_is_answered_from_the_record_and_costs_once(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    first = await planning.ask(planned, cast.site, incident_id="drift-1")
    fake.behaves = lambda _asked: planning.chosen("RB-WIN-SEC-001")
    # As it comes again, and even if it says something else meanwhile.
    again = [
        await planning.ask(planned, cast.site, incident_id="drift-1", raw={"actual": word})
        for word in ("drifted", "other")
    ]

    assert again == [first, first]
    (record,) = await planning.decisions(database)
    assert (record["repeats"], len(fake.calls)) == (2, 1)


async def test_a_like_incident_is_answered_from_the_cache_whatever_its_host(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    hosts = ("WS-A", "WS-B.office.local")
    told = [await planning.ask(planned, cast.site, host_id=host) for host in hosts]

    assert told[0]["reasoning"] == told[1]["reasoning"]
    records = await planning.decisions(database)
    assert [each["planner"] for each in records] == ["model", "cache"]
    assert records[0]["digest"] == records[1]["digest"]
    assert records[1]["cost_micro_usd"] == 0
    await planning.ask(planned, cast.neighbour)
    assert len(fake.calls) == 2, "a site's questions are its own"


async def test_a_cached_plan_that_failed_is_asked_anew(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance)
    await planning.ask(planned, cast.site, incident_id="drift-1")
    failed = telemetry.execution(
        incident_id="drift-1", incident_type=TYPE, runbook_id=RUNBOOK, success=False
    )
    await telemetry.send(planned, cast.site, [failed])
    await telemetry.turn(planned, cast.admin)

    await planning.ask(planned, cast.site)

    assert len(fake.calls) == 2
    first, _ = await planning.decisions(database)
    assert (first["execution_id"], first["outcome"]) == (failed["execution_id"], "failure")


async def test_disabled_escalates_without_a_call_and_also_what_was_planned_before(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance)
    assert (await planning.ask(planned, cast.site, incident_id="d"))["escalate_to_l3"] is False
    await planning.agent(database, cast.appliance, mode="disabled")

    for incident in ("d", "other"):
        told = await planning.ask(planned, cast.site, incident_id=incident)
        assert (told["recommended_action"], told["escalate_to_l3"]) == ("escalate", True)

    assert len(fake.calls) == 1
    records = await planning.decisions(database)
    assert [each["reason"] for each in records] == [None, "disabled", "disabled"]


async def test_of_several_appliances_with_one_key_the_strictest_mode_holds(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    other = await people.make_appliance(database, cast.site)
    await planning.agent(database, cast.appliance, mode="auto")
    await planning.agent(database, other, mode="disabled")

    shared = await planning.ask(planned, cast.site)
    own = await planning.ask(planned, cast.site, cast.appliance.credential)

    assert (shared["escalate_to_l3"], own["escalate_to_l3"]) == (True, False)
    assert len(fake.calls) == 1


async def test_a_mode_set_while_the_model_thinks_is_obeyed(
    planned: httpx.AsyncClient, database: db.Database, fake: Provider, cast: Cast
) -> None:
    fake.gate = asyncio.Event()
    await planning.agent(database, cast.appliance)
    asked = asyncio.create_task(planning.ask(planned, cast.site))
    while not fake.calls:
        await asyncio.sleep(0.01)
    await planning.agent(database, cast.appliance, mode="disabled")
    fake.gate.set()

    assert (await asked)["escalate_to_l3"] is True
    (record,) = await planning.decisions(database)
    assert (record["mode"], record["reason"], record["calls"]) == ("disabled", "disabled", 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"incident_id": "x" * 1_001},
        {"incident_id": "nul\x00"},
        {"incident_type": "x" * 201},
        {"host_id": "x" * 201},
        {"incident_type": "\x00"},
    ],
    ids=str,
)
async def test_what_cannot_be_stored_is_refused(
    client: httpx.AsyncClient, database: db.Database, cast: Cast, wrong: dict[str, Any]
) -> None:
    body = planning.request(cast.site) | wrong
    answer = await client.post(PLAN, json=body, headers=cast.site.headers)
    assert answer.status_code == 422, answer.text
    assert await planning.decisions(database) == []


async def test_long_ids_and_odd_texts_are_planned_for(
    planned: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    odd: dict[str, Any] = {
        "incident_id": "\U0001f525" * 1_000,
        "incident_type": "ü" * 200,
        "host_id": "\u202e" * 200,
        "severity": "'; DROP TABLE plans; --",
        "raw_data": {"platform": "Windows ", "actual": {"deep": [1]}, "expected": [[1], "a", 1.5]},
    }
    told = await planning.ask(planned, cast.site, **odd)
    assert told["incident_id"] == odd["incident_id"]
    assert len(await planning.decisions(database)) == 1
