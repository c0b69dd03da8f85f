"""Which ids may stand for something else: planner decisions and escalations never may."""

from flywheel_server import errors

# Decisions of a planner and escalations: what they did is in no catalogue.
_NEVER = ("L2-", "L3-", "ESC-")
# Ids of rules, by an older server or compiled into agents: never those of a runbook.
_RULES_ONLY = ("AUTO-", "RB-AUTO-", "L1-")

NEVER_RUNBOOKS = _NEVER + _RULES_ONLY


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
