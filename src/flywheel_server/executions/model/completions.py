"""What an agent's completion of an order means, as data with an example each.

``success: true`` alone proves nothing: some versions acknowledge what they do not carry out, some
put the error into the result, and a daemon that is offered an order again says so as a failure.
"""

import re
from collections.abc import Iterator
from typing import Any

from flywheel_server.core import agents, free_text
from flywheel_server.core.agents import Word
from flywheel_server.executions.model import executions
from flywheel_server.orders.model.outcomes import Meaning, Outcome, Said

# The order was received and carried out before: a refusal to do so twice, with an example of each.
REPLAYS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), example)
    for pattern, example in (
        (r"\bnonce[ _](?:replay|reuse)", "nonce replay detected"),
        (r"\breplay(?:ed)?[ _](?:detected|nonce|order)", "order rejected: replay detected"),
        (r"\bnonce (?:was |has been )?already (?:been )?(?:used|seen)", "nonce already used"),
        (r"\bduplicate (?:order|nonce)\b", "duplicate order 9f1c5f0e"),
        (
            r"\balready[ _](?:been )?(?:executed|processed|carried out|completed|handled)\b",
            "order 9f1c5f0e already executed",
        ),
    )
)
# These say that something else was done before, not this order.
_NOT_REPLAYS = re.compile(r"cool-?down|rate[ -]limit|recently", re.IGNORECASE)
_MOST_SAID = 1_000

# Statuses of a result that say that the work failed.
FAILED_STATUSES = frozenset({"error", "failed", "failure", "fail", "rejected", "refused"})
# Statuses that say that the order was taken, and nothing of what came of it.
ACKNOWLEDGING_STATUSES = frozenset(
    {
        "healing_triggered",
        "triggered",
        "queued",
        "scheduled",
        "accepted",
        "received",
        "acknowledged",
        "started",
    }
)
# Members of a result that say by false that it failed, and by something that there was an error.
_FLAGS = ("success", "ok", "healed", "executed")
_ERRORS = ("error", "error_message")
# Of other orders than healing this lists what was found.
_HEALING_ERRORS = (*_ERRORS, "errors")
# Texts that encoders make of no error at all.
_NO_ERRORS = frozenset({"", "none", "null", "nil", "<nil>"})
_MOST_ERROR_BYTES = 8 * 1024
# Members under which agents wrap a result once more.
_WRAPPERS = ("result", "response", "output", "data", "healing")
_DEEPEST = 8
# What a post-check of the agent itself said.
_CHECKS = ("verification_passed", "verified")


def read(said: Said, *, healing: bool, agent_version: str) -> Meaning:
    """Return what a completion means, given by this version of an agent."""
    results = list(_layers(said.result))
    names = _HEALING_ERRORS if healing else _ERRORS
    error = _text(said.error_message) or _error(results, names)
    if any(map(_replay, (said.error_message, error, *map(_status, results)))):
        return Meaning(outcome="unknown", standing="claimed", verified=None, error=error)
    word = _word(results, healing=healing, agent_version=agent_version)
    verified = _verified(results) if healing and word == "observed" else None
    failed = not said.success or error is not None or any(map(_failed, results))
    if failed or verified is False:
        outcome: Outcome = "not_attempted" if healing and _not_attempted(error) else "failure"
    else:
        outcome = "success"
    return Meaning(
        outcome=outcome,
        standing=word if verified is None else "verified",
        verified=verified,
        error=error or next(filter(None, map(_status, results)), None) if failed else None,
    )


def _layers(result: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Give a result and what it wraps, the outermost first."""
    waiting = [] if result is None else [(0, result)]
    while waiting:
        depth, layer = waiting.pop()
        yield layer
        inner = [layer[name] for name in _WRAPPERS if isinstance(layer.get(name), dict)]
        waiting += [(depth + 1, each) for each in inner if depth < _DEEPEST]


def _error(results: list[dict[str, Any]], names: tuple[str, ...]) -> str | None:
    """Return the first error that a result holds."""
    held = (_text(result.get(name)) for result in results for name in names)
    return next(filter(None, held), None)


def _text(error: object) -> str | None:
    """Return an error as a bounded text; None for null, false, zero and words for nothing."""
    text = free_text.from_any(error) if error else ""
    if text.strip().lower() in _NO_ERRORS:
        return None
    return free_text.clean(text, _MOST_ERROR_BYTES)


def _status(result: dict[str, Any]) -> str | None:
    found = result.get("status")
    return found if isinstance(found, str) else None


def _failed(result: dict[str, Any]) -> bool:
    if any(result.get(name) is False for name in _FLAGS):
        return True
    return (_status(result) or "").strip().lower() in FAILED_STATUSES


def _replay(text: str | None) -> bool:
    """Say whether a text refuses to carry an order out a second time."""
    said = (text or "")[:_MOST_SAID]
    if _NOT_REPLAYS.search(said):
        return False
    return any(pattern.search(said) for pattern, _ in REPLAYS)


def _word(results: list[dict[str, Any]], *, healing: bool, agent_version: str) -> Word:
    """Return what the agent can know of what it says."""
    statuses = {(_status(result) or "").strip().lower() for result in results}
    if healing and statuses & ACKNOWLEDGING_STATUSES:
        return "claimed"
    return agents.of(agent_version).words["healing_order"] if healing else "observed"


def _verified(results: list[dict[str, Any]]) -> bool | None:
    for result in results:
        for name in _CHECKS:
            if isinstance(result.get(name), bool):
                return bool(result[name])
    return None


def _not_attempted(error: str | None) -> bool:
    """Say whether an error came before the runbook could run, by the tables of executions."""
    outcome = executions.outcome(
        success=False,
        verified=None,
        level="L2",
        incident_type="",
        reported_id="",
        action=None,
        error_category=None,
        error_message=error,
    )
    return outcome == "not_attempted"
