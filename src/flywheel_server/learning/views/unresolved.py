"""Ids that resolve to no rule and no runbook, and errors that no table knows."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from flywheel_server.accounts.views.bodies import OperatorBody, Reason, View
from flywheel_server.learning.model import unresolved as domain
from flywheel_server.web import bodies

_MOST_ID = 300
# Of how many days unclassified errors are listed, and how many.
WITHIN_DAYS = 30
MOST_UNCLASSIFIED = 100


class SetAsideView(View):
    """Why an id is no alarm, and when it will be one again."""

    reason: str = Field(description="Why, in the operator's words.", examples=["Names no runbook."])
    by: str = Field(description="Who set it aside.", examples=["admin@example.com"])
    at: dt.datetime = Field(description="When, UTC.", examples=["2026-02-24T10:00:00Z"])
    executions: int = Field(description="How many executions it had by then.", examples=[42])
    comes_back_at: int = Field(
        description="With so many executions it counts as unresolved again.", examples=[52]
    )
    over: bool = Field(description="True: it has grown to that, and counts.", examples=[False])


class UnresolvedView(View):
    """An id that appliances reported and that resolves to no rule and no runbook."""

    reported_id: str = Field(description="As reported.", examples=["RB-NEW-001"])
    level: str = Field(description="L1 or L2.", examples=["L2"])
    executions: int = Field(description="How many executions teach nothing.", examples=[42])
    sites: int = Field(description="From how many sites.", examples=[3])
    incident_types: list[str] = Field(description="Up to ten of their incident types.")
    last_seen_at: dt.datetime = Field(description="Last occurrence, UTC.")
    set_aside: SetAsideView | None = Field(
        description="That an operator set it aside; null: nobody has."
    )


class UnresolvedId(OperatorBody):
    """Which id, as it was reported at which level."""

    reported_id: Annotated[bodies.Text, Field(max_length=_MOST_ID)] = Field(
        description="As reported.", examples=["L2-run_windows_runbook"]
    )
    level: Literal["L1", "L2"] = Field(description="At which level.", examples=["L2"])


class SetAsideBody(UnresolvedId):
    """Why an id can mean nothing."""

    reason: Reason = Field(
        description="Why, kept with it and in the audit.", examples=["It names no runbook."]
    )


def view(row: domain.Unresolved) -> UnresolvedView:
    """Return an id as operators see it."""
    aside = row.set_aside
    return UnresolvedView(
        reported_id=row.reported_id,
        level=row.level,
        executions=row.executions,
        sites=row.sites,
        incident_types=row.incident_types,
        last_seen_at=row.last_seen_at,
        set_aside=aside
        and SetAsideView(
            reason=aside.reason,
            by=aside.by,
            at=aside.at,
            executions=aside.executions,
            comes_back_at=aside.comes_back_at,
            over=row.executions >= aside.comes_back_at,
        ),
    )


class UnclassifiedView(View):
    """An error that no table knows, before a runbook could have run."""

    message: str = Field(
        description="The error's first 300 characters.", examples=["create shell: no more slots"]
    )
    executions: int = Field(description="How many executions had it.", examples=[12])
    sites: int = Field(description="From how many sites.", examples=[2])
    last_received_at: dt.datetime = Field(description="When it last came in, UTC.")
    reported_id: str = Field(description="What the newest reported.", examples=["L1-FW-002"])
    level: str = Field(description="At which level.", examples=["L1"])


class UnclassifiedList(View):
    """The most frequent of them."""

    items: list[UnclassifiedView] = Field(
        description=f"Of the last {WITHIN_DAYS} days, at most {MOST_UNCLASSIFIED}, the most "
        "frequent first."
    )
