"""The forms of ids in the field, and which may stand for something else.

Planner decisions and escalations never may.
"""

from flywheel_server.core import errors

RULE = "L1-"
PLACEHOLDER = "AUTO-"
OLDER_RULE = "RB-AUTO-"
PLANNED = "L2-"
TO_A_PERSON = "L3-"
ESCALATION = "ESC-"

# What the id of no runbook begins with, and what it names.
NO_RUNBOOKS = {
    PLACEHOLDER: "A placeholder of an older server",
    OLDER_RULE: "A rule id of an older server",
    PLANNED: "A planner's decision",
    RULE: "A rule id",
    TO_A_PERSON: "An escalation",
    ESCALATION: "An escalation",
}
# Decisions of a planner and escalations: what they did is in no catalogue.
_NEVER = (PLANNED, TO_A_PERSON, ESCALATION)
# Ids of rules, by an older server or compiled into agents: never those of a runbook.
_RULES_ONLY = (PLACEHOLDER, OLDER_RULE, RULE)


def check(alias: str, *, for_rule: bool) -> None:
    """Raise InvalidInput where ``alias`` may not stand for a runbook or, ``for_rule``, a rule."""
    if alias.startswith(_NEVER):
        raise errors.InvalidInput(
            f"`{alias}` names a decision or an escalation, which is no runbook and no rule: "
            "register what was really run."
        )
    if not for_rule and alias.startswith(_RULES_ONLY):
        raise errors.InvalidInput(
            f"`{alias}` has the form of a rule's id: give the `rule_id` it stands for."
        )


def never(alias: str) -> bool:
    """Say whether an id names a decision or an escalation, and so may stand for nothing."""
    return alias.startswith(_NEVER)


def for_rules_only(alias: str) -> bool:
    """Say whether an id has the form of a rule's and may stand for a rule alone."""
    return alias.startswith(_RULES_ONLY)


def no_runbook(runbook_id: str) -> str | None:
    """Return what an id names that has not the form of a runbook's, else None."""
    return next(
        (kind for prefix, kind in NO_RUNBOOKS.items() if runbook_id.startswith(prefix)), None
    )
