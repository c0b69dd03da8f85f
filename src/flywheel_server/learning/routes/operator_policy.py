"""The learning policy, for operators: the values in force, their history, and changing them."""

import datetime as dt
from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from flywheel_server.accounts.views.bodies import OperatorBody, Reason, View
from flywheel_server.core import clock, db, errors
from flywheel_server.learning.actions import policies as actions
from flywheel_server.policy import model as policy, store as policies
from flywheel_server.web import bodies, keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin/flywheel", tags=["operators: policy"])

_VALUES = policy.as_values(policy.Policy())
_WHY = "Nine organizations now: ask for more agreement."


class PolicyChange(OperatorBody):
    """The values to change, beside `reason` or within `values`; all others stay as they are."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    reason: Reason = Field(description="Why, for the history.", examples=[_WHY])
    values: bodies.JsonObject = Field(
        default={},
        description="The values to change, by name; they may as well stand beside `reason`.",
        examples=[{"platform_min_organizations": 6}],
    )


class PolicyVersionView(View):
    """One version of the policy."""

    version: int = Field(description="Its number, from 1 upwards.", examples=[2])
    values: dict[str, Any] = Field(description="Every threshold, by name.", examples=[_VALUES])
    reason: str = Field(description="Why it was put in force.", examples=[_WHY])
    changed_by: str = Field(description="Who put it in force.", examples=["ops@example.com"])
    changed_at: dt.datetime = Field(description="When.", examples=["2026-02-24T10:00:00Z"])


class PolicyView(PolicyVersionView):
    """The policy in force, and what it was."""

    history: pages.Listing[PolicyVersionView] = Field(
        description="Every version, newest first, the one in force included."
    )


@router.get("/policy")
async def get_policy(scope: Reader, parts: RuntimeDep, page: pages.PageDep) -> PolicyView:
    """Return the policy in force and its history; `limit` and `next` page through the latter."""
    async with db.transaction(parts.database, scope) as connection:
        current = await policies.current(connection)
        versions = await policies.history(connection, page.after(int), page.limit + 1)
    if current is None:
        raise errors.Unavailable("The database has no policy yet: run `flywheel-server migrate`.")
    history = pages.listing(versions, page, lambda row: (row.version,), _view)
    return PolicyView(**_view(current).model_dump(), history=history)


@router.put("/policy")
async def change_policy(scope: Admin, parts: RuntimeDep, body: PolicyChange) -> PolicyVersionView:
    """Put the policy with some values changed in force; gates are looked at anew."""
    values = (body.model_extra or {}) | body.values
    async with db.transaction(parts.database, scope) as connection:
        version = await actions.change(connection, scope, values, body.reason, clock.now())
    return _view(version)


def _view(version: policies.Version) -> PolicyVersionView:
    return PolicyVersionView(
        version=version.version,
        values=dict(policy.as_values(version.policy)),
        reason=version.reason,
        changed_by=version.changed_by,
        changed_at=version.changed_at,
    )
