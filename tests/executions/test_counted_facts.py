"""What a fact counts as: said once in the database, and here once more by itself."""

import itertools
from typing import Any

from tests.cast import Cast

_COUNTS = (
    "successes", "verified_successes", "failures", "not_attempted", "chaos_successes",
    "chaos_failures", "claimed_successes", "claimed_failures",
)  # fmt: skip
# By outcome, and whether a chaos campaign caused it; what is verified counts twice.
_COUNTED = {
    ("success", False): {"successes"},
    ("success", True): {"chaos_successes"},
    ("failure", False): {"failures"},
    ("failure", True): {"chaos_failures"},
    ("not_attempted", False): {"not_attempted"},
    ("not_attempted", True): {"not_attempted"},
    ("claimed_success", False): {"claimed_successes"},
    ("claimed_success", True): {"claimed_successes"},
    ("claimed_failure", False): {"claimed_failures"},
    ("claimed_failure", True): {"claimed_failures"},
}
_FACT = """
INSERT INTO executions (
    site_id, execution_id, weight, received_at, evidence_at, occurred_at, level, incident_id,
    incident_type, hostname, reported_id, outcome, verified, chaos_campaign_id
)
SELECT
    s.id, $1, $2, now(), now(), now(), 'L2', '', 'type', 'host', 'RB', $3, $4, $5
FROM sites s
LIMIT 1
"""


async def test_each_fact_counts_as_what_it_is_and_as_nothing_else(owner: Any, cast: Cast) -> None:
    """Broken by counting what is verified whatever it came to, and by chaos among the successes."""
    assert cast
    facts = list(itertools.product(_COUNTED.items(), (True, False, None), (1, -1)))
    for number, (((outcome, chaos), _), verified, weight) in enumerate(facts):
        await owner.execute(
            _FACT, f"counted-{number}", weight, outcome, verified, "drill" if chaos else None
        )
    rows = await owner.fetch("SELECT * FROM counted_facts WHERE execution_id LIKE 'counted-%'")
    by_id = {row["execution_id"]: row for row in rows}

    assert len(by_id) == len(facts)
    for number, (((outcome, chaos), counts), verified, weight) in enumerate(facts):
        row = by_id[f"counted-{number}"]
        wanted = counts | (
            {"verified_successes"} if verified and counts == {"successes"} else set()
        )
        assert {name: row[name] for name in _COUNTS} == {
            name: weight if name in wanted else 0 for name in _COUNTS
        }, (outcome, chaos, verified)
        assert row["chaos"] is chaos
        assert row["known"] is not outcome.startswith("claimed")
