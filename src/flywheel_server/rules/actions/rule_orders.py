"""Orders that carry rules."""

import datetime as dt

from flywheel_server.orders.model import orders as domain
from flywheel_server.orders.model.orders import Draft
from flywheel_server.rules.model import rules
from flywheel_server.rules.model.rules import Rule


def rule_draft(
    rule: Rule,
    *,
    priority: int = domain.PRIORITY,
    lifetime: dt.timedelta = domain.RULE_LIFETIME,
) -> Draft:
    """Return the order that carries a rule to an appliance that does not ask for rules."""
    return Draft(
        kind="sync_promoted_rule",
        order_type="sync_promoted_rule",
        parameters={"rule_id": rule.rule_id, "rule_yaml": rules.as_yaml(rule)},
        object_key=rule.rule_id,
        rule=rule.id,
        priority=priority,
        lifetime=lifetime,
    )
