"""Ids under which executions teach nothing: say once what each means, and all of them count.

What an id may mean is suggested by its likeness to known ids; a person decides.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.core import clock, db, errors
from flywheel_server.folds import due
from flywheel_server.learning.actions import set_aside as actions
from flywheel_server.learning.model import unresolved
from flywheel_server.learning.queries import unresolved as queries
from flywheel_server.learning.store import patterns, set_aside
from flywheel_server.learning.views.unresolved import SetAsideBody, UnresolvedId
from flywheel_server.rules.actions import aliases as alias_actions
from flywheel_server.rules.model import aliases as rules
from flywheel_server.rules.model.similar_ids import Known
from flywheel_server.rules.queries import runbooks as runbook_queries
from flywheel_server.rules.store import runbooks
from flywheel_server.rules.store.aliases import Alias
from flywheel_server.rules.views.runbooks import NewAlias
from flywheel_server.web.access import Admin, Reader, RuntimeDep
from flywheel_server.web.pages import asking, forms, frame, words
from flywheel_server.web.pages.asking import Question

router = APIRouter(prefix="/operator/unresolved", include_in_schema=False)

_HERE = "/operator/unresolved"
_MOST_SUGGESTED = 3
_MOST_FOUND = 20
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def unresolved_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    aside: _Text = "",
) -> Response:
    """List the ids, those with most executions first, each with what it may mean."""
    async with db.transaction(parts.database, scope) as connection:
        listed = await queries.listed(
            connection, page, filters.text(text), set_aside=aside == "yes"
        )
        unclassified = await queries.unclassified_errors(connection, clock.now())
        total = await patterns.unresolved_total(connection)
        set_aside_total = await set_aside.total(connection)
        known = Known(await runbooks.ids(connection))
        suggestions = {
            (each.reported_id, each.level): _suggested(known, each.reported_id, each.level)
            for each in listed.items
        }
        names = await runbooks.names(
            connection, {target for found in suggestions.values() for target, _ in found}
        )
    return frame.page(
        request,
        scope,
        "operator/unresolved.html",
        ids=listed.items,
        suggestions=suggestions,
        names=names,
        nothing=_nothing,
        unclassified=unclassified.items,
        total=total - set_aside_total,
        set_aside=set_aside_total,
        following=filters.following(request, listed.next),
        chosen={"text": text, "aside": aside},
    )


@router.get("/alias")
async def alias_page(
    request: Request,
    scope: Admin,
    parts: RuntimeDep,
    id: _Text = "",
    level: _Text = "L1",
    text: _Text = "",
) -> Response:
    """Look for what an id stands for among everything that is known."""
    async with db.transaction(parts.database, scope) as connection:
        kept = await due.kept(connection, id)
        ids = await runbooks.ids(connection)
        names = await runbooks.names(connection, ids)
    known = Known(ids)
    wanted = filters.text(text)
    fits = _fits(id, level)
    found = _suggested(known, id, level)
    if wanted:
        found = [
            (each, is_rule)
            for each, is_rule in sorted(ids.items())
            if wanted.lower() in f"{each} {names.get(each, '')}".lower()
            and fits in {None, is_rule}
            and each != id
        ]
    return frame.page(
        request,
        scope,
        "operator/alias.html",
        id=id,
        kept=kept,
        found=found[:_MOST_FOUND],
        names=names,
        more=len(found) > _MOST_FOUND,
        nothing=_nothing(id, level) if id else "No id is given: choose one from the list.",
        sought={True: "rule", False: "runbook", None: "runbook and rule"}[fits],
        level=level,
        chosen={"text": text},
    )


@router.get("/set-aside")
async def set_aside_page(
    request: Request, scope: Admin, parts: RuntimeDep, id: _Text = "", level: _Text = "L1"
) -> Response:
    """Show the form that asks why an id can mean nothing."""
    async with db.transaction(parts.database, scope) as connection:
        found = await patterns.unresolved_id(connection, id, level)
    if found is None:
        raise errors.NotFound("No such id is kept unresolved: choose one from the list.")
    return frame.page(
        request,
        scope,
        "operator/set_aside.html",
        id=found,
        comes_back_at=unresolved.comes_back_at(found.executions),
    )


@router.post("/set-aside")
async def set_aside_id(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Set an id aside, with a reason."""
    given = await forms.texts(request)
    body = forms.checked(
        SetAsideBody, {name: given.get(name, "") for name in ("reported_id", "level", "reason")}
    )
    async with db.transaction(parts.database, scope) as connection:
        row = await actions.add(
            connection, scope, body.reported_id, body.level, reason=body.reason, now=clock.now()
        )
    return frame.go(_HERE, _was_set_aside(row))


