"""Evidence: keys that wait for a person, chains that do not hold, and how far timestamps are."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.core import clock, db
from flywheel_server.evidence.model import evidence
from flywheel_server.evidence.model.evidence import AnchorState
from flywheel_server.evidence.pages import evidence_decisions
from flywheel_server.evidence.routes import (
    evidence_alarms,
    operator_anchors as admin_evidence_anchors,
    operator_evidence as admin_evidence,
)
from flywheel_server.evidence.routes.operator_anchors import NamedAnchorView, RetryBody
from flywheel_server.evidence.store import evidence_anchors
from flywheel_server.fleet.model.appliances import KeyState
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/operator/evidence", include_in_schema=False)

_HERE = "/operator/evidence"
_MOST_ALARMS = 50
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def evidence_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    state: _Text = "waiting",
) -> Response:
    """Show what is wrong, and the keys that appliances have shown."""
    now = clock.now()
    listed = await admin_evidence.list_keys(
        scope=scope,
        parts=parts,
        page=page,
        state=filters.choice(state, *get_args(KeyState)),  # type: ignore[arg-type]
        text=filters.text(text),
    )
    async with db.transaction(parts.database, scope) as connection:
        alarms = await evidence_alarms.found(connection, now, _MOST_ALARMS, for_operators=True)
        figures = await evidence_anchors.figures(connection)
    return frame.page(
        request,
        scope,
        "operator/evidence.html",
        # Keys that wait are the list itself.
        alarms=[each for each in alarms if each["kind"] != "evidence_key"],
        figures=figures,
        late_before=now - evidence.LATE_AFTER,
        keys=listed.items,
        following=filters.following(request, listed.next),
        chosen={"text": text, "state": state},
    )


@router.get("/anchors")
async def anchors_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    state: _Text = "",
) -> Response:
    """List the timestamps of all organizations, the newest first."""
    listed = await admin_evidence_anchors.list_anchors(
        scope=scope,
        parts=parts,
        page=page,
        state=filters.choice(state, *get_args(AnchorState)),  # type: ignore[arg-type]
        text=filters.text(text),
    )
    return frame.page(
        request,
        scope,
        "operator/anchors.html",
        late_before=clock.now() - evidence.LATE_AFTER,
        anchors=listed.items,
        following=filters.following(request, listed.next),
        chosen={"text": text, "state": state},
    )


@router.post("/anchors/{id}/retry")
async def retry_anchor(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Have a timestamp that failed tried again."""
    given = await forms.texts(request)

    async def deed() -> NamedAnchorView:
        body = forms.checked(
            RetryBody, {"reason": given.get("reason", ""), "keep_proof": "keep_proof" in given}
        )
        return await admin_evidence_anchors.retry_anchor(scope, parts, id, body)

    return await forms.attempt(
        f"{_HERE}/anchors", deed(), "The timestamp is tried again with the loop's next turn."
    )


@router.get("/keys/{id}/{verb}")
async def decide_page(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId, verb: str
) -> Response:
    """Show a key with the form that asks why."""
    return await evidence_decisions.page(request, scope, parts, _HERE, id, verb)


@router.post("/keys/{id}/{verb}")
async def decide(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId, verb: str
) -> Response:
    """Have a key count from now on, or never."""
    return await evidence_decisions.decide(request, scope, parts, _HERE, id, verb)
