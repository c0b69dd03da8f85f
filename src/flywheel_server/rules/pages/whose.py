"""Whose a rule is, in names; and the tenant that somebody means by a name or an id."""

from collections.abc import Sequence
from uuid import UUID

from flywheel_server.accounts.store import accounts, owners
from flywheel_server.core.db import Connection
from flywheel_server.rules.views.rules import RuleView
from flywheel_server.web.pages import forms

_SUGGESTED = 200


async def names(connection: Connection, rules: Sequence[RuleView]) -> dict[UUID, str]:
    """Return the name of each rule's partner, organization or site; the platform's are missing."""
    ids = {rule.scope_id for rule in rules if rule.scope_id is not None}
    found = await owners.names(connection, ids)
    return {rule.id: found[rule.scope_id] for rule in rules if rule.scope_id in found}


async def suggestions(connection: Connection) -> list[str]:
    """Return names that a form suggests: of partners, organizations and sites."""
    return await owners.some(connection, _SUGGESTED)


async def find(connection: Connection, scope: str, text: str) -> UUID | None:
    """Return the tenant that somebody means. Raises InvalidInput for none or several."""
    if scope == "platform":
        return None
    given = text.strip()
    known = accounts.as_uuid(given)
    if known is not None:
        return known
    found = await owners.called(connection, scope, given)
    if len(found) == 1:
        return found[0]
    if found:
        raise forms.wrong(
            "of", f"Several have the name {given}: give the {scope}'s id instead, from its page."
        )
    raise forms.wrong("of", f"No {scope} has this name or id: check it, or choose another scope.")
