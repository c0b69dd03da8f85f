"""A provider that is slow, wrong, verbose, malicious or down: always an answer, always a record.

Broken on purpose: without ``asyncio.timeout`` in the model the dripping one holds the answer, and
where ``prompts.read`` takes other members a script passes.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flywheel_server.app import create_app
from flywheel_server.core import db, embedded
from flywheel_server.plans.actions import plan_cases
from flywheel_server.plans.actions.planner_model import Breaker
from tests import parts, planning, telemetry
from tests.cast import Cast
from tests.planning import RUNBOOK, Behaves, Behaviour, chosen


def _always(answer: Behaviour) -> Behaves:
    return lambda _asked: answer


def _raw(**completion: Any) -> Behaviour:
    return Behaviour(body=json.dumps(completion).encode())


WRONG: dict[str, tuple[Behaviour, str]] = {
    "down": (Behaviour(status=500), "provider_failed"),
    "overloaded": (Behaviour(status=429), "provider_failed"),
    "wrong key": (Behaviour(status=401), "provider_failed"),
    "a redirect": (Behaviour(status=307), "provider_failed"),
    "cuts": (Behaviour(cuts=True), "provider_failed"),
    "silent": (Behaviour(silent=True), "provider_failed"),
    "dripping": (Behaviour(dripping=True), "provider_failed"),
    "no JSON": (Behaviour(body=b"<html>"), "malformed"),
    "no UTF-8": (Behaviour(body=b'{"choices": "\xff"}'), "malformed"),
    "empty": (Behaviour(body=b""), "malformed"),
    "a list": (Behaviour(body=b"[]"), "malformed"),
    "deep": (Behaviour(body=b"[" * 100_000), "malformed"),
    "huge": (Behaviour(body=b'{"a": "' + b"x" * 1_000_000 + b'"}'), "malformed"),
    "no choice": (_raw(choices=[]), "malformed"),
    "no content": (_raw(choices=[{"message": {"content": None}}]), "malformed"),
    "two plans": (Behaviour(content=f"```{chosen().content}```\n" * 2), "malformed"),
    "a plan among its thoughts": (Behaviour(content=f"<think>{chosen().content}"), "malformed"),
    "longer than asked": (Behaviour(content=" " * 20_000 + chosen().content), "malformed"),
    "deep inside": (Behaviour(content="[" * 10_000), "malformed"),
    "no object": (Behaviour(content="null"), "malformed"),
    "no confidence": (Behaviour(content=f'{{"runbook_id": "{RUNBOOK}"}}'), "malformed"),
    "a script": (chosen(script="Remove-Item -Recurse C:\\"), "malformed"),
    "confidence as text": (chosen(confidence="high"), "malformed"),
    "true confidence": (chosen(confidence=True), "malformed"),
    "more than sure": (chosen(confidence=7), "malformed"),
    "less than unsure": (chosen(confidence=-1), "malformed"),
    "not a number": (chosen(confidence=float("nan")), "malformed"),
    "endless digits": (
        Behaviour(content='{"runbook_id":"x","confidence":' + "9" * 9_000 + ',"reasoning":""}'),
        "malformed",
    ),
    "a list of runbooks": (chosen([RUNBOOK]), "malformed"),  # type: ignore[arg-type]
    "unsure": (chosen(confidence=0.59), "low_confidence"),
    "declines": (chosen(None, 0.9), "model_escalated"),
    "a command": (chosen("powershell -enc AAAA"), "outside_catalogue"),
    "a word of its own": (chosen("RB-WIN-SVC-0011"), "outside_catalogue"),
    "an odd id": (chosen("RB\x00\ud800\u202e"), "outside_catalogue"),
    "another platform": (chosen("LIN-SSH-001"), "wrong_platform"),
    "detects only": (chosen("RB-DISK-001"), "not_executable"),
    "an escalation": (chosen("escalate"), "outside_catalogue"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
async def test_whatever_a_provider_does_the_appliance_is_told_to_escalate(
    address: embedded.Address, database: db.Database, cast: Cast, name: str
) -> None:
    answer, reason = WRONG[name]
    await planning.agent(database, cast.appliance)
    async with planning.provider(_always(answer)) as fake:
        settings = planning.settings(fake, l2_timeout=0.4)
        async with planning.application(address.app_url, settings) as client:
            began = time.monotonic()
            told = await planning.ask(client, cast.site)
            assert time.monotonic() - began < 8

    assert (told["recommended_action"], told["escalate_to_l3"]) == ("escalate", True)
    assert (told["runbook_id"], told["action_params"]) == ("", {"script": ""})
    (record,) = await planning.decisions(database)
    assert (record["reason"], record["state"]) == (reason, "decided")
    assert record["calls"] == len(fake.calls) <= 2
    assert await planning.budget(database) == (record["calls"], record["cost_micro_usd"])


async def test_a_provider_that_is_not_there_costs_nothing_but_its_calls(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    async with planning.provider() as fake:
        pass
    settings = planning.settings(fake)
    async with planning.application(address.app_url, settings) as client:
        assert (await planning.ask(client, cast.site))["escalate_to_l3"] is True
    (record,) = await planning.decisions(database)
    assert (record["reason"], record["calls"], record["cost_micro_usd"]) == (
        "provider_failed",
        2,
        0,
    )


async def test_one_retry_heals_a_hiccup(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    await planning.agent(database, cast.appliance)
    answers = iter([Behaviour(status=503), chosen()])
    async with (
        planning.provider(lambda _asked: next(answers)) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        told = await planning.ask(client, cast.site)
    assert (told["runbook_id"], len(fake.calls)) == (RUNBOOK, 2)
    (record,) = await planning.decisions(database)
    # What was refused is not billed.
    assert (record["calls"], record["cost_micro_usd"]) == (2, 3_750)


async def test_a_time_out_is_paid_as_reserved_for_nobody_knows(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    async with planning.provider(_always(Behaviour(silent=True))) as fake:
        settings = planning.settings(fake, l2_timeout=0.2)
        async with planning.application(address.app_url, settings) as client:
            await planning.ask(client, cast.site)
    most = (len(fake.texts[0].encode()) + 200) * 3 + 500 * 15
    assert await planning.budget(database) == (2, 2 * most)


async def test_however_long_a_provider_may_take_the_appliance_is_answered_in_time(
    address: embedded.Address, database: db.Database, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patience is for all attempts together; a daemon gives up after thirty seconds."""
    assert plan_cases.PATIENCE_SECONDS <= 25
    monkeypatch.setattr(plan_cases, "PATIENCE_SECONDS", 1.0)
    async with planning.provider(_always(Behaviour(dripping=True))) as fake:
        settings = planning.settings(fake, l2_timeout=12)
        async with planning.application(address.app_url, settings) as client:
            began = time.monotonic()
            told = await planning.ask(client, cast.site)
            took = time.monotonic() - began

    assert told["escalate_to_l3"] is True
    # The transactions around it take their time on a busy machine.
    assert took < 12
    (record,) = await planning.decisions(database)
    assert (record["reason"], record["told"]) == ("provider_failed", "escalate")


