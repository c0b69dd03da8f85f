"""Deciding on many candidates: what would happen to each, the decision, what happened to each.

The request is kept under a key that its form carries, so sending it again changes nothing, and the
page of its results can be looked at again.
"""

import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.core import db, errors
from flywheel_server.core.scope import PartnerScope
from flywheel_server.learning.routes import partner_decisions
from flywheel_server.learning.routes.partner_decisions import (
    BulkApproveBody,
    BulkRejectBody,
    BulkView,
)
from flywheel_server.learning.store import candidates, promotions
from flywheel_server.web.access import PartnerActor, RuntimeDep
from flywheel_server.web.pages import forms, frame
from flywheel_server.web.runtime import Runtime

router = APIRouter(prefix="/partner/learning/bulk", include_in_schema=False)

_LIST = "/partner/learning"
_FORESEEN_REASON = "Only to see what would happen."


@router.get("")
async def bulk_page(
    request: Request,
    scope: PartnerActor,
    parts: RuntimeDep,
    do: Annotated[str, Query(max_length=20)] = "",
    id: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Say what would become of each candidate that was selected, and ask."""
    if not id or do not in {"approve", "reject"}:
        return frame.go(_LIST, "Nothing is selected: tick candidates first.", kind="trouble")
    try:
        verdicts = await _decide(scope, parts, do, id, {"reason": _FORESEEN_REASON}, key=None)
    except errors.InvalidInput as error:
        # The list comes back with what was selected.
        return frame.go(
            f"{_LIST}?{urlencode({'id': id}, doseq=True)}", error.detail, kind="trouble"
        )
    return frame.page(
        request,
        scope,
        "partner/bulk.html",
        do=do,
        verdicts=verdicts,
        known=await _known(scope, parts, id),
        key=secrets.token_hex(16),
    )


@router.post("")
async def decide(request: Request, scope: PartnerActor, parts: RuntimeDep) -> Response:
    """Decide on each, then show what became of each."""
    given = await forms.texts(request)
    ids = await forms.several(request, "id")
    key, do = given.get("key", "")[:200], given.get("do", "")
    if do not in {"approve", "reject"} or not key:
        raise errors.InvalidInput("This form is incomplete: select the candidates again.")
    await _decide(scope, parts, do, ids, given, key=key)
    return frame.go(frame.address(f"{_LIST}/bulk/results", key=key))


@router.get("/results")
async def results_page(
    request: Request,
    scope: PartnerActor,
    parts: RuntimeDep,
    key: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show what became of each."""
    async with db.transaction(parts.database, scope) as connection:
        answered = await promotions.answered(connection, scope.partner_id, key)
    if answered is None:
        raise errors.NotFound("There are no such results: they are kept for a while only.")
    items: list[dict[str, Any]] = answered.answer["items"]
    return frame.page(
        request,
        scope,
        "partner/bulk_results.html",
        results=items,
        known=await _known(scope, parts, [item["pattern_id"] for item in items]),
    )


async def _decide(
    scope: PartnerScope,
    parts: Runtime,
    do: str,
    ids: list[str],
    given: dict[str, str],
    *,
    key: str | None,
) -> BulkView:
    """Decide with a key, only foresee without one."""
    asked: dict[str, Any] = {"pattern_ids": ids, "dry_run": key is None}
    if do == "approve":
        if given.get("notes"):
            asked["notes"] = given["notes"]
        if key is not None:
            asked["deploy_immediately"] = "deploy_immediately" in given
        body = forms.checked(BulkApproveBody, asked)
        return await partner_decisions.approve_many(scope, parts, body, key)
    rejection = forms.checked(BulkRejectBody, asked | {"reason": given.get("reason", "")})
    return await partner_decisions.reject_many(scope, parts, rejection, key)


async def _known(scope: PartnerScope, parts: Runtime, ids: list[str]) -> dict[str, str]:
    """Return what those candidates are called that the caller may see."""
    async with db.transaction(parts.database, scope) as connection:
        found = await candidates.get(connection, ids)
    return {
        id: f"{each.evidence.incident_type} on {each.hostname} at {each.site_name}"
        for id, each in found.items()
    }
