"""A partner's API keys, for its owners. A new key is on the page that answers, and never again."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.api import pages, partner_keys
from flywheel_server.api.access import PartnerOwner, RuntimeDep
from flywheel_server.api.admin_keys import IssuedKey, NewKey
from flywheel_server.api.operator_bodies import PathId
from flywheel_server.domain.scope import PartnerScope
from flywheel_server.portal import filters, forms, frame

router = APIRouter(prefix="/partner/keys", include_in_schema=False)

_HERE = "/partner/keys"
_FIRST = pages.Page(limit=50, cursor=None)
_ALL = {"text": "", "state": ""}
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def keys_page(
    *,
    request: Request,
    scope: PartnerOwner,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: _Text = "",
    state: _Text = "",
) -> Response:
    """List the keys that the filters leave, with the form for another one."""
    return await _page(request, scope, parts, page, chosen={"text": text, "state": state})


@router.post("")
async def issue_key(request: Request, scope: PartnerOwner, parts: RuntimeDep) -> Response:
    """Issue a key and show it once."""
    given = await forms.texts(request)
    body = forms.body(NewKey, label=given.get("label", "").strip())
    issued = await partner_keys.issue_own_key(scope, parts, body)
    return await _page(request, scope, parts, _FIRST, issued)


@router.post("/{id}/rotate")
async def rotate_key(
    request: Request, scope: PartnerOwner, parts: RuntimeDep, id: PathId
) -> Response:
    """Issue a key in place of another and show it once."""
    issued = await partner_keys.rotate_own_key(scope, parts, id)
    return await _page(request, scope, parts, _FIRST, issued)


@router.post("/{id}/revoke")
async def revoke_key(scope: PartnerOwner, parts: RuntimeDep, id: PathId) -> Response:
    """Revoke a key."""
    deed = partner_keys.revoke_own_key(scope, parts, id)
    return await forms.attempt(_HERE, deed, "The key is revoked: nothing can use it any more.")


async def _page(
    request: Request,
    scope: PartnerScope,
    parts: RuntimeDep,
    page: pages.Page,
    issued: IssuedKey | None = None,
    chosen: dict[str, str] = _ALL,
) -> Response:
    listed = await partner_keys.list_partner_keys(
        scope=scope,
        parts=parts,
        page=page,
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
