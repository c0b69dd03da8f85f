"""Rules that still run though they were switched off, and the files that people removed."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from flywheel_server.accounts.store.accounts import Site
from flywheel_server.accounts.views.bodies import NotBlank, OperatorBody, Reason
from flywheel_server.fleet.model.appliances import Appliance
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.views.alarms import AlarmView
from flywheel_server.web import bodies

_MOST_ID = 300


class StillRunningView(BaseModel):
    """What runs at your sites though it was switched off."""

    items: list[AlarmView] = Field(description="The longest lasting first.")


class RemovalBody(OperatorBody):
    """Where a rule's file was removed."""

    site_id: Annotated[NotBlank, Field(max_length=_MOST_ID)] = Field(
        description="At which site.", examples=["site-lab-01"]
    )
    appliance_id: Annotated[bodies.Text, Field(max_length=_MOST_ID)] | None = Field(
        None,
        description="From which appliance; left out: from all of the site.",
        examples=["site-lab-01-02:00:5E:10:00:01"],
    )
    reason: Reason = Field(
        description="What was done, for the audit.", examples=["Deleted it, restarted the agent."]
    )


class RemovalView(BaseModel):
    """That the file was marked as removed."""

    rule_id: str = Field(description="Which rule.", examples=["L1-disk-RB-1"])
    site_id: str = Field(description="Where.", examples=["site-lab-01"])
    appliance_ids: list[str] = Field(
        description="From which appliances.", examples=[["site-lab-01-02:00:5E:10:00:01"]]
    )
    note: str = Field(
        default="The alarm is over. It comes back if the rule runs once more.",
        description="What this means.",
    )


def removal(rule: Rule, site: Site, found: Sequence[Appliance]) -> RemovalView:
    """Return that a rule's file was marked as removed from these appliances of a site."""
    return RemovalView(
        rule_id=rule.rule_id,
        site_id=site.slug,
        appliance_ids=[each.wire_id for each in found],
    )
