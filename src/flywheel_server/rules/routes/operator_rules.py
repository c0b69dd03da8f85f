"""Rules, for operators: what is served to whom, how it does, and switching it off and on."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from flywheel_server.accounts.views.bodies import Filter, ReasonBody, RuleName, Search
from flywheel_server.core import clock, db
from flywheel_server.core.scope import OperatorScope
from flywheel_server.rules.actions import rules as actions
from flywheel_server.rules.model import rules as domain
from flywheel_server.rules.queries import rules as queries
from flywheel_server.rules.store import rule_rankings
from flywheel_server.rules.views.rules import RuleView
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(prefix="/api/admin", tags=["operators: rules"])

# What is not read from the rule itself.
RuleRef = Annotated[
    str,
    Path(
        max_length=300,
        description="The rule's `id` or, where only one scope has it, its `rule_id`.",
        examples=["L1-FIREWALL-002"],
    ),
]


@router.get("/rules")
async def list_rules(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    source: Annotated[domain.Source | None, Query(description="Only from here.")] = None,
    enabled: Annotated[bool | None, Query(description="Only such.")] = None,
    incident_type: Filter = None,
    text: Search = None,
    sort: Annotated[
        rule_rankings.Sort | None,
        Query(description="By how they do. `near_withdrawal` lists watched rules only."),
    ] = None,
    order: Annotated[
        rule_rankings.Order, Query(description="With `sort`: the most first, or the least.")
    ] = "desc",
) -> pages.Listing[RuleView]:
    """List rules, oldest first, or by how they do."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed(
            connection,
            page,
            source=source,
            enabled=enabled,
            incident_type=incident_type,
            text=text,
            sort=sort,
            order=order,
        )


@router.get("/rules/{rule_id}")
async def get_rule(scope: Reader, parts: RuntimeDep, rule_id: RuleRef) -> RuleView:
    """Return a rule."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.shown(connection, await queries.find(connection, rule_id))


@router.post("/rules/{rule_id}/disable")
async def disable_rule(
    scope: Admin, parts: RuntimeDep, rule_id: RuleRef, body: ReasonBody
) -> RuleView:
    """Stop serving a rule; again changes nothing.

    Agents that can drop it do so at their next sync. `delivery` of the answer says on how many
    appliances it stays and goes on running, and how a person removes it.
    """
    return await _switch(parts, scope, rule_id, body.reason, enabled=False)


@router.post("/rules/{rule_id}/enable")
async def enable_rule(
    scope: Admin, parts: RuntimeDep, rule_id: RuleRef, body: ReasonBody
) -> RuleView:
    """Serve a rule, a withdrawn one too: agents fetch it with their next sync, or are ordered."""
    return await _switch(parts, scope, rule_id, body.reason, enabled=True)


@router.patch("/rules/{rule_id}")
async def rename_rule(
    scope: Admin, parts: RuntimeDep, rule_id: RuleRef, body: RuleName
) -> RuleView:
    """Give a rule another name for people; its id, and what appliances get, stay."""
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find(connection, rule_id)
        await actions.rename(connection, scope, rule, name=body.name, now=clock.now())
        return await queries.shown(connection, rule)


async def _switch(
    parts: Runtime, scope: OperatorScope, ref: str, reason: str, *, enabled: bool
) -> RuleView:
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find(connection, ref)
        switched = await actions.switch(
            connection, scope, rule, enabled=enabled, reason=reason, now=clock.now()
        )
        return await queries.shown(connection, switched)
