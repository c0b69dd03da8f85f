"""A rule's page of figures, for operators: where it heals and where it does not."""

from typing import Annotated

from fastapi import APIRouter, Query

from flywheel_server.core import clock, db
from flywheel_server.rules.queries import rules as queries
from flywheel_server.rules.routes.operator_rules import RuleRef
from flywheel_server.rules.views.figures import FiguresView
from flywheel_server.web.access import Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: rules"])


@router.get("/rules/{rule_id}/figures")
async def rule_figures(
    scope: Reader,
    parts: RuntimeDep,
    rule_id: RuleRef,
    weeks: Annotated[int, Query(ge=1, le=60, description="How many weeks back.")] = 12,
) -> FiguresView:
    """Count a rule's attempts by site, host, error category and week."""
    async with db.transaction(parts.database, scope) as connection:
        rule = await queries.find(connection, rule_id)
        return await queries.figures(connection, rule, weeks, clock.now())
