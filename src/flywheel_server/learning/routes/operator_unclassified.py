"""Errors in words that no table knows: counted as not attempted, and listed here for operators."""

import datetime as dt

from fastapi import APIRouter
from pydantic import Field

from flywheel_server.accounts.views.bodies import View
from flywheel_server.core import clock, db
from flywheel_server.learning.store import unclassified
from flywheel_server.web.access import Reader, RuntimeDep

router = APIRouter(prefix="/api/admin/unclassified-errors", tags=["operators: learning"])

WITHIN_DAYS = 30
_MOST = 100


class UnclassifiedView(View):
    """An error that no table knows, before a runbook could have run."""

    message: str = Field(
        description="The error's first 300 characters.", examples=["create shell: no more slots"]
    )
    executions: int = Field(description="How many executions had it.", examples=[12])
    sites: int = Field(description="From how many sites.", examples=[2])
    last_received_at: dt.datetime = Field(description="When it last came in, UTC.")
    reported_id: str = Field(description="What the newest reported.", examples=["L1-FW-002"])
    level: str = Field(description="At which level.", examples=["L1"])


class UnclassifiedList(View):
    """The most frequent of them."""

    items: list[UnclassifiedView] = Field(
        description=f"Of the last {WITHIN_DAYS} days, at most {_MOST}, the most frequent first."
    )


@router.get("")
async def list_unclassified(scope: Reader, parts: RuntimeDep) -> UnclassifiedList:
    """List errors whose words are not known: they count as not attempted, not as failures.

    The tables are in `executions/model/unattempted.py`: a new word is one line there.
    """
    since = clock.now() - dt.timedelta(days=WITHIN_DAYS)
    async with db.transaction(parts.database, scope) as connection:
        rows = await unclassified.found(connection, since, _MOST)
    return UnclassifiedList(
        items=[
            UnclassifiedView(
                message=row.message,
                executions=row.executions,
                sites=row.sites,
                last_received_at=row.last_received_at,
                reported_id=row.reported_id,
                level=row.level,
            )
            for row in rows
        ]
    )
