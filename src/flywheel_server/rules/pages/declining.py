"""Declining a platform rule for all of one's own sites, and taking that back: both ask first."""

from flywheel_server.rules.model import delivery_words
from flywheel_server.rules.routes.client_rules import ClientRuleView
from flywheel_server.web.pages.asking import Question


def of_declining(rule: ClientRuleView, holders: list[str], back: str) -> Question:
    """Return what is asked before; ``holders`` are the agent versions that have the rule."""
    return Question(
        title=f"Decline {rule.name} for all of your sites?",
        final="It leaves the rule sets of your sites at once.",
        then=delivery_words.at_switching_off(delivery_words.notes(holders))
        + " Where it is gone, the planner (L2) heals in its place. You can take this back.",
        verb="Decline it",
        back=back,
        why=True,
    )


def of_accepting(rule: ClientRuleView, back: str) -> Question:
    """Return what is asked before."""
    return Question(
        title=f"Have {rule.name} at your sites again?",
        final="It travels to your appliances again, with their next sync or by an order.",
        then="From then on it heals there at once and without asking.",
        verb="Take it back",
        back=back,
        danger=False,
    )


def declined(rule: ClientRuleView) -> str:
    """Say what was done."""
    return f"{rule.rule_id} is declined: your sites do not get it any more."


def accepted(rule: ClientRuleView) -> str:
    """Say what was done."""
    if rule.taken:
        return f"{rule.rule_id} is not declined by you any more; what else keeps it away stays."
    return f"{rule.rule_id} is not declined any more: your sites get it again."
