"""Deciding on many candidates: what would happen to each, the decision, what happened to each.

The request is kept under a key that its form carries, so sending it again changes nothing, and the
page of its results can be looked at again.
"""

import secrets
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.core import clock, db, errors
from flywheel_server.learning.actions import bulk
from flywheel_server.learning.queries import bulk as queries
from flywheel_server.learning.store import promotions
from flywheel_server.learning.views.bulk import BulkApproveBody, BulkRejectBody
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
        body = _asked(do, id, {"reason": _FORESEEN_REASON}, key=None)
    except errors.InvalidInput as error:
        # The list comes back with what was selected.
        return frame.go(
            f"{_LIST}?{urlencode({'id': id}, doseq=True)}", error.detail, kind="trouble"
        )
    deed = await _deed(parts, body)
    async with db.transaction(parts.database, scope) as connection:
        outcome = await bulk.foresee(connection, scope, body.pattern_ids, deed, now=clock.now())
        verdicts = await queries.shown(connection, outcome, id, deed, dry_run=True)
        known = await queries.names(connection, id)
    return frame.page(
        request,
        scope,
        "partner/bulk.html",
        do=do,
        verdicts=verdicts,
        known=known,
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
    body = _asked(do, ids, given, key=key)
    deed = await _deed(parts, body)
    async with db.transaction(parts.database, scope) as connection:
        await bulk.decide(connection, scope, body.pattern_ids, deed, key=key, now=clock.now())
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
        known = await queries.names(connection, [item["pattern_id"] for item in items])
    return frame.page(
        request,
        scope,
        "partner/bulk_results.html",
        results=items,
        known=known,
    )


async def _deed(
    parts: Runtime, body: BulkApproveBody | BulkRejectBody
) -> bulk.Approval | bulk.Rejection:
    if isinstance(body, BulkRejectBody):
        return body.deed()
    return body.deed(await parts.signers.get())


def _asked(
    do: str, ids: list[str], given: dict[str, str], *, key: str | None
) -> BulkApproveBody | BulkRejectBody:
    """Return what a form asks for: to decide with a key, only to foresee without one."""
    asked: dict[str, Any] = {"pattern_ids": ids, "dry_run": key is None}
    if do == "approve":
        if given.get("notes"):
            asked["notes"] = given["notes"]
        if key is not None:
            asked["deploy_immediately"] = "deploy_immediately" in given
        return forms.checked(BulkApproveBody, asked)
    return forms.checked(BulkRejectBody, asked | {"reason": given.get("reason", "")})
