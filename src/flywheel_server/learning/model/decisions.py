"""What approving a candidate would make, and how two people know that they speak of the same rule.

A candidate is decided once: ``eligible`` becomes ``approved`` or ``rejected``. An approval stays; a
rejection that is reopened is what its gates say, ``eligible`` or ``observed``. A rule that a person
or step 5 switched off is never switched on by an approval: its successor, the next generation, has
an id of its own.
"""

import hashlib
from dataclasses import replace
from typing import Literal

from flywheel_server.core import wire_text
from flywheel_server.learning.model.promotions import SiteEvidence
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import NewRule

Tier = Literal["client", "partner", "operator"]
Decision = Literal["approved", "rejected"]
CandidateState = Literal["eligible", "approved", "rejected", "withdrawn"]
DECIDED: frozenset[str] = frozenset({"approved", "rejected"})

# What people read of a state, and search for.
STATES_IN_WORDS = {
    "eligible": "waiting for a decision",
    "approved": "approved",
    "rejected": "rejected",
    "withdrawn": "no candidate any more",
}

MOST_NAME = 200


def state_in_words(name: str) -> str:
    """Return a candidate's state in words."""
    return STATES_IN_WORDS.get(name, name)


def rule_hash(rule: NewRule) -> str:
    """Return the SHA-256, in hex, of the canonical text of a rule as appliances get it."""
    return hashlib.sha256(rules.canonical([rules.wire(rule)])).hexdigest()


def named(rule: NewRule, custom_name: str | None) -> NewRule:
    """Return the rule under a person's name for it, where every agent reads that name alike."""
    if custom_name is None or not _fit_for_the_wire(custom_name):
        return rule
    return replace(rule, name=custom_name.strip())


def evidence_document(evidence: SiteEvidence) -> dict[str, object]:
    """Return the counts on which a decision rests, as they are kept with it."""
    counts = evidence.counts
    return {
        "occurrences": counts.occurrences,
        "successes": counts.successes,
        "verified_successes": counts.verified_successes,
        "failures": counts.failures,
        "not_attempted": counts.not_attempted,
        "claimed_successes": counts.claimed_successes,
        "claimed_failures": counts.claimed_failures,
        "chaos_successes": counts.chaos_successes,
        "chaos_failures": counts.chaos_failures,
        "last_seen_at": evidence.last_seen_at.isoformat(),
    }


def _fit_for_the_wire(name: str) -> bool:
    stripped = name.strip()
    return 1 <= len(stripped) <= MOST_NAME and wire_text.plain(stripped)
