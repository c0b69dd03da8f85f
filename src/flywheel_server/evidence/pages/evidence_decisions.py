"""The page on which partners and operators decide on an evidence key that waits."""

from uuid import UUID

from fastapi import Request, Response

from flywheel_server.accounts.views.bodies import ReasonBody
from flywheel_server.core import db, errors
from flywheel_server.evidence.actions.evidence_keys import Person
from flywheel_server.evidence.routes import evidence_keys
from flywheel_server.evidence.routes.evidence_keys import ApproveKeyBody, KeyView
from flywheel_server.fleet.store import appliances, evidence_keys as store
from flywheel_server.web.pages import forms, frame
from flywheel_server.web.runtime import Runtime

_VERBS = frozenset({"approve", "refuse"})


async def page(
    request: Request,
    scope: Person,
    parts: Runtime,
    back: str,
    id: UUID,
    verb: str,
    site_id: UUID | None = None,
) -> Response:
    """Show a key with the form that asks why."""
    _known(verb)
    async with db.transaction(parts.database, scope) as connection:
        found = await store.page(
            connection, state=None, site_id=site_id, after=None, id=id, limit=1
        )
        own = await appliances.of_site(connection, found[0].site_id) if found else []
    if not found:
        raise errors.NotFound("There is no such key: choose one from the list.")
    return frame.page(
        request,
        scope,
        "evidence/key.html",
        key=found[0],
        verb=verb,
        back=back,
        appliances=[each.wire_id for each in own],
    )


async def decide(
    request: Request,
    scope: Person,
    parts: Runtime,
    back: str,
    id: UUID,
    verb: str,
    site_id: UUID | None = None,
) -> Response:
    """Have a key count from now on, or never."""
    _known(verb)
    given = await forms.texts(request)
    site = None if site_id is None else str(site_id)
    return await forms.attempt(
        back,
        _decide(scope, parts, id, verb, site, given),
        "The key counts from now on: what waited for it enters the chain."
        if verb == "approve"
        else "The key is refused: what waited for it is dropped, and a record of it is kept.",
    )


async def _decide(
    scope: Person, parts: Runtime, id: UUID, verb: str, site: str | None, given: dict[str, str]
) -> KeyView:
    reason = given.get("reason", "")
    if verb == "refuse":
        body = forms.checked(ReasonBody, {"reason": reason})
        return await evidence_keys.refuse(scope, parts, id, body, site)
    whose = given.get("appliance_id") or None
    approval = forms.checked(ApproveKeyBody, {"reason": reason, "appliance_id": whose})
    return await evidence_keys.approve(scope, parts, id, approval, site)


def _known(verb: str) -> None:
    if verb not in _VERBS:
        raise errors.NotFound("A key is approved or refused: choose one from the list.")
