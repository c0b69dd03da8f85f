"""The learning policy: every threshold in words, changing it with a reason, and its history."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.core import clock, db, errors
from flywheel_server.learning.actions import policies as actions
from flywheel_server.learning.pages import policy_words
from flywheel_server.learning.queries import policies as queries
from flywheel_server.learning.views.policies import PolicyChange, PolicyVersionView
from flywheel_server.policy import model as policy, store as policies
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/operator/policy", include_in_schema=False)

_HERE = "/operator/policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One version, with what it changed: the value's title, the old, the new."""

    version: PolicyVersionView
    changes: tuple[tuple[str, str, str], ...]


@router.get("")
async def policy_page(
    request: Request, scope: Reader, parts: RuntimeDep, page: filters.PartDep
) -> Response:
    """Show the values in force, the form that changes them, and what they were."""
    earlier: dict[str, Any] | None = None
    async with db.transaction(parts.database, scope) as connection:
        found = await queries.in_force(connection, page)
        versions = found.history.items
        if found.history.next is not None:
            (older,) = await policies.history(connection, versions[-1].version, 1)
            earlier = dict(policy.as_values(older.policy))
    before = [*(each.values for each in versions[1:]), earlier]
    return frame.page(
        request,
        scope,
        "operator/policy.html",
        policy=found,
        groups=policy_words.GROUPS,
        explained=policy.explained(policy.from_values(dict(found.values))),
        shown=policy_words.shown,
        written=policy_words.written,
        steps=[
            Step(version=each, changes=_changes(old, each.values))
            for each, old in zip(versions, before, strict=True)
        ],
        following=filters.following(request, found.history.next),
    )


@router.post("")
async def change_policy(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Change the values that differ from those that the form showed."""
    given = await forms.texts(request)
    body = _body(given)
    async with db.transaction(parts.database, scope) as connection:
        version = await actions.change(connection, scope, body.changes, body.reason, clock.now())
    return frame.go(_HERE, _changed(version.version))


def _body(given: dict[str, str]) -> PolicyChange:
    values: dict[str, Any] = {}
    for name, explained in policy_words.EVERY.items():
        if name not in given or given[name] == given.get(f"was_{name}"):
            continue
        value = policy_words.read(name, given[name])
        if value is None:
            raise forms.wrong(name, f"“{explained.title}” takes a number.")
        scale = 100 if explained.unit == "%" else 1
        if not isinstance(value, bool) and not (
            explained.least <= round(value * scale, 4) <= explained.most
        ):
            raise forms.wrong(
                name,
                f"“{explained.title}” is between {explained.least:g} and {explained.most:g} "
                f"{explained.unit}.",
            )
        values[name] = value
    if not values:
        raise errors.InvalidInput("Nothing differs from what is in force: change a value first.")
    return forms.checked(PolicyChange, {"reason": given.get("reason", ""), "values": values})


def _changed(version: int) -> str:
    return (
        f"Version {version} of the policy is in force: the next turn of the loop looks "
        "at every gate anew."
    )


def _changes(old: dict[str, Any] | None, new: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    if old is None:
        return ()
    return tuple(
        (each.title, policy_words.shown(name, old.get(name)), policy_words.shown(name, new[name]))
        for name, each in policy_words.EVERY.items()
        if old.get(name) != new[name]
    )
