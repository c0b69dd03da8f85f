"""Versions of the learning policy, and what changes it."""

import datetime as dt
from typing import Any

from pydantic import ConfigDict, Field

from flywheel_server.accounts.views.bodies import OperatorBody, Reason, View
from flywheel_server.policy import model as policy, store as policies
from flywheel_server.web import bodies, keysets as pages

_VALUES = policy.as_values(policy.Policy())
_WHY = "Nine organizations now: ask for more agreement."


class PolicyChange(OperatorBody):
    """The values to change, beside `reason` or within `values`; all others stay as they are."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    reason: Reason = Field(description="Why, for the history.", examples=[_WHY])
    values: bodies.JsonObject = Field(
        default={},
        description="The values to change, by name; they may as well stand beside `reason`.",
        examples=[{"platform_min_organizations": 6}],
    )

    @property
    def changes(self) -> dict[str, Any]:
        """Return the values to change, wherever they stand."""
        return (self.model_extra or {}) | self.values


class PolicyVersionView(View):
    """One version of the policy."""

    version: int = Field(description="Its number, from 1 upwards.", examples=[2])
    values: dict[str, Any] = Field(description="Every threshold, by name.", examples=[_VALUES])
    reason: str = Field(description="Why it was put in force.", examples=[_WHY])
    changed_by: str = Field(description="Who put it in force.", examples=["ops@example.com"])
    changed_at: dt.datetime = Field(description="When.", examples=["2026-02-24T10:00:00Z"])


class PolicyView(PolicyVersionView):
    """The policy in force, and what it was."""

    history: pages.Listing[PolicyVersionView] = Field(
        description="Every version, newest first, the one in force included."
    )


def view(version: policies.Version) -> PolicyVersionView:
    """Return a version as operators see it."""
    return PolicyVersionView(
        version=version.version,
        values=dict(policy.as_values(version.policy)),
        reason=version.reason,
        changed_by=version.changed_by,
        changed_at=version.changed_at,
    )
