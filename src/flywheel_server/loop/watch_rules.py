"""Step 5: what L1 did becomes the counters and the health of its rules; what fails is withdrawn."""

from flywheel_server import log
from flywheel_server.actions import folds, rule_health, withdraw
from flywheel_server.db import Connection
from flywheel_server.loop.step import Turn
from flywheel_server.store import rule_health as stored

_log = log.get(__name__)


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Fold what L1 did since the last turn; return facts taken and rows changed."""
    facts, changed = await folds.rules(connection, turn.now)
    await folds.rule_attempts(connection, turn.now)
    cases = await rule_health.judge(connection, turn.policy)
    outcome = await withdraw.withdraw_all(connection, turn.scope, cases, turn.now)
    for case, error in outcome.failed:
        # A rule that fails and stays on is an alarm; the next turn tries again.
        _log.error(
            "a failing rule could not be withdrawn", rule=case.rule.rule_id, reason=str(error)
        )
        turn.problems.append(f"{case.rule.rule_id} could not be withdrawn: {error}")
        await stored.judge_again(connection, case.rule.id)
    return facts, changed + len(outcome.withdrawn)
