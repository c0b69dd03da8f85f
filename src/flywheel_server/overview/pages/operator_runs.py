"""The loop: whether it turns, how each step did, every run; and a turn on demand."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.loop import routes
from flywheel_server.loop.routes import RunView, TurnResult
from flywheel_server.overview.routes import operator_overview as admin_overview
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import forms, frame, words

router = APIRouter(prefix="/operator/runs", include_in_schema=False)

_HERE = "/operator/runs"
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def runs_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    step: _Text = "",
    failed: _Text = "",
    text: _Text = "",
) -> Response:
    """Show whether the loop turns, and the runs that the filters leave."""
    steps = list(request.app.state.step_names)
    listed = await routes.list_runs(
        scope=scope,
        parts=parts,
        page=page,
        step=filters.choice(step, *steps),
        failed=filters.yes(failed) is True,
        text=filters.text(text),
    )
    return frame.page(
        request,
        scope,
        "operator/runs.html",
        loop=await admin_overview.read_loop(request, scope, parts),
        runs=listed.items,
        following=filters.following(request, listed.next),
        chosen={"step": step, "failed": failed, "text": text},
        steps=[(each, words.spaced(each)) for each in steps],
        did=_did,
    )


@router.post("")
async def run_turn(request: Request, scope: Admin) -> Response:
    """Run one full turn now and say what it did."""
    return await forms.attempt(_HERE, routes.run_turn(request, scope), _turned)


def _did(run: RunView) -> str:
    """Return what a run did: each count by its name."""
    counts = run.counts
    if counts is None:
        # An earlier release recorded it.
        counts = {"rows_read": run.rows_in, "rows_changed": run.rows_out}
    return ", ".join(f"{count:,} {words.spaced(name)}" for name, count in counts.items())


def _turned(turn: TurnResult) -> str:
    did = (
        f"A turn ran: {len(turn.steps)} steps looked at {sum(s.rows_in for s in turn.steps):,} "
        f"rows and changed {sum(s.rows_out for s in turn.steps):,}."
    )
    failed = [each.name.replace("_", " ") for each in turn.steps if each.error is not None]
    if failed:
        return f"{did} Failed: {', '.join(failed)}; their errors stand below."
    return f"{did} No step failed."
