"""Forms about rules that pages of several audiences have."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from flywheel_server.accounts.views.bodies import ReasonBody
from flywheel_server.core import clock, db
from flywheel_server.core.scope import ClientScope, OperatorScope, PartnerScope
from flywheel_server.rules.actions import remains as removals, rule_alarms
from flywheel_server.rules.queries import rules as queries
from flywheel_server.rules.views.remains import RemovalBody, removal
from flywheel_server.web.pages import forms, frame
from flywheel_server.web.runtime import Runtime

_ANSWERED = "It is noted that you have looked, and why."


async def answer_alarm(
    request: Request,
    scope: OperatorScope | PartnerScope | ClientScope,
    parts: Runtime,
    alarm: UUID,
    *,
    of: UUID,
    then: str,
) -> Response:
    """Answer an alarm about the rule ``of`` with a reason."""
    body = reason(await forms.texts(request))
    async with db.transaction(parts.database, scope) as connection:
        await rule_alarms.answer(
            connection, scope, alarm, reason=body.reason, now=clock.now(), of=of
        )
    return frame.go(then, _ANSWERED)


async def remove_file(
    request: Request, scope: OperatorScope | PartnerScope, parts: Runtime, rule: UUID, then: str
) -> Response:
    """Mark a switched-off rule's file as removed from an appliance, or a site's."""
    given = await forms.texts(request)
    names = ("site_id", "appliance_id", "reason")
    body = forms.checked(RemovalBody, {name: given[name] for name in names if given.get(name)})
    async with db.transaction(parts.database, scope) as connection:
        found = await queries.find(connection, str(rule))
        site, appliances = await removals.remove(
            connection,
            scope,
            found,
            site_id=body.site_id,
            appliance_id=body.appliance_id,
            reason=body.reason,
            now=clock.now(),
        )
    view = removal(found, site, appliances)
    return frame.go(then, f"{view.rule_id} is marked as removed at {view.site_id}. {view.note}")


def reason(given: dict[str, Any]) -> ReasonBody:
    """Return why something is done. Raises InvalidInput where the form does not say."""
    return forms.checked(ReasonBody, {"reason": given.get("reason", "")})
