"""F61: an execution is never rejected for its free text, and costs its neighbours nothing."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flywheel_server.core import db, free_text
from tests import telemetry
from tests.cast import Cast

ONE = "/api/agent/executions"
BATCH = "/api/agent/executions/batch"
LONG = 64 * 1024
NAN = float("nan")

# What is sent, and what is kept of it.
DIRTY: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"error_message": "a\x00b"}, {"error_message": "a\ufffdb"}),
    ({"error_message": "\ud800 x"}, {"error_message": "\ufffd x"}),
    ({"error_message": {"code": 5}}, {"error_message": '{"code": 5}'}),
    ({"reasoning": "\udfff"}, {"reasoning": "\ufffd"}),
    ({"reasoning": 7}, {"reasoning": "7"}),
    ({"error_category": "c" * 300}, {"error_category": "c" * 194 + free_text.MARK}),
    ({"platform": "p\x00"}, {"platform": "p\ufffd"}),
    ({"duration_seconds": NAN}, {"duration_seconds": None}),
    ({"duration_seconds": -1}, {"duration_seconds": None}),
    ({"duration_seconds": float("inf")}, {"duration_seconds": None}),
    ({"confidence": NAN}, {"confidence": None}),
    ({"cost_usd": 1e300}, {"cost_usd": None}),
    ({"input_tokens": 2**70}, {"input_tokens": None}),
    ({"output_tokens": 3.0}, {"output_tokens": 3}),
    ({"started_at": "yesterday"}, {"error_message": None}),
    ({"a_field_of_tomorrow": [NAN, "\ud800"]}, {"error_message": None}),
    ({"error": "\x00"}, {"error_message": "\ufffd"}),
]
VALUES: list[tuple[Any, Any]] = [
    ({"nul": "a\x00b"}, {"nul": "a\ufffdb"}),
    ({"load": NAN, "\ud800": [float("-inf")]}, {"load": None, "\ufffd": [None]}),
    ([1, [NAN, "x"]], [1, [None, "x"]]),
    ("\udfff", "\ufffd"),
]


async def _post(client: httpx.AsyncClient, cast: Cast, path: str, body: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(path, content=content, headers=cast.site.headers)


async def _among_others(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, fields: dict[str, Any]
) -> dict[str, Any]:
    """Send an execution between two sound ones, then again alone; return the one fact kept."""
    sound = telemetry.execution(state_before={"x": 1, "y": "é"})
    dirty = telemetry.execution() | fields
    answer = (await _post(client, cast, BATCH, {"executions": [sound, dirty, sound]})).json()
    assert [item["verdict"] for item in answer["results"]] == ["accepted", "accepted", "repeated"]
    again = (await _post(client, cast, BATCH, {"executions": [dirty]})).json()
    assert again["repeated"] == 1
    assert (await _post(client, cast, ONE, {"execution": dirty})).status_code == 200
    assert (await _post(client, cast, ONE, dirty)).status_code == 200
    # Also a sound one is the same whether it came beside a dirty one or not.
    assert (await _post(client, cast, BATCH, {"executions": [sound]})).json()["repeated"] == 1
    facts = await telemetry.facts(database)
    assert len(facts) == 2
    return next(fact for fact in facts if fact["execution_id"] == dirty["execution_id"])


@pytest.mark.parametrize(("fields", "kept"), DIRTY, ids=lambda value: str(value)[:40])
async def test_free_text_and_numbers_are_cleaned(
    client: httpx.AsyncClient,
    cast: Cast,
    database: db.Database,
    fields: dict[str, Any],
    kept: dict[str, Any],
) -> None:
    fact = await _among_others(client, cast, database, fields)
    assert {name: fact[name] for name in kept} == kept


@pytest.mark.parametrize(("sent", "kept"), VALUES, ids=lambda value: str(value)[:40])
async def test_json_values_are_cleaned_in_all_their_parts(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, sent: Any, kept: Any
) -> None:
    names = ("state_before", "state_after", "state_diff", "executed_steps")
    fact = await _among_others(client, cast, database, dict.fromkeys(names, sent))
    assert fact["detail"] == dict.fromkeys(names, kept)


@pytest.mark.parametrize("name", ["error_message", "reasoning"])
@pytest.mark.parametrize("sign", ["x", "é", "\x00"])
async def test_a_text_too_long_is_cut_with_a_mark(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, name: str, sign: str
) -> None:
    fact = await _among_others(client, cast, database, {name: sign * (LONG + 1)})
    assert fact[name].endswith(free_text.MARK)
    assert len(fact[name].encode()) <= LONG


@pytest.mark.parametrize(
    "value",
    [{"deep": "x" * LONG}, ["y" * 1_000] * 100, json.loads("[" * 300 + "]" * 300)],
    ids=["long text", "many", "deep"],
)
async def test_a_state_too_large_or_deep_keeps_its_beginning(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, value: Any
) -> None:
    fact = await _among_others(client, cast, database, {"state_before": value})
    assert len(json.dumps(fact["detail"])) <= LONG + 100
    assert fact["detail"]["state_before"]


async def test_one_nested_beyond_every_decoder_costs_only_its_own_state(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    sound, deep = telemetry.execution(), telemetry.execution(state_after="DEEP")
    text = json.dumps({"executions": [sound, deep]})
    body = text.replace('"DEEP"', "[" * 50_000 + "]" * 50_000).encode()

    answer = (await _post(client, cast, BATCH, body)).json()

    assert answer["accepted"] == 2
    kept = [fact["detail"] or {} for fact in await telemetry.facts(database)]
    assert any("state_after" in detail for detail in kept)


def _damaged(text: str) -> bytes:
    return text.encode().replace(b"broken", b"bro\xffken\xc3")


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
    "bom": lambda text: text.encode("utf-8-sig"),
    "not utf-8": _damaged,
    "control characters": lambda text: text.replace("broken", "bro\nken\x01").encode(),
}


@pytest.mark.parametrize("name", ENCODINGS)
async def test_a_body_in_another_encoding_is_the_same_execution(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, name: str
) -> None:
    """Broken on purpose by encoding the items of such a batch again with other separators."""
    item = telemetry.execution(error_message="broken", state_before={"a": "é"})
    encode = ENCODINGS[name]
    wrapped = encode(json.dumps({"site_id": cast.site.slug, "execution": item}))
    assert (await _post(client, cast, ONE, wrapped)).status_code == 200
    answer = (await _post(client, cast, BATCH, encode(json.dumps({"executions": [item]})))).json()
    assert answer["repeated"] == 1
    assert len(await telemetry.facts(database)) == 1


@pytest.mark.parametrize(
    "fields",
    [{"hostname": "\ud800"}, {"execution_id": "a\x00"}, {"runbook_id": "\udfff"},
     {"incident_type": "\ud800"}, {"chaos_campaign_id": "\x00"}, {"success": None}],
    ids=str,
)  # fmt: skip
async def test_keys_stay_strict_and_cost_no_neighbour(
    client: httpx.AsyncClient, cast: Cast, database: db.Database, fields: dict[str, Any]
) -> None:
    bad = telemetry.execution(reasoning=NAN) | fields
    body = {"executions": [telemetry.execution(), bad, telemetry.execution()]}
    answer = (await _post(client, cast, BATCH, body)).json()
    assert (answer["accepted"], answer["refused"]) == (2, 1)
    alone = await _post(client, cast, ONE, {"execution": bad})
    assert alone.status_code == 422
    assert next(iter(fields)) in alone.json()["detail"]
    assert len(await telemetry.facts(database)) == 2
