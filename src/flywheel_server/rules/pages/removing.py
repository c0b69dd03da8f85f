"""Forms about alarms and files of rules, and the messages that answer them."""

from flywheel_server.rules.routes.remains import RemovalBody, RemovalView
from flywheel_server.web.pages import forms

ANSWERED = "It is noted that you have looked, and why."


def removal_body(given: dict[str, str]) -> RemovalBody:
    """Return what a form says of a file that was removed."""
    names = ("site_id", "appliance_id", "reason")
    return forms.checked(RemovalBody, {name: given[name] for name in names if given.get(name)})


def removed(view: RemovalView) -> str:
    """Say what was marked."""
    return f"{view.rule_id} is marked as removed at {view.site_id}. {view.note}"
