"""Runbooks and aliases: what operators may send of them, and what they are shown."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from flywheel_server.accounts.views.bodies import Name, NotBlank, OperatorBody, View
from flywheel_server.rules.model import aliases as ids

_UUID = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
_TIME = "2026-02-24T10:00:00Z"
_MOST_ALIAS = 300
Platform = Literal["windows", "linux", "macos", "network"]


def _of_a_runbook(text: str) -> str:
    if ids.no_runbook(text) is not None:
        raise ValueError(
            "has the form of a rule's, a decision's or an escalation's id, never a runbook's"
        )
    return text


class NewRunbook(OperatorBody):
    """A runbook to be registered."""

    runbook_id: Annotated[str, AfterValidator(_of_a_runbook)] = Field(
        description="Its id; not one of a rule, a planner's decision or an escalation.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$",
        examples=["RB-WIN-PRINT-001"],
    )
    name: Name = Field(description="What it does.", examples=["Clear the print queue"])
    platform: Platform = Field(description="Where it runs.", examples=["windows"])
    executable: bool = Field(
        description="Whether appliances can run it; only then can a rule be learnt for it.",
        examples=[True],
    )


class RunbookView(View):
    """A runbook."""

    id: UUID = Field(description="Its id in this server.", examples=[_UUID])
    runbook_id: str = Field(description="Its id.", examples=["RB-WIN-SEC-001"])
    name: str = Field(description="What it does.", examples=["Turn the firewall on"])
    platform: str = Field(description="Where it runs.", examples=["windows"])
    executable: bool = Field(description="Whether appliances can run it.", examples=[True])
    source: str = Field(description="`catalogue` or `operator`.", examples=["catalogue"])
    created_at: dt.datetime = Field(description="When it was added.", examples=[_TIME])


class NewAlias(OperatorBody):
    """Another name of one runbook or one rule."""

    alias: NotBlank = Field(
        description="The id as appliances report it.",
        max_length=_MOST_ALIAS,
        examples=["AUTO-firewall-7"],
    )
    runbook_id: NotBlank | None = Field(
        None,
        description="The runbook it stands for.",
        max_length=_MOST_ALIAS,
        examples=["RB-WIN-SEC-001"],
    )
    rule_id: NotBlank | None = Field(
        None, description="Or the rule.", max_length=_MOST_ALIAS, examples=["L1-FIREWALL-002"]
    )

    @model_validator(mode="after")
    def _one_target(self) -> "NewAlias":
        if (self.runbook_id is None) == (self.rule_id is None):
            raise ValueError("give either `runbook_id` or `rule_id`")
        return self


class AliasView(View):
    """An alias; every runbook is one of itself."""

    alias: str = Field(description="The id as appliances report it.", examples=["x:RB-1"])
    runbook_id: str | None = Field(description="The runbook it stands for.", examples=["RB-1"])
    rule_id: str | None = Field(description="Or the rule.", examples=[None])
    source: str = Field(description="`catalogue` or `operator`.", examples=["operator"])
    created_at: dt.datetime = Field(description="When it was added.", examples=[_TIME])


class AddedAlias(AliasView):
    """A new alias, and what it brought."""

    executions: int = Field(
        description="How many executions were kept under it and count from now.", examples=[12]
    )