async def test_no_answer_leaves_before_its_record_is_committed(
    address: embedded.Address, database: db.Database, cast: Cast, owner: db.Connection
) -> None:
    """Broken on purpose: answered inside of the transaction, the appliance is told 200."""
    await owner.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$"
    )
    await owner.execute(
        "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON plans"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    app = create_app(planning.settings(), address.app_url)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            answer = await client.post(
                planning.PLAN, json=planning.request(cast.site), headers=cast.site.headers
            )
    assert answer.status_code >= 500, answer.text
    assert "disk" not in answer.text
    assert await planning.decisions(database) == []


async def test_after_failures_in_a_row_the_provider_is_left_alone(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    async with (
        planning.provider(_always(Behaviour(status=500))) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        for number in range(5):
            await planning.ask(client, cast.site, raw={"actual": f"drift {number}"})
    reasons = [each["reason"] for each in await planning.decisions(database)]
    assert reasons == ["provider_failed"] * 3 + ["provider_paused"] * 2
    assert len(fake.calls) == 5


def test_a_paused_provider_is_asked_one_question_after_a_minute() -> None:
    breaker = Breaker()
    for _ in range(5):
        assert breaker.lets(0)
        breaker.note(0, answered=False)
    assert not breaker.lets(59)
    assert breaker.lets(61)
    assert not breaker.lets(62), "one at a time"
    breaker.note(63, answered=True)
    assert breaker.lets(63)


async def _many(
    client: httpx.AsyncClient, cast: Cast, count: int, **fields: Callable[[int], Any]
) -> list[dict[str, Any]]:
    return await asyncio.gather(
        *(
            planning.ask(client, cast.site, **{name: of(n) for name, of in fields.items()})
            for n in range(count)
        )
    )


@pytest.mark.parametrize(
    "behaves", [_always(chosen()), _always(Behaviour(status=500)), _always(Behaviour(cuts=True))]
)
async def test_twenty_at_once_never_call_more_often_than_the_budget_allows(
    address: embedded.Address, database: db.Database, cast: Cast, behaves: Behaves
) -> None:
    await planning.agent(database, cast.appliance)
    async with planning.provider(behaves) as fake:
        settings = planning.settings(fake, l2_calls_per_day=3)
        async with planning.application(address.app_url, settings) as client:
            await _many(client, cast, 20, raw=lambda n: {"actual": f"drift {n}"})
    assert len(fake.calls) == 3
    records = await planning.decisions(database)
    assert len(records) == 20
    assert all(each["state"] == "decided" for each in records)
    assert sum(each["calls"] for each in records) == 3
    assert (await planning.budget(database))[0] == 3


async def test_twenty_at_once_never_spend_more_than_the_budget_allows(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    async with planning.provider(_always(chosen(tokens=(3_000, 400)))) as fake:
        # Room for what two calls can cost at most, and less than three.
        settings = planning.settings(fake, l2_usd_per_day=0.09)
        async with planning.application(address.app_url, settings) as client:
            await _many(client, cast, 20, raw=lambda n: {"actual": f"drift {n}"})
    calls, spent = await planning.budget(database)
    assert 2 <= calls == len(fake.calls) <= 5
    assert spent == calls * (3_000 * 3 + 400 * 15) <= 90_000
    reasons = [each["reason"] for each in await planning.decisions(database)]
    assert reasons.count("budget") == 20 - calls


async def test_a_budget_of_nothing_calls_nobody_and_each_site_has_its_own(
    address: embedded.Address, cast: Cast
) -> None:
    async with planning.provider() as fake:
        for fields in ({"l2_calls_per_day": 0}, {"l2_usd_per_day": 0}):
            settings = planning.settings(fake, **fields)
            async with planning.application(address.app_url, settings) as client:
                assert (await planning.ask(client, cast.site))["escalate_to_l3"] is True
        assert fake.calls == []
        settings = planning.settings(fake, l2_calls_per_day=1)
        async with planning.application(address.app_url, settings) as client:
            for site in (cast.site, cast.neighbour):
                await planning.ask(client, site)
        assert len(fake.calls) == 2


async def test_twenty_requests_about_one_incident_cost_one_call(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    async with planning.provider() as fake:
        settings = planning.settings(fake, l2_cache_seconds=0)
        async with planning.application(address.app_url, settings) as client:
            told = await _many(client, cast, 20, incident_id=lambda _n: "drift-1")
    assert len(fake.calls) == 1
    assert all(each == told[0] for each in told)
    (record,) = await planning.decisions(database)
    assert record["repeats"] == 19


async def test_twenty_hosts_with_the_same_trouble_cost_one_call(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    async with (
        planning.provider() as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        await _many(client, cast, 20, host_id=lambda n: f"WS-TEST-{n}")
    assert len(fake.calls) == 1
    planners = [each["planner"] for each in await planning.decisions(database)]
    assert sorted(planners) == ["cache"] * 19 + ["model"]


async def test_no_connection_of_the_database_waits_for_the_provider(
    address: embedded.Address, cast: Cast
) -> None:
    async with planning.provider() as fake:
        fake.gate = asyncio.Event()
        settings = planning.settings(fake, l2_timeout=12, pool_size=2)
        async with planning.application(address.app_url, settings) as client:
            asking = asyncio.gather(
                *(
                    planning.ask(client, cast.site, raw={"actual": f"drift {number}"})
                    for number in range(8)
                )
            )
            while len(fake.calls) < 8:
                await asyncio.sleep(0.01)
            # All eight wait for the provider; the two connections are free for others.
            await telemetry.send(client, cast.site, telemetry.executions(1))
            await telemetry.items(client, cast.admin, "plans")
            assert parts.of(client).database.pool.get_idle_size() >= 1
            fake.gate.set()
            await asking


async def test_a_plan_that_a_process_left_behind_is_ended_and_stays_paid(
    address: embedded.Address, database: db.Database, cast: Cast, owner: Any
) -> None:
    async with planning.provider() as fake:
        fake.gate = asyncio.Event()
        async with planning.application(address.app_url, planning.settings(fake)) as client:
            asked = asyncio.create_task(planning.ask(client, cast.site, incident_id="drift-1"))
            while not fake.calls:
                await asyncio.sleep(0.01)
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            fake.gate.set()
            (left,) = await planning.decisions(database)
            assert (left["state"], left["calls"]) == ("planning", 1)
            await owner.execute("UPDATE plans SET created_at = now() - interval '2 minutes'")
            await telemetry.turn(client, cast.admin)
            await planning.ask(client, cast.site, incident_id="drift-1")
    ended, anew = await planning.decisions(database)
    assert (ended["reason"], ended["calls"]) == ("interrupted", 1)
    assert ended["cost_micro_usd"] > 0
    assert anew["planner"] == "model"
    assert (await planning.budget(database))[0] == 2
