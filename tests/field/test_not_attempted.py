"""F58: what never ran is no failure, by a table of words; unknown words fail safe and are shown."""

import time
from typing import Any

import httpx
import pytest

from flywheel_server.core import db
from flywheel_server.executions.model import unattempted
from tests import telemetry
from tests.cast import Cast


@pytest.mark.parametrize("words", unattempted.NEVER_RAN, ids=lambda words: words.parts[0])
def test_each_example_is_known_to_mean_that_nothing_ran(words: unattempted.Words) -> None:
    """Each by its own words: with those left out, the rest of its example does not hold."""
    assert unattempted.known(None, words.example)
    assert unattempted.known("script_error", words.example.upper())
    text = words.example.lower()
    assert all(part in text for part in words.parts)
    assert words.parts == tuple(part.lower() for part in words.parts)


@pytest.mark.parametrize("words", unattempted.CONNECTING_FAILED, ids=lambda words: words.parts[0])
def test_a_timeout_counts_only_while_connecting(words: unattempted.Words) -> None:
    assert unattempted.known(None, words.example)
    assert not unattempted.known(None, f"runbook: {words.parts[0]} after 300 s")


_UNKNOWN = [words for words in unattempted.CONNECTING if "handshake" not in words.parts[0]]


@pytest.mark.parametrize("words", _UNKNOWN, ids=lambda words: words.parts[0])
def test_words_that_are_not_known_count_as_not_attempted_while_connecting(
    words: unattempted.Words,
) -> None:
    text = f"{words.parts[0]}: flux capacitor is cold"
    assert not unattempted.known(None, text)
    for stepped in (False, True):
        assert (
            unattempted.unclassified(
                error_category=None, error_message=text, duration_seconds=2.5, stepped=stepped
            )
            is not stepped
        )


@pytest.mark.parametrize("words", unattempted.RAN, ids=lambda words: words.parts[0])
def test_what_a_script_said_stays_a_failure(words: unattempted.Words) -> None:
    text = f"connect: {words.example}"
    assert not unattempted.known(None, text)
    assert not unattempted.unclassified(
        error_category=None, error_message=text, duration_seconds=0, stepped=False
    )


FAILED = {"success": False, "resolution_level": "L1", "runbook_id": "L1-FW-002"}


@pytest.mark.parametrize(
    ("fields", "outcome", "category"),
    [
        ({"error_message": "flux capacitor is cold", "duration_seconds": 0}, "not_attempted", True),
        ({"error_message": "connect: cold", "duration_seconds": 30}, "not_attempted", True),
        ({"error_message": "flux capacitor is cold", "duration_seconds": 3}, "failure", False),
        ({"error_message": "flux capacitor is cold"}, "failure", False),
        ({"error_message": "flux", "error_category": "timeout"}, "failure", False),
        (
            {"error_message": "it broke", "error_category": "script_error", "duration_seconds": 0},
            "failure",
            False,
        ),
        (
            {"error_message": "it broke", "duration_seconds": 0, "executed_steps": [{"n": 1}]},
            "failure",
            False,
        ),
        (
            {"error_message": "it broke", "duration_seconds": 0, "verification_passed": False},
            "failure",
            False,
        ),
        ({"duration_seconds": 0}, "failure", False),
        (
            {"error_message": "odd", "duration_seconds": 0, "success": True},
            "success",
            False,
        ),
        ({"error_message": "dial tcp 192.0.2.7:22: i/o timeout"}, "not_attempted", False),
        (
            {
                "error_message": "context cancelled: context canceled",
                "error_category": "script_error",
            },
            "not_attempted",
            False,
        ),
    ],
    ids=str,
)
async def test_the_outcome_fails_safe(
    client: httpx.AsyncClient,
    database: db.Database,
    cast: Cast,
    fields: dict[str, Any],
    outcome: str,
    category: bool,
) -> None:
    await telemetry.send(client, cast.site, [telemetry.execution(**FAILED | fields)])
    (fact,) = await telemetry.facts(database)
    assert fact["outcome"] == outcome
    assert (fact["error_category"] == "unclassified") == category


def test_hostile_text_costs_no_more_than_its_length() -> None:
    """Today's expression took 47 s for one such text."""
    words = [part for table in (unattempted.NEVER_RAN, unattempted.CONNECTING) for w in table
             for part in w.parts]  # fmt: skip
    began = time.process_time()
    for word in [*words, "is not a known "]:
        assert unattempted.known(None, word * (65_536 // len(word))) in {True, False}
    assert time.process_time() - began < 5


async def test_unknown_words_are_listed_for_operators(
    client: httpx.AsyncClient, cast: Cast
) -> None:
    odd = FAILED | {"error_message": "flux capacitor is cold", "duration_seconds": 0}
    await telemetry.send(client, cast.site, [telemetry.execution(**odd) for _ in range(3)])
    await telemetry.send(client, cast.neighbour, [telemetry.execution(**odd)])
    await telemetry.send(
        client, cast.site, [telemetry.execution(**FAILED, error_message="exit code 1")]
    )
    (found,) = await telemetry.items(client, cast.admin, "unclassified-errors")
    assert found["message"] == "flux capacitor is cold"
    assert (found["executions"], found["sites"], found["level"]) == (4, 2, "L1")
    page = await client.get("/operator/unresolved", headers=cast.session("operator admin"))
    assert page.status_code == 200
    assert "flux capacitor is cold" in page.text