@router.post("/take-up")
async def take_up_id(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Have an id that was set aside count again."""
    given = await forms.texts(request)
    body = forms.checked(
        UnresolvedId, {name: given.get(name, "") for name in ("reported_id", "level")}
    )
    async with db.transaction(parts.database, scope) as connection:
        row = await actions.take_up(
            connection, scope, body.reported_id, body.level, now=clock.now()
        )
    return frame.go(_HERE, f"{row.reported_id} counts as unresolved again.")


@router.get("/alias/choose")
async def choose_page(
    request: Request,
    scope: Admin,
    parts: RuntimeDep,
    id: _Text = "",
    runbook_id: _Text = "",
    rule_id: _Text = "",
) -> Response:
    """Ask before an id stands for something."""
    target = runbook_id or rule_id
    async with db.transaction(parts.database, scope) as connection:
        names = await runbooks.names(connection, [target])
        kept = await due.kept(connection, id)
    if not id or not target:
        raise errors.NotFound("No id is given, or nothing that it stands for: choose both.")
    called = f"{names[target]} ({target})" if target in names else target
    question = Question(
        title=f"{words.shortened(id)} stands for {called}",
        final="An alias is permanent: it can be neither changed nor taken back.",
        then=f"{words.plural(kept, 'execution')} kept under it will count for "
        f"{'the runbook' if runbook_id else 'the rule'} {called}, and so will what comes later.",
        verb="Add the alias",
        back=_HERE,
        danger=False,
        action=_HERE,
        fields={"alias": id} | ({"runbook_id": target} if runbook_id else {"rule_id": target}),
    )
    return asking.page(request, scope, question)


@router.get("/aliases")
async def aliases_page(
    *,
    request: Request,
    scope: Reader,
    parts: RuntimeDep,
    page: filters.PageDep,
    text: _Text = "",
    source: _Text = "operator",
) -> Response:
    """List which ids stand for what."""
    async with db.transaction(parts.database, scope) as connection:
        listed = await runbook_queries.listed_aliases(
            connection,
            page,
            filters.text(text),
            filters.choice(source, "operator", "catalogue"),  # type: ignore[arg-type]
        )
    return frame.page(
        request,
        scope,
        "operator/aliases.html",
        aliases=listed.items,
        following=filters.following(request, listed.next),
        chosen={"text": text, "source": source},
    )


@router.post("")
async def add_alias(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Let an id stand for a runbook or a rule."""
    given = await forms.texts(request)
    body = forms.body(
        NewAlias,
        alias=given.get("alias", ""),
        runbook_id=given.get("runbook_id"),
        rule_id=given.get("rule_id"),
    )
    async with db.transaction(parts.database, scope) as connection:
        kept = await due.kept(connection, body.alias)
        try:
            alias = await alias_actions.add(
                connection,
                scope,
                body.alias,
                runbook_id=body.runbook_id,
                rule_id=body.rule_id,
                now=clock.now(),
            )
        except errors.NotFound as error:
            raise errors.InvalidInput(
                "There is no such runbook or rule: choose one below."
            ) from error
        left = await due.kept(connection, body.alias)
    return frame.go(_HERE, _added(alias, max(kept - left, 0)))


def _was_set_aside(row: unresolved.Unresolved) -> str:
    comes_back_at = row.set_aside.comes_back_at if row.set_aside else 0
    return f"{row.reported_id} is set aside until {comes_back_at:,} executions are kept under it."


def _added(alias: Alias, executions: int) -> str:
    count = words.plural(executions, "execution")
    target = alias.runbook_id or alias.rule_id
    verb = "counts" if executions == 1 else "count"
    return (
        f"{alias.alias} stands for {target}: {count} kept under it {verb} from now, "
        "and so does what comes later."
    )


def _fits(id: str, level: str) -> bool | None:
    """Say whether an id stands for a rule, for a runbook, or (None) for either."""
    if rules.for_rules_only(id):
        return True
    # What L2 ran is a runbook.
    return False if level == "L2" else None


def _nothing(id: str, level: str) -> str:
    """Say why an id can stand for nothing, or nothing."""
    if rules.never(id):
        return (
            "A planner's decision or an escalation stands for nothing: "
            "register the runbook that was really run."
        )
    if level == "L2" and rules.for_rules_only(id):
        return "It has the form of a rule's id, but what L2 ran is a runbook: its agent is wrong."
    return ""


def _suggested(known: Known, id: str, level: str) -> list[tuple[str, bool]]:
    """Return ids with whether they are a rule's, the most alike first."""
    if _nothing(id, level):
        return []
    found = known.closest(id, _MOST_SUGGESTED, rules=_fits(id, level))
    return [(each, known.is_rule(each)) for each in found]
