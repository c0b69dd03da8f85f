"""A partner's API keys, for its owners. A new key is on the page that answers, and never again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.actions import keys as actions
from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.queries import keys as queries
from flywheel_server.accounts.views.bodies import PathId
from flywheel_server.accounts.views.keys import IssuedKey, NewKey
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import PartnerScope
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import PartnerOwner, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame, words
from flywheel_server.web.pages.asking import Question

router = APIRouter(prefix="/partner/keys", include_in_schema=False)

_HERE = "/partner/keys"
_FIRST = pages.Page(limit=filters.SHOWN, cursor=None)
_ALL = {"text": "", "state": ""}
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def keys_page(
    *,
    request: Request,
    scope: PartnerOwner,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    state: _Text = "",
) -> Response:
    """List the keys that the filters leave, with the form for another one."""
    async with db.transaction(parts.database, scope) as connection:
        return await _page(request, scope, connection, page, chosen={"text": text, "state": state})


@router.post("")
async def issue_key(request: Request, scope: PartnerOwner, parts: RuntimeDep) -> Response:
    """Issue a key and show it once."""
    given = await forms.texts(request)
    body = forms.body(NewKey, label=given.get("label", "").strip())
    async with db.transaction(parts.database, scope) as connection:
        issued = await actions.issue_for_partner(
            connection, scope, scope.partner_id, body.label, clock.now()
        )
        return await _page(request, scope, connection, _FIRST, IssuedKey.model_validate(issued))


@router.get("/{id}/rotate")
async def ask_rotate(
    request: Request, scope: PartnerOwner, parts: RuntimeDep, id: PathId
) -> Response:
    """Ask before a key is replaced."""
    question = Question(
        title=f"Rotate the key {await _called(scope, parts, id)}",
        final="Its tool is refused from then on, until it has the new key.",
        then="The new key is shown once, on the next page: have the tool's settings open.",
        verb="Rotate the key",
        back=_HERE,
    )
    return asking.page(request, scope, question)


@router.post("/{id}/rotate")
async def rotate_key(
    request: Request, scope: PartnerOwner, parts: RuntimeDep, id: PathId
) -> Response:
    """Issue a key in place of another and show it once."""
    async with db.transaction(parts.database, scope) as connection:
        issued = await actions.rotate_for_partner(connection, scope, id, clock.now())
        return await _page(request, scope, connection, _FIRST, IssuedKey.model_validate(issued))


@router.get("/{id}/revoke")
async def ask_revoke(
    request: Request, scope: PartnerOwner, parts: RuntimeDep, id: PathId
) -> Response:
    """Ask before a key ends."""
    question = Question(
        title=f"Revoke the key {await _called(scope, parts, id)}",
        final="This is final: a revoked key is never valid again.",
        then="Whatever uses it is refused within five seconds. Another key can be issued.",
        verb="Revoke the key",
        back=_HERE,
    )
    return asking.page(request, scope, question)


@router.post("/{id}/revoke")
async def revoke_key(scope: PartnerOwner, parts: RuntimeDep, id: PathId) -> Response:
    """Revoke a key."""
    async with db.transaction(parts.database, scope) as connection:
        await actions.revoke_for_partner(connection, scope, id, clock.now())
    return frame.go(_HERE, "The key is revoked: nothing can use it any more.")


async def _called(scope: PartnerScope, parts: RuntimeDep, id: UUID) -> str:
    """Return what a key is for. Raises NotFound."""
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.of_partner(connection, scope, _FIRST, text=str(id))
    if not listed.items:
        raise errors.NotFound("There is no such key: choose one from the list.")
    return listed.items[0].label or words.shortened(str(id))


async def _page(
    request: Request,
    scope: PartnerScope,
    connection: Connection,
    page: pages.Page,
    issued: IssuedKey | None = None,
    chosen: dict[str, str] = _ALL,
) -> Response:
    listed = await queries.of_partner(
        connection,
        scope,
        page,
        text=filters.text(chosen["text"]),
        valid={"valid": True, "revoked": False}.get(chosen["state"]),
    )
    return frame.page(
        request,
        scope,
        "partner/keys.html",
        keys=listed.items,
        following=filters.following(request, listed.next),
        issued=issued,
        chosen=chosen,
    )
