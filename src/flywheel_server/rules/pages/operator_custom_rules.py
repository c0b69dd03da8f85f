"""The form for a rule of an operator's own."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request, Response

from flywheel_server.accounts.pages import filters
from flywheel_server.core import clock, db, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.rules.actions import custom_rules as actions
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Rule
from flywheel_server.rules.pages import whose
from flywheel_server.rules.queries import deliveries
from flywheel_server.rules.store import runbooks
from flywheel_server.rules.views.custom_rules import NewCustomRule
from flywheel_server.web.access import Admin, RuntimeDep
from flywheel_server.web.pages import forms, frame
from flywheel_server.web.runtime import Runtime

router = APIRouter(prefix="/operator/rules/new", include_in_schema=False)

_LIST = "/operator/rules"
_SCOPES = get_args(rules.RuleScope)
_FIELDS = {
    "rule_id": "",
    "name": "",
    "description": "",
    "scope": "platform",
    "of": "",
    "incident_type": "",
    "runbook_id": "",
    "more": "",
    "priority": "",
    "cooldown_seconds": "300",
    "max_retries": "1",
}
_WORDS_OF_A_CONDITION = 3
_MOST_RUNBOOKS = 500
_MOST_DIGITS = 9
_Text = Annotated[str, Query(max_length=300)]


@router.get("")
async def new_page(
    request: Request,
    scope: Admin,
    parts: RuntimeDep,
    whole: Annotated[str, Query(alias="scope", max_length=20)] = "platform",
    of: _Text = "",
    incident_type: _Text = "",
) -> Response:
    """Show the form."""
    chosen = {
        "scope": filters.choice(whole, *_SCOPES) or "platform",
        "of": of,
        "incident_type": incident_type,
    }
    return await _page(request, scope, parts, _FIELDS | chosen)


@router.post("")
async def create(request: Request, scope: Admin, parts: RuntimeDep) -> Response:
    """Add the rule."""
    given = await forms.texts(request)
    async with db.transaction(parts.database, scope) as connection:
        made = await _create(connection, scope, given)
    said = f"{made.rule_id} is made and on: appliances of its scope fetch it or are sent it."
    return frame.go(f"{_LIST}/{made.id}", said)


async def _page(request: Request, scope: Admin, parts: Runtime, chosen: dict[str, str]) -> Response:
    async with db.transaction(parts.database, scope) as connection:
        books = await runbooks.page(connection, after=None, executable=True, limit=_MOST_RUNBOOKS)
        names = await whose.suggestions(connection)
        in_scope = await deliveries.notes_in_scope(connection, None)
    return frame.page(
        request,
        scope,
        "operator/new_rule.html",
        chosen=chosen,
        scopes=_SCOPES,
        books=books,
        names=names,
        in_scope=in_scope,
        operators=sorted(rules.OPERATORS),
    )


async def _create(connection: Connection, scope: OperatorScope, given: dict[str, str]) -> Rule:
    incident_type = given.get("incident_type", "").strip()
    values: dict[str, Any] = {
        "rule_id": given.get("rule_id", "").strip(),
        "scope": given.get("scope", ""),
        "incident_type": incident_type,
        "runbook_id": given.get("runbook_id", ""),
        "name": given.get("name", "").strip(),
        "description": given.get("description", ""),
    }
    for name in ("priority", "cooldown_seconds", "max_retries"):
        if given.get(name, "").strip():
            values[name] = _number(name, given[name].strip())
    more = given.get("more", "").strip()
    if more:
        values["conditions"] = [*_plain(incident_type), *_conditions(more)]
    if values["scope"] in _SCOPES:
        values["scope_id"] = await whose.find(connection, values["scope"], given.get("of", ""))
    body = forms.checked(NewCustomRule, values)
    try:
        return await actions.create(connection, scope, body.draft(), clock.now())
    except errors.InvalidInput as error:
        fields = error.extensions.get("fields")
        if not isinstance(fields, dict) or "conditions" not in fields:
            raise
        # The form's field for them has another name.
        raise errors.InvalidInput(error.detail, fields={"more": error.detail}) from error


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise forms.wrong(name, f"Give a whole number for {name.replace('_', ' ')}.")
    return int(text)


def _plain(incident_type: str) -> list[dict[str, Any]]:
    return rules.conditions_as_json(rules.conditions_for(incident_type))


def _conditions(text: str) -> list[dict[str, Any]]:
    """Return conditions written one a line, as `field operator value`."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        words = line.split(maxsplit=2)
        if len(words) < _WORDS_OF_A_CONDITION:
            raise forms.wrong(
                "more",
                f"Write each condition as field, operator and value: “{line.strip()[:80]}” is not.",
            )
        field, operator, value = words
        found.append({"field": field, "operator": operator, "value": _value(operator, value)})
    return found


def _value(operator: str, text: str) -> Any:
    """Return a value as it is meant: a number, yes or no, several between commas, or its text."""
    if operator in {"regex", "contains"}:
        return text.strip()
    if operator in {"in", "not_in"}:
        return [_single(each.strip()) for each in text.split(",") if each.strip()]
    return _single(text.strip())


def _single(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        return int(text)
    return text
