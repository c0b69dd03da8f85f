"""What waits for a person about rules."""

from typing import Any
from uuid import UUID

from flywheel_server.core.db import Connection
from flywheel_server.rules.store import rule_alarms
from flywheel_server.rules.store.rule_alarms import RuleAlarm
from flywheel_server.rules.views import alarms as views
from flywheel_server.rules.views.alarms import RuleAlarmView


async def of_rule(connection: Connection, rule: UUID) -> list[RuleAlarmView]:
    """Return what lasts about one rule, answered or not."""
    return [views.view(each) for each in await rule_alarms.of_rules(connection, [rule])]


async def answered(connection: Connection, alarm: RuleAlarm) -> RuleAlarmView:
    """Return an alarm as it is after an answer."""
    (found,) = [
        each for each in await rule_alarms.of_rules(connection, [alarm.rule]) if each.id == alarm.id
    ]
    return views.view(found)


async def waiting(
    connection: Connection, most: int, *, for_operators: bool = False
) -> list[dict[str, Any]]:
    """Return what waits for a person, as parts of ``AlarmView``, the longest lasting first."""
    found = await rule_alarms.unanswered(connection, most, for_operators=for_operators)
    return [views.waiting(each) for each in found]
