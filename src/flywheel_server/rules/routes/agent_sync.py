"""The rules an appliance should run: the whole set, signed, and unchanged sets as 304.

A set is whole or not served: when neither memory nor the database can tell it, the answer is 503.
"""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from flywheel_server.core import clock, db, errors, moments
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.rules.caches.rule_sets import Rendered
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.store import rules as store
from flywheel_server.web import access, etags, traffic
from flywheel_server.web.access import Appliance, RuntimeDep

router = APIRouter(tags=["appliances"], dependencies=[Depends(traffic.SYNC)])

# A rule enabled in a transaction that was still open when an agent last asked carries an earlier
# time than that moment: look back further than any transaction lasts.
_OVERLAP = dt.timedelta(minutes=15)
_SITE_ID = Query(description="The site of the key; any other is refused.", examples=["site-lab-01"])
_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The appliance holds this set already (`If-None-Match`)."}
}


class WireCondition(BaseModel):
    """One comparison with a field of the incident."""

    field: str = Field(description="Dot path in the incident.", examples=["check_type"])
    operator: str = Field(
        description="eq, ne, contains, regex, gt, lt, in, not_in or exists.", examples=["eq"]
    )
    value: Any = Field(description="What to compare with.", examples=["firewall_status"])


class WireRule(BaseModel):
    """A rule as appliances read it; all of its conditions have to hold."""

    id: str = Field(description="The rule's id, never reused.", examples=["L1-FIREWALL-002"])
    name: str = Field(description="For people.", examples=["Restore the firewall baseline"])
    description: str = Field(description="For people.", examples=["Built in."])
    conditions: list[WireCondition] = Field(
        description="Never empty, and one names the check type.",
        examples=[[{"field": "check_type", "operator": "eq", "value": "firewall_status"}]],
    )
    action: str = Field(description="What to do.", examples=["run_windows_runbook"])
    actions: list[str] = Field(
        description="The action again, for engines that read a list.",
        examples=[["run_windows_runbook"]],
    )
    action_params: dict[str, Any] = Field(
        description="The runbook and its phases, where one is run.",
        examples=[{"runbook_id": "RB-WIN-SEC-001", "phases": ["remediate", "verify"]}],
    )
    hipaa_controls: list[str] = Field(description="Controls it serves.", examples=[[]])
    severity_filter: list[str] | None = Field(
        default=None, description="Only these severities, when present.", examples=[["high"]]
    )
    priority: int = Field(description="Lower is tried first.", examples=[5])
    cooldown_seconds: int = Field(description="Pause between two runs.", examples=[300])
    max_retries: int = Field(description="Runs before it escalates.", examples=[1])
    enabled: bool = Field(description="Always true here.", examples=[True])
    source: str = Field(description="synced, promoted, platform or custom.", examples=["synced"])


class RuleSetAnswer(BaseModel):
    """A whole rule set."""

    rules: list[WireRule] = Field(description="In the order in which they are tried.")
    healing_tier: Literal["standard", "full_coverage"] = Field(
        description="The site's tier.", examples=["standard"]
    )
    version: str = Field(
        description="SHA-256 of the signed text; what `active_rules_hash` reports.",
        examples=["3b7e…"],
    )
    count: int = Field(description="How many rules there are.", examples=[7])
    signature: str = Field(
        description="Ed25519, hex, over the rules as JSON with sorted keys, `, ` and `: `.",
        examples=["8f1c…"],
    )
    server_public_key: str = Field(description="Verifies it; hex.", examples=["69ef…"])


class PromotedRule(BaseModel):
    """A learnt rule as a file for the agent."""

    rule_id: str = Field(description="The rule's id.", examples=["L1-dns-RB-WIN-SVC-001-cf56b8f8"])
    pattern_signature: str = Field(
        description="Incident type, runbook and `*` for every host.",
        examples=["service_dns:RB-WIN-SVC-001:*"],
    )
    rule_yaml: str = Field(description="The rule as YAML, at most 8,192 bytes.")
    promoted_at: dt.datetime = Field(
        description="Since when it is enabled.", examples=["2026-11-20T08:45:25Z"]
    )
    promoted_by: str = Field(description="Which kind of promotion.", examples=["platform"])
    source: Literal["server_promoted"] = Field(
        default="server_promoted", description="Always this.", examples=["server_promoted"]
    )


