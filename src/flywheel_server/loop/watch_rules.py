"""Step 5: new attempts become the health of their rules, and a rule that fails is withdrawn."""

from flywheel_server import log
from flywheel_server.actions import rule_health, withdraw
from flywheel_server.db import Connection
from flywheel_server.loop.step import Turn
from flywheel_server.store import policies
from flywheel_server.store import rule_health as stored

_log = log.get(__name__)


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Judge rules with new attempts; return rules judged and rules withdrawn."""
    policy = await policies.in_force(connection)
    judged, cases = await rule_health.judge(connection, policy)
    outcome = await withdraw.withdraw_all(connection, turn.scope, cases, turn.now)
    for case, error in outcome.failed:
        # A rule that fails and stays on is an alarm; the next turn tries again.
        _log.error(
            "a failing rule could not be withdrawn", rule=case.rule.rule_id, reason=str(error)
        )
        turn.problems.append(f"{case.rule.rule_id} could not be withdrawn: {error}")
        await stored.judge_again(connection, case.rule.id)
    return judged, len(outcome.withdrawn)
