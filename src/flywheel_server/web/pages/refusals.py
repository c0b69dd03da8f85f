"""Refusals in the words of pages: a form has labels, where the API has fields and routes.

What the API's functions say stays as it is for programs. Pages say it by ``told``; a field that a
form sends needs its label here.
"""

import re
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

# A field by what forms call it.
LABELS = {
    "again": "The new one once more",
    "alias": "Alias",
    "appliance_id": "Which appliance shall run it",
    "conditions": "Conditions",
    "cooldown_seconds": "Pause between two heals",
    "current": "Present password",
    "custom_name": "Your name for the rule",
    "description": "What it is about",
    "email": "E-mail address",
    "enabled": "State",
    "from": "First day",
    "healing_tier": "Healing tier",
    "incident_type": "Incident type",
    "kinds": "What to send",
    "label": "What it is for",
    "max_retries": "Attempts after a failure",
    "name": "Name",
    "new": "New password",
    "next": "Next page",
    "notes": "Notes",
    "organization_id": "Organization",
    "overlap_hours": "The old secret signs",
    "partner_id": "Partner",
    "password": "New password",
    "platform": "Where it runs",
    "platform_min_success_rate": "Success of at least (platform)",
    "priority": "Precedence",
    "reason": "Why",
    "role": "Role",
    "rule_id": "Id on appliances",
    "runbook_id": "Runbook",
    "scope_id": "Which one",
    "site": "Site",
    "site_id": "Site id",
    "to": "Last day",
    "site_min_success_rate": "Success of at least (site)",
    "url": "Address",
    "withdrawal_success_rate": "Bar",
}
# Whole sentences whose remedy is another one for people at a page.
_INSTEAD = (
    (
        re.compile(r"Send the header .*"),
        "This form belongs to another session: look at it, and send it once more.",
    ),
    (
        re.compile(r"`current` is not your password: without one, .*"),
        "This is not your present password: without one, ask for an invitation to set it.",
    ),
    (
        re.compile(r": forward this candidate to your partner with POST .*"),
        ": forward this candidate to your partner.",
    ),
    (re.compile(r" ends with `to` = (\S+); .*"), r" ends at \1, and the next one begins there."),
    (re.compile(r"`next` is damaged or of another list: .*"), "Begin at the list's first page."),
    (re.compile(r": leave `site` out to see all of yours\."), ": choose one from the list."),
    (re.compile(r": check the `site_id` in the path\."), ": choose one from the fleet."),
    (re.compile(r": `flywheel-server operator .*"), ": look for it among the people."),
    (re.compile(r"`kinds` are one or more of: .*"), "Choose at least one kind of event."),
    (re.compile(r": `(from|to)`: "), r": `\1` "),
)
# What alarms say of a route besides a page, or after saying what to do.
_BY_ROUTE = re.compile(r"(?:,? or by |: )(?:POST|PUT|GET) /api/\S*[^\s,.;]")
_ROUTES = re.compile(r"\bsee (?:[A-Z]+ )?/api/[^\s,]*[^\s,.]")
_QUOTED = re.compile(r"`([^`]*)`")
_MOST_FAULTS = 3

_FORMS = {
    "rule_id": "takes 3 to 64 letters, digits, - and _",
    "runbook_id": "takes letters, digits, - and _, and begins with a letter or a digit",
    "site_id": "takes letters, digits, dots, - and _, and begins with a letter or a digit",
}
_FAULTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": lambda _: "is missing",
    "string_too_short": lambda _: "is too short, or missing",
    "string_too_long": lambda about: f"takes at most {about['max_length']} characters",
    "too_short": lambda _: "needs at least one",
    "too_long": lambda about: f"takes at most {about['max_length']} {_unit(about)}",
    "int_parsing": lambda _: "takes a whole number",
    "int_from_float": lambda _: "takes a whole number",
    "float_parsing": lambda _: "takes a number",
    "greater_than_equal": lambda about: f"is at least {about['ge']}",
    "less_than_equal": lambda about: f"is at most {about['le']}",
    "literal_error": lambda _: "takes one of the choices",
    "uuid_parsing": lambda _: "takes one of the choices",
}


def told(detail: str) -> str:
    """Return what the API says of a refusal as a page says it."""
    for pattern, instead in _INSTEAD:
        detail = pattern.sub(instead, detail)
    detail = _BY_ROUTE.sub("", _ROUTES.sub("look at the list", detail))
    return _QUOTED.sub(lambda found: f"“{LABELS.get(found[1], found[1])}”", detail)


def of_form(error: ValidationError) -> str:
    """Say in one sentence what is wrong with what a form sent."""
    faults = error.errors(include_url=False, include_input=False)[:_MOST_FAULTS]
    return f"Correct this and send it again: {'; '.join(_fault(each) for each in faults)}."


def by_field(error: ValidationError) -> dict[str, str]:
    """Return what is wrong with each field of a form, the first of each."""
    found: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_input=False):
        name = next((part for part in fault["loc"] if isinstance(part, str)), "")
        if name:
            found.setdefault(name, f"{_fault(fault)}.")
    return found


def _unit(about: dict[str, Any]) -> str:
    # Only of a list it is said what is too long.
    return "of them" if about.get("field_type") == "List" else "characters"


def _fault(fault: ErrorDetails) -> str:
    field = next((part for part in fault["loc"] if isinstance(part, str)), "")
    about = fault.get("ctx", {})
    said = _FAULTS.get(fault["type"])
    if fault["type"] == "string_pattern_mismatch" and field in _FORMS:
        text = _FORMS[field]
    elif said is not None:
        text = said(about)
    else:
        # Our own checks say it in words; of what Pydantic finds, nothing else reaches a form.
        text = str(about.get("error", "cannot be like that"))
    return told(f"`{field}` {text}" if field else text)
