"""What the platform has learnt of all organizations together: pairs, their gates, the distance.

Counts only: no name of a host, a site or an organization is part of them.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.accounts.views.bodies import PathId, ReasonBody
from flywheel_server.learning.model import promotions
from flywheel_server.learning.routes import operator_learning as admin_learning
from flywheel_server.learning.routes.operator_learning import GateView, PlatformPatternView
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
    listed = await admin_learning.list_platform_patterns(
        scope=scope,
        parts=parts,
        page=page,
        text=filters.text(text),
        standing=filters.choice(standing, *_STANDINGS),  # type: ignore[arg-type]
        sort="closest" if sort == "closest" else None,
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
    view = await admin_learning.get_platform_pattern(scope, parts, id)
    return frame.page(request, scope, "operator/pattern.html", pair=_pair(view))


@router.get("/{id}/approve")
async def approve_page(request: Request, scope: Admin, parts: RuntimeDep, id: PathId) -> Response:
    """Say what an approval means, and ask why."""
    view = await admin_learning.get_platform_pattern(scope, parts, id)
    return frame.page(request, scope, "operator/pattern_approve.html", pair=_pair(view))


@router.post("/{id}/approve")
async def approve_pattern(
    request: Request, scope: Admin, parts: RuntimeDep, id: PathId
) -> Response:
    """Let a pair become a rule that only an operator's word keeps from it."""
    given = await forms.texts(request)
    return await forms.attempt(
        f"/operator/learning/{id}", _approve(scope, parts, id, given), _approved
    )


async def _approve(
    scope: Admin, parts: RuntimeDep, id: PathId, given: dict[str, str]
) -> PlatformPatternView:
    body = forms.checked(ReasonBody, {"reason": given.get("reason", "")})
    return await admin_learning.approve_platform_pattern(scope, parts, id, body)


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
