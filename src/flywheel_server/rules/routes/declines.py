"""Platform rules that a tenant declines for itself, and takes back.

A partner speaks for all of its sites, an organization for its own where it decides at each of them.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from flywheel_server.accounts.views.bodies import ReasonBody, SearchFilter
from flywheel_server.core import clock, db
from flywheel_server.core.scope import ClientScope, PartnerScope
from flywheel_server.rules.actions import exclusions as actions
from flywheel_server.rules.queries import tenant_rules as queries
from flywheel_server.rules.store.client_rules import Filters
from flywheel_server.rules.views.tenant_rules import ClientRuleView
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import ClientAdmin, PartnerActor, PartnerReader, RuntimeDep
from flywheel_server.web.runtime import Runtime

router = APIRouter(tags=["platform rules"])

_PARTNER = "/api/partners/me/learning/platform-rules"
PlatformRuleRef = Annotated[
    str,
    Path(
        max_length=300,
        description="The rule's `id` or `rule_id`.",
        examples=["L1-PLATFORM-service-RB-WIN-SVC-001"],
    ),
]


@router.get(_PARTNER)
async def list_platform_rules(
    *,
    scope: PartnerReader,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: SearchFilter = None,
) -> pages.Listing[ClientRuleView]:
    """List the rules that were learnt from many organizations, with what they did at your sites."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed(connection, scope, page, Filters(source="platform", text=text))


@router.post(f"{_PARTNER}/{{rule_id}}/decline")
async def partner_declines(
    scope: PartnerActor, parts: RuntimeDep, rule_id: PlatformRuleRef, body: ReasonBody
) -> ClientRuleView:
    """Keep a platform rule from all of your sites; it leaves their rule sets at once.

    Agents that keep what they got go on running it until a person deletes its file.
    """
    return await _decline(parts, scope, rule_id, body.reason)


@router.post(f"{_PARTNER}/{{rule_id}}/accept")
async def partner_accepts(
    scope: PartnerActor, parts: RuntimeDep, rule_id: PlatformRuleRef
) -> ClientRuleView:
    """Take back that you declined a platform rule: your sites get it again."""
    return await _accept(parts, scope, rule_id)


@router.post("/api/client/rules/{rule_id}/decline")
async def client_declines(
    scope: ClientAdmin, parts: RuntimeDep, rule_id: PlatformRuleRef, body: ReasonBody
) -> ClientRuleView:
    """Keep a platform rule from all of your sites, where each has full coverage.

    It leaves their rule sets at once. Agents that keep what they got go on running it until a
    person deletes its file.
    """
    return await _decline(parts, scope, rule_id, body.reason)


@router.post("/api/client/rules/{rule_id}/accept")
async def client_accepts(
    scope: ClientAdmin, parts: RuntimeDep, rule_id: PlatformRuleRef
) -> ClientRuleView:
    """Take back that your organization declined a platform rule: your sites get it again."""
    return await _accept(parts, scope, rule_id)


async def _decline(
    parts: Runtime, scope: PartnerScope | ClientScope, ref: str, reason: str
) -> ClientRuleView:
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find_platform(connection, ref)
        await actions.decline(connection, scope, rule, reason=reason, now=clock.now())
        return await queries.shown(connection, scope, rule)


async def _accept(parts: Runtime, scope: PartnerScope | ClientScope, ref: str) -> ClientRuleView:
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find_platform(connection, ref)
        await actions.accept(connection, scope, rule, clock.now())
        return await queries.shown(connection, scope, rule)
