"""The loop's runs, and turning it once, for operators."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from flywheel_server.accounts.views.bodies import Filter, Search, View
from flywheel_server.core import db
from flywheel_server.loop import runs
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.keysets import Listing, PageDep, listing

router = APIRouter(prefix="/api/admin", tags=["operators: learning"])

RunTurn = Callable[[], Awaitable[list[runs.Run]]]


class RunView(View):
    """One run of one step of the loop."""

    id: UUID = Field(description="The run's id.")
    turn_id: UUID = Field(description="The turn it was part of.")
    holder: UUID = Field(description="The process that ran it.")
    step: str = Field(description="Which step.", examples=["generate_patterns"])
    started_at: dt.datetime = Field(description="UTC.")
    ended_at: dt.datetime = Field(description="UTC.")
    seconds: float = Field(description="How long it took.", examples=[0.042])
    rows_in: int = Field(description="What it looked at.", examples=[10_000])
    rows_out: int = Field(description="What it changed.", examples=[120])
    counts: dict[str, int] | None = Field(
        description="What it looked at and changed, by name; a count that is 0 is left out. "
        "null: an earlier release recorded the run.",
        examples=[{"facts_read": 10_000, "patterns_changed": 120}],
    )
    error: str | None = Field(description="What went wrong; null: nothing.")


class StepResult(View):
    """What one step of a turn did."""

    name: str = Field(description="Which step.", examples=["generate_patterns"])
    rows_in: int = Field(description="What it looked at.", examples=[10_000])
    rows_out: int = Field(description="What it changed.", examples=[120])
    seconds: float = Field(description="How long it took.", examples=[0.042])
    error: str | None = Field(description="What went wrong; null: nothing.")


class TurnResult(BaseModel):
    """One full turn of the loop."""

    steps: list[StepResult] = Field(description="In the order in which they ran.")


@router.get("/flywheel/runs")
async def list_runs(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: PageDep,
    step: Filter = None,
    text: Search = None,
    failed: Annotated[bool, Query(description="Only runs that ended in an error.")] = False,
) -> Listing[RunView]:
    """List the runs of the loop's steps, the newest first."""
    found = page.after_all(dt.datetime, UUID)
    async with db.transaction(parts.database, scope) as connection:
        rows = await runs.page(
            connection,
            before=cast("tuple[dt.datetime, UUID] | None", found),
            step=step,
            failed=failed,
            text=text,
            limit=page.limit + 1,
        )
    return listing(
        rows, page, lambda row: [row.started_at, cast("UUID", row.id)], RunView.model_validate
    )


@router.post("/flywheel/run")
async def run_turn(request: Request, scope: Admin) -> TurnResult:
    """Run one full turn now; wait up to 30 s for one that is running already."""
    del scope
    # The loop is a door like this one and unknown here: the application hands its turn over.
    run = cast("RunTurn", request.app.state.run_turn)
    return TurnResult(
        steps=[
            StepResult(
                name=each.step,
                rows_in=each.rows_in,
                rows_out=each.rows_out,
                seconds=each.seconds,
                error=each.error,
            )
            for each in await run()
        ]
    )
