"""Events: what the outside may be told of. A kind never changes its meaning; new ones are added."""

from typing import Literal, get_args

Kind = Literal[
    "candidate.eligible",
    "candidate.endorsed",
    "candidate.approved",
    "candidate.rejected",
    "rule.promoted",
    "rule.withdrawn",
    "rule.quarantined",
    "rule.declined",
    "rule.returned",
    "rule.evidence_gone",
    "delivery.stuck",
    "rule.remains",
    "plan.waiting",
    "loop.silent",
    "webhook.gone",
]
# They concern no tenant: only operators' endpoints are told.
OF_THE_PLATFORM: frozenset[Kind] = frozenset({"loop.silent"})
KINDS: tuple[Kind, ...] = get_args(Kind)
TEST = "webhook.test"
