"""Declining a platform rule for all of one's own sites, and taking that back: both ask first.

Partners and organizations have the same pages under their own addresses.
"""

from uuid import UUID

from fastapi import Request, Response

from flywheel_server.core import clock, db
from flywheel_server.core.scope import ClientScope, PartnerScope
from flywheel_server.rules.actions import exclusions
from flywheel_server.rules.model import delivery_words
from flywheel_server.rules.pages import shared_forms
from flywheel_server.rules.queries import deliveries, tenant_rules as queries
from flywheel_server.rules.views.tenant_rules import ClientRuleView
from flywheel_server.web.pages import asking, forms, frame
from flywheel_server.web.pages.asking import Question
from flywheel_server.web.runtime import Runtime


async def decline_page(
    request: Request, scope: ClientScope | PartnerScope, parts: Runtime, id: UUID, back: str
) -> Response:
    """Ask before a platform rule is declined; ``back`` is the list that the tenant came from."""
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find_platform(connection, str(id))
        view = await queries.shown(connection, scope, rule)
        holders = await deliveries.holders(connection, rule.id)
    return asking.page(request, scope, _of_declining(view, holders, back))


async def decline(
    request: Request, scope: ClientScope | PartnerScope, parts: Runtime, id: UUID, back: str
) -> Response:
    """Decline a platform rule, with a reason."""
    body = shared_forms.reason(await forms.texts(request))
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find_platform(connection, str(id))
        await exclusions.decline(connection, scope, rule, reason=body.reason, now=clock.now())
    return frame.go(back, f"{rule.rule_id} is declined: your sites do not get it any more.")


async def accept_page(
    request: Request, scope: ClientScope | PartnerScope, parts: Runtime, id: UUID, back: str
) -> Response:
    """Ask before that is taken back."""
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find_platform(connection, str(id))
        view = await queries.shown(connection, scope, rule)
    return asking.page(request, scope, _of_accepting(view, back))


async def accept(
    scope: ClientScope | PartnerScope, parts: Runtime, id: UUID, back: str
) -> Response:
    """Take a decline back."""
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find_platform(connection, str(id))
        await exclusions.accept(connection, scope, rule, clock.now())
        view = await queries.shown(connection, scope, rule)
    return frame.go(back, _accepted(view))


def _of_declining(rule: ClientRuleView, holders: list[str], back: str) -> Question:
    return Question(
        title=f"Decline {rule.name} for all of your sites?",
        final="It leaves the rule sets of your sites at once.",
        then=delivery_words.at_switching_off(delivery_words.notes(holders))
        + " Where it is gone, the planner (L2) heals in its place. You can take this back.",
        verb="Decline it",
        back=back,
        why=True,
    )


def _of_accepting(rule: ClientRuleView, back: str) -> Question:
    return Question(
        title=f"Have {rule.name} at your sites again?",
        final="It travels to your appliances again, with their next sync or by an order.",
        then="From then on it heals there at once and without asking.",
        verb="Take it back",
        back=back,
        danger=False,
    )


def _accepted(rule: ClientRuleView) -> str:
    if rule.taken:
        return f"{rule.rule_id} is not declined by you any more; what else keeps it away stays."
    return f"{rule.rule_id} is not declined any more: your sites get it again."
