"""Errors in words that no table knows: counted as not attempted, and listed here for operators."""

from fastapi import APIRouter

from flywheel_server.core import clock, db
from flywheel_server.learning.queries import unresolved as queries
from flywheel_server.learning.views.unresolved import UnclassifiedList
from flywheel_server.web.access import Reader, RuntimeDep

router = APIRouter(prefix="/api/admin/unclassified-errors", tags=["operators: learning"])


@router.get("")
async def list_unclassified(scope: Reader, parts: RuntimeDep) -> UnclassifiedList:
    """List errors whose words are not known: they count as not attempted, not as failures.

    The tables are in `executions/model/unattempted.py`: a new word is one line there.
    """
    async with db.transaction(parts.database, scope) as connection:
        return await queries.unclassified_errors(connection, clock.now())
