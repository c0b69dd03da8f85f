"""Runbooks and aliases, for operators: what appliances can run, and what else they call it."""

from typing import Annotated

from fastapi import APIRouter, Query

from flywheel_server.accounts.views.bodies import Search
from flywheel_server.core import clock, db
from flywheel_server.folds import due
from flywheel_server.rules.actions import aliases as alias_actions, runbooks as runbook_actions
from flywheel_server.rules.queries import runbooks as queries
from flywheel_server.rules.store import runbooks
from flywheel_server.rules.views.runbooks import (
    AddedAlias,
    AliasView,
    NewAlias,
    NewRunbook,
    Platform,
    RunbookView,
)
from flywheel_server.web import keysets as pages
from flywheel_server.web.access import Admin, Reader, RuntimeDep

router = APIRouter(prefix="/api/admin", tags=["operators: runbooks"])


@router.post("/runbooks", status_code=201)
async def register_runbook(scope: Admin, parts: RuntimeDep, body: NewRunbook) -> RunbookView:
    """Register a runbook, with the forms in which agents write an action and its runbook."""
    async with db.transaction(parts.database, scope) as connection:
        runbook = await runbook_actions.register(
            connection,
            scope,
            runbook_id=body.runbook_id,
            name=body.name,
            platform=body.platform,
            executable=body.executable,
            now=clock.now(),
        )
    return RunbookView.model_validate(runbook)


@router.get("/runbooks")
async def list_runbooks(
    *,
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: Search = None,
    platform: Annotated[Platform | None, Query(description="Only those for it.")] = None,
    executable: Annotated[
        bool | None, Query(description="Only those that appliances can run, or cannot.")
    ] = None,
) -> pages.Listing[RunbookView]:
    """List runbooks by their ids; `text` is part of an id, of a form of it, or of a name."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed(
            connection, page, text=text, platform=platform, executable=executable
        )


@router.post("/aliases", status_code=201)
async def add_alias(scope: Admin, parts: RuntimeDep, body: NewAlias) -> AddedAlias:
    """Let another id stand for a runbook or a rule; what was reported under it counts from now."""
    async with db.transaction(parts.database, scope) as connection:
        kept = await due.kept(connection, body.alias)
        alias = await alias_actions.add(
            connection,
            scope,
            body.alias,
            runbook_id=body.runbook_id,
            rule_id=body.rule_id,
            now=clock.now(),
        )
        left = await due.kept(connection, body.alias)
    shown = AliasView.model_validate(alias)
    return AddedAlias(**shown.model_dump(), executions=max(kept - left, 0))


@router.get("/aliases")
async def list_aliases(
    scope: Reader,
    parts: RuntimeDep,
    page: pages.PageDep,
    text: Search = None,
    source: Annotated[
        runbooks.Origin | None, Query(description="Only what came with the catalogue, or not.")
    ] = None,
) -> pages.Listing[AliasView]:
    """List the registry of ids by their texts; `text` is part of one or of what it stands for."""
    async with db.transaction(parts.database, scope) as connection:
        return await queries.listed_aliases(connection, page, text, source)
