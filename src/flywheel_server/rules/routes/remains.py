"""Rules that still run though they were switched off: shown to whom they concern, and their end.

A person deletes the file on the appliance and says so here; the alarm comes back if the rule runs
once more.
"""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from flywheel_server.accounts.store import accounts
from flywheel_server.accounts.views.bodies import NotBlank, OperatorBody, Reason
from flywheel_server.core import clock, db, errors
from flywheel_server.core.scope import OperatorScope, PartnerScope
from flywheel_server.fleet.store import appliances
from flywheel_server.rules.actions import remains as actions
from flywheel_server.rules.routes import operator_rules as admin_rules
from flywheel_server.rules.routes.alarms import AlarmView
from flywheel_server.rules.routes.deliveries import still_running
from flywheel_server.rules.routes.operator_rules import RuleRef
from flywheel_server.rules.store import remains
from flywheel_server.web import bodies
from flywheel_server.web.access import Admin, PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(tags=["delivery"])

_MOST_SHOWN = 500
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


@router.get("/api/partners/me/learning/still-running")
async def list_still_running(scope: PartnerReader, parts: RuntimeDep) -> StillRunningView:
    """List the rules that still run at your sites though they were switched off.

    An entry ends when its file is marked as removed, when the appliance reports a set without the
    rule, when the rule is switched on, or after seven days without an execution.
    """
    async with db.transaction(parts.database, scope) as connection:
        found = await remains.running(connection, clock.now(), _MOST_SHOWN)
    return StillRunningView(items=[still_running(each) for each in found])


@router.post("/api/partners/me/learning/rules/{rule_id}/removals")
async def partner_removes(
    scope: PartnerActor,
    parts: RuntimeDep,
    rule_id: Annotated[
        str,
        Path(
            max_length=_MOST_ID, description="The rule's `id` or `rule_id`.", examples=["L1-fw-1"]
        ),
    ],
    body: RemovalBody,
) -> RemovalView:
    """Mark a switched-off rule's file as removed from your appliances: its alarm is over."""
    return await _remove(scope, parts, rule_id, body)


@router.post("/api/admin/rules/{rule_id}/removals")
async def operator_removes(
    scope: Admin, parts: RuntimeDep, rule_id: RuleRef, body: RemovalBody
) -> RemovalView:
    """Mark a switched-off rule's file as removed from appliances: its alarm is over."""
    return await _remove(scope, parts, rule_id, body)


async def _remove(
    scope: OperatorScope | PartnerScope, parts: Runtime, ref: str, body: RemovalBody
) -> RemovalView:
    async with db.transaction(parts.database, scope) as connection:
        rule = await admin_rules.find(connection, ref)
        site = await accounts.find_site(connection, body.site_id)
        if site is None:
            raise errors.NotFound("There is no such site: take its `site_id` from a list.")
        appliance = None
        if body.appliance_id:
            appliance = await appliances.resolve(connection, site.id, body.appliance_id)
            if appliance is None:
                raise errors.NotFound("The site has no such appliance: take its id from a list.")
        found = await actions.remove(
            connection, scope, rule, site, appliance, reason=body.reason, now=clock.now()
        )
    return RemovalView(
        rule_id=rule.rule_id,
        site_id=site.slug,
        appliance_ids=[each.wire_id for each in found],
    )
