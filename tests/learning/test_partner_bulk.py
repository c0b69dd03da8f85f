"""Deciding on many candidates at once: each as if alone, all or nothing for none of the others."""

from typing import Any

import httpx

from flywheel_server.core import db
from tests import candidates
from tests.cast import Cast

BULK = "/api/partners/me/learning/candidates"


async def post(
    http: httpx.AsyncClient, cast: Cast, path: str, body: Any, key: str | None = None
) -> httpx.Response:
    headers = cast.partners[0].credential.headers | ({"Idempotency-Key": key} if key else {})
    return await http.post(f"{BULK}/{path}", json=body, headers=headers)


def verdicts(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["verdict"] for each in answer.json()["results"]]


async def entries(database: db.Database) -> list[str]:
    found = await candidates.rows(
        database,
        "SELECT action FROM audit_entries WHERE action LIKE 'candidate%' ORDER BY id",
    )
    return [row["action"] for row in found]


async def test_each_gets_its_verdict(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    ids = [await candidates.make_candidate(database, cast.site, f"WS-{n}") for n in range(4)]
    foreign = await candidates.make_candidate(database, cast.foreign_site)
    await post(client, cast, f"{ids[0]}/reject", {"reason": "Not here."})
    async with db.transaction(database, candidates.operator()) as connection:
        await connection.execute("UPDATE patterns SET failures = 9 WHERE id = $1", ids[1])

    answer = await post(
        client,
        cast,
        "bulk-approve",
        {"pattern_ids": [*ids, foreign, "unknown", ids[2]], "notes": "All fine."},
    )

    assert verdicts(answer) == [
        "conflict",
        "skipped",
        "approved",
        "approved",
        "not_found",
        "not_found",
        "skipped",
    ]
    results = answer.json()["results"]
    assert "API key" in results[0]["reason"]
    assert "success_rate" in results[1]["reason"]
    assert results[2]["rule_id"] == results[3]["rule_id"] is not None
    assert answer.json()["counts"]["approved"] == 2
    states = await candidates.rows(database, "SELECT state FROM patterns ORDER BY state")
    assert [row["state"] for row in states] == [
        "approved",
        "approved",
        "eligible",
        "eligible",
        "rejected",
    ]
    assert await entries(database) == [
        "candidate.reject",
        "candidate.approve",
        "candidate.approve",
        "candidates.bulk-approve",
    ]


async def test_item_51_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    ids = [await candidates.make_candidate(database, cast.site, f"WS-{n}") for n in range(51)]

    for path, more in (("bulk-approve", {}), ("bulk-reject", {"reason": "Not here."})):
        answer = await post(client, cast, path, {"pattern_ids": ids} | more)
        assert answer.status_code == 422
    assert (await post(client, cast, "bulk-approve", {"pattern_ids": []})).status_code == 422

    assert await candidates.rows(database, "SELECT 1 FROM patterns WHERE state <> 'eligible'") == []
    answer = await post(client, cast, "bulk-approve", {"pattern_ids": ids[:50]})
    assert verdicts(answer) == ["approved"] * 50


async def test_bulk_rejection_needs_a_reason_and_rejects(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    pattern_id = await candidates.make_candidate(database, cast.site)

    without = await post(client, cast, "bulk-reject", {"pattern_ids": [pattern_id]})
    answer = await post(
        client, cast, "bulk-reject", {"pattern_ids": [pattern_id], "reason": "Not here."}
    )

    assert without.status_code == 422
    assert verdicts(answer) == ["rejected"]
    (record,) = await candidates.rows(database, "SELECT decision, notes FROM promotions")
    assert record == {"decision": "rejected", "notes": "Not here."}


async def test_a_dry_run_says_the_same_and_changes_nothing(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    ids = [await candidates.make_candidate(database, cast.site, f"WS-{n}") for n in range(2)]
    before = await entries(database)

    foreseen = await post(
        client, cast, "bulk-approve", {"pattern_ids": [*ids, "x"], "dry_run": True}, key="one"
    )

    assert foreseen.json()["dry_run"] is True
    assert await candidates.rows(database, "SELECT id FROM promotions") == []
    assert await entries(database) == before
    done = await post(client, cast, "bulk-approve", {"pattern_ids": [*ids, "x"]}, key="one")
    assert verdicts(foreseen) == verdicts(done) == ["approved", "approved", "not_found"]


async def test_a_request_sent_again_repeats_its_answer(
    client: httpx.AsyncClient, database: db.Database, cast: Cast
) -> None:
    ids = [await candidates.make_candidate(database, cast.site, f"WS-{n}") for n in range(2)]
    body = {"pattern_ids": ids, "notes": "Fine."}

    first = await post(client, cast, "bulk-approve", body, key="monday")
    again = await post(client, cast, "bulk-approve", body, key="monday")
    other = await post(client, cast, "bulk-approve", {"pattern_ids": ids[:1]}, key="monday")

    assert first.json()["results"] == again.json()["results"]
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    assert other.status_code == 409
    assert len(await candidates.rows(database, "SELECT id FROM promotions")) == 2
    theirs = await client.post(
        f"{BULK}/bulk-approve",
        json=body,
        headers=cast.partners[1].credential.headers | {"Idempotency-Key": "monday"},
    )
    assert verdicts(theirs) == ["not_found", "not_found"]


async def test_an_answer_is_kept_for_as_long_as_documented_and_no_longer(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    owner: db.Connection,
) -> None:
    """Broken by taking ``forget_answers`` out of ``loop/housekeeping.py``."""
    body = {"pattern_ids": [await candidates.make_candidate(database, cast.site)]}
    for key in ("old", "recent"):
        await post(client, cast, "bulk-approve", body, key=key)
    for key, days in (("old", 31), ("recent", 29)):
        await owner.execute(
            "UPDATE idempotency_keys SET created_at = now() - $2 * interval '1 day' WHERE key = $1",
            key,
            days,
        )

    turn = await client.post("/api/admin/flywheel/run", headers=cast.admin.headers)

    assert turn.status_code == 200
    kept = await candidates.rows(database, "SELECT key FROM idempotency_keys")
    assert [row["key"] for row in kept] == ["recent"]
    again = await post(client, cast, "bulk-approve", body, key="old")
    assert again.json()["repeated"] is False
    described = (await client.get("/openapi.json", headers=cast.admin.headers)).text
    assert "changes nothing, for 30 days." in described
