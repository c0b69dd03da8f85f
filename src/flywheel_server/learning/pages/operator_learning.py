"""What the platform has learnt of all organizations together: pairs, their gates, the distance.

Counts only: no name of a host, a site or an organization is part of them.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId, ReasonBody
from flywheel_server.core import clock, db
from flywheel_server.learning.actions import promote_platform
from flywheel_server.learning.model import promotions
from flywheel_server.learning.queries import patterns as queries
from flywheel_server.learning.views.patterns import GateView, PlatformPatternView
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import forms, frame

router = APIRouter(prefix="/operator/learning", include_in_schema=False)

_STANDINGS = ("open", "promoted", "barred")
_COUNTED = ("organizations", "occurrences", "success_rate")
_Text = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a gate that counts is open, as a share."""

    gate: GateView
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair, as its row and its page show it."""

    view: PlatformPatternView
    # `promoted`, `ready`, `asks` (for an operator's word), `open` or `barred`.
    standing: str
    reaches: list[Reach]
    # The gates that do not count, and are shut.
    shut: list[GateView]
    # Of these, what an operator's approval opens.
    doubts: list[GateView]


@router.get("")
async def patterns_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    standing: _Text = "",
    sort: _Text = "closest",
) -> Response:
    """List the pairs, those nearest to a rule first."""
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listed_pairs(
            connection,
            page,
            clock.now(),
            text=filters.text(text),
            standing=filters.choice(standing, *_STANDINGS),  # type: ignore[arg-type]
            closest=sort == "closest",
        )
    return frame.page(
        request,
        scope,
        "operator/learning.html",
        pairs=[_pair(view) for view in listed.items],
        following=filters.following(request, listed.next),
        chosen={"text": text, "standing": standing, "sort": sort},
    )


@router.get("/{id}")
async def pattern_page(request: Request, scope: Reader, parts: RuntimeDep, id: PathId) -> Response:
    """Show a pair with each of its gates."""
    async with db.transaction(parts.database, scope) as connection:
        view = await queries.get_pair(connection, id, clock.now())
    return frame.page(request, scope, "operator/pattern.html", pair=_pair(view))


@router.get("/{id}/approve")
async def approve_page(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Say what an approval means, and ask why."""
    async with db.transaction(parts.database, scope) as connection:
        view = await queries.get_pair(connection, id, clock.now())
    return frame.page(request, scope, "operator/pattern_approve.html", pair=_pair(view))


@router.post("/{id}/approve")
async def approve_pattern(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId
) -> Response:
    """Let a pair become a rule that only an operator's word keeps from it."""
    given = await forms.texts(request)
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    now = clock.now()
    async with db.transaction(parts.database, scope) as connection:
        found = await promote_platform.approve(connection, scope, id, body.reason, now)
        view = await queries.shown(connection, found, now)
    return frame.go(f"/operator/learning/{id}", _approved(view))


def _approved(view: PlatformPatternView) -> str:
    if view.failing:
        return "It is approved; its other gates have to open, too."
    return "It is approved: the next turn of the loop makes it a rule."


def _pair(view: PlatformPatternView) -> Pair:
    gates = {gate.name: gate for gate in view.gates}
    return Pair(
        view=view,
        standing=_standing(gates),
        reaches=[Reach(gate=gates[name], share=_share(gates[name], view)) for name in _COUNTED],
        doubts=[
            gate for gate in view.gates if not gate.passed and gate.name in promotions.OPERATORS
        ],
        shut=[gate for gate in view.gates if not gate.passed and gate.name not in _COUNTED],
    )


def _standing(gates: dict[str, GateView]) -> str:
    if not gates["not_promoted"].passed:
        return "promoted"
    if not all(gates[name].passed for name in ("runbook_known", "runbook_executable")):
        return "barred"
    if promotions.asks_an_operator([gate.name for gate in gates.values() if not gate.passed]):
        return "asks"
    return "ready" if all(gate.passed for gate in gates.values()) else "open"


def _share(gate: GateView, view: PlatformPatternView) -> float:
    """Return how far a gate is open, for its bar; the gate's words say it exactly."""
    if gate.passed:
        return 1.0
    needed = gate.needed if isinstance(gate.needed, int | float) else 0
    if gate.name == "success_rate":
        counts = view.since
        reached = counts.successes / counts.occurrences if counts.occurrences else 0.0
    else:
        reached = gate.value if isinstance(gate.value, int | float) else 0
    return min(1.0, reached / needed) if needed else 0.0
