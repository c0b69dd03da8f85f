"""Language models as they are served: a right plan is read in whichever manner it comes.

Endpoints that refuse a member of the question are asked in another form, which is remembered; what
a plan says is checked as before. Broken on purpose: with ``after_refusal`` giving None, and with
``_unwrapped`` giving the text as it is, these fail.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from flywheel_server.core import db, embedded, errors
from flywheel_server.plans.actions.planner_model import Breaker
from flywheel_server.plans.model import model_answers, model_forms, prompts
from tests import planning
from tests.cast import Cast
from tests.planning import KEY, RUNBOOK, Behaves, Behaviour, chosen

PLAN = chosen().content
ARGUMENTS = json.loads(PLAN)


def _body(status: int, body: Any) -> Behaviour:
    return Behaviour(
        status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode()
    )


def _refusing(unfit: Callable[[dict[str, Any]], Behaviour | None]) -> Behaves:
    return lambda asked: unfit(asked) or chosen()


def _schema(asked: dict[str, Any]) -> Behaviour | None:
    if asked.get("response_format", {}).get("type") == "json_schema":
        message = "Invalid parameter: 'response_format' of type 'json_schema' is not supported."
        return _body(400, {"error": {"message": message, "param": "response_format"}})
    return None


def _any_format(asked: dict[str, Any]) -> Behaviour | None:
    if "response_format" in asked:
        return _body(
            422,
            {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "response_format"],
                        "msg": "Extra inputs are not permitted",
                    }
                ]
            },
        )
    return None


def _max_tokens(asked: dict[str, Any]) -> Behaviour | None:
    if "max_tokens" in asked:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead."
        )
        return _body(400, {"error": {"message": message, "param": "max_tokens"}})
    return None


def _temperature(asked: dict[str, Any]) -> Behaviour | None:
    if "temperature" in asked:
        message = "'temperature' does not support 0 with this model. Only the default is."
        return _body(400, {"error": {"message": message}})
    return None


def _all_three(asked: dict[str, Any]) -> Behaviour | None:
    return _schema(asked) or _max_tokens(asked) or _temperature(asked)


def _without_a_word(asked: dict[str, Any]) -> Behaviour | None:
    return _body(400, b"Bad Request") if "response_format" in asked else None


def _as_a_server_error(asked: dict[str, Any]) -> Behaviour | None:
    if "response_format" in asked:
        return _body(500, {"error": "failed to parse grammar of json_schema"})
    return None


def _wrapped(text: str) -> Behaves:
    return lambda _asked: Behaviour(content=text)


def _message(**message: Any) -> Behaves:
    return lambda _asked: Behaviour(message={"role": "assistant"} | message)


def _tool(arguments: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "plan", "arguments": arguments}}


MANNERS: dict[str, Behaves] = {
    "refuses json_schema": _refusing(_schema),
    "refuses every response_format": _refusing(_any_format),
    "wants max_completion_tokens": _refusing(_max_tokens),
    "takes no temperature": _refusing(_temperature),
    "refuses all three, one after the other": _refusing(_all_three),
    "refuses without a word": _refusing(_without_a_word),
    "refuses with a server error": _refusing(_as_a_server_error),
    "in a fence": _wrapped(f"```json\n{PLAN}\n```"),
    "in a fence between sentences": _wrapped(f"Sure!\n```\n{PLAN}\n```\nIs that all {{you}} need?"),
    "after its thoughts": _wrapped(f'<think>\nMaybe {{"runbook_id": null}}?\n</think>\n\n{PLAN}'),
    "after long thoughts, in a fence": _wrapped(
        f"<think>{'Hm. ' * 10_000}</think>```json\n{PLAN}```"
    ),
    "after thoughts that its template began": _wrapped(f"the service is down\n</think>{PLAN}"),
    "after a sentence": _wrapped(f"Here is the plan: {PLAN}"),
    "in parts": _message(
        content=[
            {"type": "thinking", "thinking": "{}"},
            {"type": "text", "text": PLAN[:40]},
            {"type": "text", "text": PLAN[40:]},
        ]
    ),
    "as an object": _message(content=ARGUMENTS),
    "in a tool call": _message(content=None, tool_calls=[_tool(PLAN)]),
    "in a tool call as an object": _message(content="", tool_calls=[_tool(ARGUMENTS)]),
    "in a function call": _message(function_call={"name": "plan", "arguments": PLAN}),
    "as a plain completion": lambda _asked: _body(200, {"choices": [{"text": PLAN}]}),
    "confidence as text": lambda _asked: chosen(confidence="0.91"),
    "confidence as a percentage": lambda _asked: chosen(confidence="91%"),
    "with an error that is null": lambda _asked: _body(
        200, {"error": None, "choices": [{"message": {"content": PLAN}}]}
    ),
}


@pytest.mark.parametrize("name", MANNERS)
async def test_a_right_plan_is_read_in_whichever_manner_it_comes(
    address: embedded.Address, database: db.Database, cast: Cast, name: str
) -> None:
    await planning.agent(database, cast.appliance)
    async with (
        planning.provider(MANNERS[name]) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        told = await planning.ask(client, cast.site)
        first = len(fake.calls)
        again = await planning.ask(client, cast.site, raw={"actual": "other drift"})

    for each in (told, again):
        assert (each["runbook_id"], each["escalate_to_l3"]) == (RUNBOOK, False)
        assert each["confidence"] == 0.91
    # What was refused once is not asked again.
    assert len(fake.calls) == first + 1
    records = await planning.decisions(database)
    assert [each["calls"] for each in records] == [first, 1]
    calls, micro_usd = await planning.budget(database)
    assert calls == first + 1
    assert micro_usd == sum(each["cost_micro_usd"] for each in records)


NOT_READ = {
    "a script in a fence": f"```json\n{chosen(script='Remove-Item C:')}\n```",
    "another id in a fence": "```json\n"
    + json.dumps(ARGUMENTS | {"runbook_id": "powershell -enc AA"})
    + "\n```",
    "two fences": f"```\n{PLAN}\n```\n```\n{PLAN}\n```",
    "two plans": f"{PLAN} or {PLAN}",
    "thoughts without an end": f"<think>{PLAN}",
    "a word for a confidence": PLAN.replace("0.91", '"high"'),
    "a confidence above 100 %": PLAN.replace("0.91", '"101%"'),
    "a number of percent without their sign": PLAN.replace("0.91", '"91"'),
    "a negative one": PLAN.replace("0.91", '"-0.9"'),
    "other digits": PLAN.replace("0.91", '"\u0966.\u096f"'),
}


@pytest.mark.parametrize("name", NOT_READ)
async def test_what_a_plan_says_is_checked_as_before_however_it_is_wrapped(
    address: embedded.Address, database: db.Database, cast: Cast, name: str
) -> None:
    await planning.agent(database, cast.appliance)
    async with (
        planning.provider(_wrapped(NOT_READ[name])) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        told = await planning.ask(client, cast.site)
    assert (told["runbook_id"], told["escalate_to_l3"]) == ("", True)


# ---- 429 and errors within 200


def _then(*answers: Behaviour) -> Behaves:
    given: Iterator[Behaviour] = iter(answers)
    return lambda _asked: next(given)


BUSY = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}


@pytest.mark.parametrize("times", [1, 3])
async def test_429_waits_as_long_as_it_was_told_and_asks_again(
    address: embedded.Address, database: db.Database, cast: Cast, times: int
) -> None:
    await planning.agent(database, cast.appliance)
    told = Behaviour(status=429, body=json.dumps(BUSY).encode(), retry_after="0.2")
    async with (
        planning.provider(_then(*[told] * times, chosen())) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        began = time.monotonic()
        answer = await planning.ask(client, cast.site)
        assert time.monotonic() - began >= 0.2 * times
    assert answer["runbook_id"] == RUNBOOK
    assert len(fake.calls) == times + 1


async def test_a_wait_longer_than_the_time_that_is_left_is_an_escalation_and_holds_for_all(
    address: embedded.Address, database: db.Database, cast: Cast
) -> None:
    told = Behaviour(status=429, body=b"{}", retry_after="3600")
    async with (
        planning.provider(lambda _asked: told) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        began = time.monotonic()
        for number in range(2):
            await planning.ask(client, cast.site, raw={"actual": f"drift {number}"})
        assert time.monotonic() - began < 8
    reasons = [each["reason"] for each in await planning.decisions(database)]
    assert reasons == ["provider_failed", "provider_paused"]
    assert len(fake.calls) == 1


def test_a_provider_is_left_alone_for_an_hour_at_most() -> None:
    breaker = Breaker()
    breaker.hold(0, 10**9)
    assert breaker.wait(0) == 3_600
    assert breaker.wait(3_600) == 0


@pytest.mark.parametrize(
    ("body", "calls"),
    [
        (BUSY, 2),
        ({"error": {"message": "Overloaded", "code": 503}}, 2),
        ({"choices": [{"error": {"message": "upstream failed", "code": 502}}]}, 2),
        ({"error": {"message": "No such model", "code": 404}}, 1),
        ({"error": "quota is used up"}, 1),
    ],
)
async def test_200_with_an_error_is_an_error(
    address: embedded.Address, database: db.Database, cast: Cast, body: Any, calls: int
) -> None:
    async with (
        planning.provider(lambda _asked: _body(200, body)) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        assert (await planning.ask(client, cast.site))["escalate_to_l3"] is True
    (record,) = await planning.decisions(database)
    assert (record["reason"], len(fake.calls)) == ("provider_failed", calls)


# ---- what operators see


async def _alarms(client: httpx.AsyncClient, cast: Cast) -> list[dict[str, Any]]:
    answer = await client.get("/api/admin/alarms", headers=cast.admin.headers)
    return [each for each in answer.json()["items"] if each["kind"] == "planner_failing"]


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        (
            _body(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}),
            "it answered 401: Incorrect API key provided:",
        ),
        (_body(404, {"message": "model small-7b is not found"}), "it answered 404: model small-7b"),
        (_body(200, {"error": {"message": "No credits"}}), "200 with an error: No credits"),
        (Behaviour(cuts=True), "it did not answer"),
        (Behaviour(body=b"<html>"), "its answer is no JSON"),
    ],
)
async def test_a_provider_that_keeps_failing_is_an_alarm_with_its_reason_until_it_answers(
    address: embedded.Address,
    cast: Cast,
    capfd: pytest.CaptureFixture[str],
    failing: Behaviour,
    said: str,
) -> None:
    behaving = [failing]
    async with (
        planning.provider(lambda _asked: behaving[0]) as fake,
        planning.application(address.app_url, planning.settings(fake)) as client,
    ):
        for number in range(2):
            await planning.ask(client, cast.site, raw={"actual": f"drift {number}"})
            assert await _alarms(client, cast) == []
        await planning.ask(client, cast.site, raw={"actual": "drift 3"})
        (alarm,) = await _alarms(client, cast)
        assert said in alarm["refusal"]
        assert KEY not in json.dumps(alarm)
        metrics = (await client.get("/metrics")).text
        assert 'flywheel_service_failures{service="planner"} 3.0' in metrics
        shown = await client.get(
            "/operator/overview", headers=cast.people["operator viewer"].cookie
        )
        assert "The language model fails" in shown.text
        assert KEY not in capfd.readouterr().err

        behaving[0] = chosen()
        async with planning.application(address.app_url, planning.settings(fake)) as other:
            await planning.ask(other, cast.site, raw={"actual": "drift 4"})
        assert await _alarms(client, cast) == []


@pytest.mark.parametrize(
    ("status", "said", "other"),
    [
        (400, "response_format is unknown", model_forms.Form(output="json_object")),
        (
            422,
            "max_tokens; max_completion_tokens",
            model_forms.Form(tokens="max_completion_tokens"),
        ),
        (500, "temperature must be 1", model_forms.Form(temperature="")),
        (400, "what?", model_forms.Form(output="json_object")),
        (500, "what?", None),
        (404, "no such model", None),
        (401, "no temperature for you", None),
        (429, "max_tokens per minute reached", None),
    ],
)
def test_a_refusal_changes_the_members_that_it_names_and_no_others(
    status: int, said: str, other: model_forms.Form | None
) -> None:
    assert model_forms.after_refusal(model_forms.PLAIN, status, said) == other


def test_refusals_without_end_come_to_an_end() -> None:
    form, forms = model_forms.PLAIN, 0
    while (found := model_forms.after_refusal(form, 400, "no")) is not None:
        form, forms = found, forms + 1
    assert forms == 5
    question = prompts.request({}, [], model="m", most_tokens=100)
    assert set(model_forms.dressed(question, form)) == {"model", "messages"}


@pytest.mark.parametrize(
    "hostile",
    [
        "{" * 300_000, "[" * 300_000, "<think>" * 40_000, "```" * 90_000, "</think>" * 40_000,
        '{"a":' * 60_000, "İ" * 300_000,
    ],
)  # fmt: skip
def test_a_hostile_answer_costs_no_time(hostile: str) -> None:
    began = time.process_time()
    with pytest.raises(errors.Malformed):
        prompts.read(hostile)
    model_answers.reason(model_answers.refusal(hostile.encode()))
    assert time.process_time() - began < 2
