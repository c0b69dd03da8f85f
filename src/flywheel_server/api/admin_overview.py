"""The flywheel at a glance, for operators. Each figure's label is made from its own window."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from flywheel_server import clock, db
from flywheel_server.api.access import Reader, RuntimeDep
from flywheel_server.api.operator_bodies import View
from flywheel_server.store import overview

router = APIRouter(prefix="/api/admin/flywheel", tags=["operators"])


class Levels(View):
    """Executions by the level that healed."""

    L1: int = Field(description="Healed by a rule on the appliance.", examples=[412])
    L2: int = Field(description="Healed by what a planner picked.", examples=[161])
    L3: int = Field(description="Left to a person.", examples=[4])


class Overview(View):
    """Counts of the whole platform."""

    window_seconds: int = Field(description="How far back `recent` reaches.", examples=[60])
    recent: Levels = Field(description="Executions received within the window.")
    l1_folded: int = Field(
        description="L1 executions that the loop has counted so far.", examples=[20_412]
    )
    l1_unresolved: int = Field(
        description="Those of them whose id resolves to no rule: they teach nothing.", examples=[3]
    )
    l2_folded: int = Field(
        description="L2 executions that the loop has counted so far.", examples=[5_161]
    )
    patterns: int = Field(description="Patterns, from their first execution on.", examples=[311])
    eligible: int = Field(description="Patterns that wait for a decision.", examples=[6])
    platform_rules: int = Field(description="Enabled rules of the platform.", examples=[9])


@router.get("/overview")
async def read(
    scope: Reader,
    parts: RuntimeDep,
    window_seconds: Annotated[
        int, Query(ge=1, le=3_600, description="How far back `recent` reaches.")
    ] = 60,
) -> Overview:
    """Say how much came in, at which level, and what it has taught so far."""
    since = clock.now() - dt.timedelta(seconds=window_seconds)
    async with db.transaction(parts.database, scope) as connection:
        found = await overview.get(connection, since)
    return Overview(
        window_seconds=window_seconds,
        recent=Levels(L1=found.l1_recent, L2=found.l2_recent, L3=found.l3_recent),
        l1_folded=found.l1_folded,
        l1_unresolved=found.l1_unresolved,
        l2_folded=found.l2_folded,
        patterns=found.patterns,
        eligible=found.eligible,
        platform_rules=found.platform_rules,
    )
