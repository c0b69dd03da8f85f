"""How a rule does, as people see it: counts and evidence, never a bare rate."""

import datetime as dt

from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.policy.model import Policy
from flywheel_server.rules.actions.rule_health import WARNING_SHARE
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store.rule_health import Health

_TIME = "2026-02-24T10:00:00Z"


class HealthView(View):
    """How near a rule is to being withdrawn."""

    value: float = Field(
        description="The evidence that it heals less often than the policy's bar.", examples=[41.5]
    )
    limit: float = Field(description="At which value it is withdrawn.", examples=[1000])
    nearness: float = Field(
        description="The value as a share of the limit, 0 to 1.", examples=[0.0415]
    )
    warning: bool = Field(
        description="Whether a tenth of the limit is reached: look at its figures.",
        examples=[False],
    )
    successes_since: int = Field(description="Attempts that healed since then.", examples=[18])
    attempts_since: int = Field(
        description="Attempts counted since its promotion or last enabling.", examples=[20]
    )
    restarted_at: dt.datetime = Field(
        description="Its promotion or last enabling by a person: what began before counts for "
        "nothing.",
        examples=[_TIME],
    )


def health(rule: Rule, found: Health | None, policy: Policy) -> HealthView | None:
    """Return how a rule does; None for one that is not watched."""
    if rule.source not in {"promoted", "platform"}:
        return None
    value = 0.0 if found is None else found.value
    limit = policy.withdrawal_evidence
    return HealthView(
        value=value,
        limit=limit,
        nearness=min(1.0, value / limit),
        warning=value >= limit * WARNING_SHARE,
        successes_since=0 if found is None else found.successes,
        attempts_since=0 if found is None else found.attempts,
        restarted_at=rule.created_at if found is None else found.restarted_at,
    )