class PromotedAnswer(BaseModel):
    """The learnt rules that were enabled since."""

    rules: list[PromotedRule] = Field(description="Oldest first.")
    server_time: dt.datetime = Field(
        description="What to send as `since` next time.", examples=["2026-11-20T08:45:25Z"]
    )


@router.get(
    "/agent/sync",
    response_class=Response,
    responses={200: {"model": RuleSetAnswer}, **_UNCHANGED},
)
async def sync(
    scope: Appliance,
    parts: RuntimeDep,
    request: Request,
    site_id: Annotated[str | None, _SITE_ID] = None,
) -> Response:
    """Return every rule the key's site should run, tier built-ins included, signed."""
    _own_site(scope, request, site_id)
    rule_set = await parts.rule_sets.get(scope)
    parts.heartbeats.synced(scope, clock.now(), rule_set.version)
    return _answer(rule_set.full, request)


@router.get(
    "/api/agent/l1-rules",
    response_class=Response,
    responses={200: {"model": RuleSetAnswer}, **_UNCHANGED},
)
async def l1_rules(
    scope: Appliance,
    parts: RuntimeDep,
    request: Request,
    site_id: Annotated[str | None, _SITE_ID] = None,
) -> Response:
    """Return the same rules without the tier built-ins, in the same envelope."""
    _own_site(scope, request, site_id)
    rule_set = await parts.rule_sets.get(scope)
    return _answer(rule_set.own, request)


@router.get("/api/agent/sync/promoted-rules")
async def promoted_rules(
    scope: Appliance,
    parts: RuntimeDep,
    request: Request,
    site_id: Annotated[str | None, _SITE_ID] = None,
    since: Annotated[
        str | None,
        Query(
            description="Only rules enabled since; RFC 3339, also with a `+` that became a space.",
            examples=["2026-11-20T08:45:25+00:00"],
        ),
    ] = None,
) -> PromotedAnswer:
    """Return the learnt rules of the key's site that were enabled since a moment, as YAML."""
    _own_site(scope, request, site_id)
    moment = _since(since)
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        tenancy = await store.tenancy(connection, scope.site_id)
        everything = await store.for_site(connection, scope.site_id)
    chosen = [
        rule
        for rule in rules.desired(everything, tenancy.healing_tier)
        if rule.source != "synced"
        and rule.id not in tenancy.excluded
        and (moment is None or rule.enabled_changed_at + _OVERLAP >= moment)
    ]
    chosen.sort(key=lambda rule: (rule.enabled_changed_at, rule.rule_id))
    return PromotedAnswer(rules=[_promoted(rule) for rule in chosen], server_time=now)


def _own_site(scope: ApplianceScope, request: Request, site_id: str | None) -> None:
    # Given twice, each has to be the key's own.
    access.own_site(scope, site_id)
    for each in request.query_params.getlist("site_id"):
        access.own_site(scope, each)


def _answer(rendered: Rendered, request: Request) -> Response:
    headers = {"ETag": rendered.etag, "Cache-Control": etags.CACHE_CONTROL}
    if etags.matches(rendered.etag, request.headers.getlist("if-none-match")):
        return Response(status_code=304, headers=headers)
    return Response(rendered.body, media_type="application/json", headers=headers)


def _since(text: str | None) -> dt.datetime | None:
    """Read ``since``; None for "from the beginning". Raises InvalidInput for what is no time."""
    if not text or not text.strip():
        return None
    # Old agents do not escape the `+` of their offset, which reads as a space then.
    date_and_time, space, offset = text.rpartition(" ")
    repaired = f"{date_and_time}+{offset}" if space and "T" in date_and_time else text
    try:
        return moments.parse(repaired)
    except ValueError as error:
        raise errors.InvalidInput(
            "Write `since` like 2026-02-24T10:00:00Z, or leave it out for all rules."
        ) from error


def _promoted(rule: Rule) -> PromotedRule:
    return PromotedRule(
        rule_id=rule.rule_id,
        pattern_signature=f"{rule.incident_type}:{rule.runbook_id or rule.action}:*",
        rule_yaml=rules.as_yaml(rule),
        promoted_at=rule.enabled_changed_at,
        promoted_by=rule.source,
    )
