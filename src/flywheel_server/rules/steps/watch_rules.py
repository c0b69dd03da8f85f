"""Step 5: new attempts become the health of their rules, and a rule that fails is withdrawn.

From everybody only where it fails without any one organization or partner; else from that one.
"""

from collections.abc import Sequence

from flywheel_server.core import log
from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.policy import store as policies
from flywheel_server.rules.actions import exclusions, rule_health, withdraw
from flywheel_server.rules.actions.withdraw import Case
from flywheel_server.rules.store import rule_health as stored

_log = log.get(__name__)
# More at once is no bad rule but a bad day, or somebody's doing: a person looks at the rest.
MOST_PLATFORM_RULES = 3


async def run(connection: Connection, turn: Turn) -> Counts:
    """Judge rules with new attempts, and withdraw those that fail."""
    policy = await policies.in_force(connection)
    judged, cases = await rule_health.judge(connection, policy)
    quarantined = await _quarantine(connection, turn, cases)
    for_everybody = await _bounded(connection, turn, [each for each in cases if not each.tenant])
    outcome = await withdraw.withdraw_all(connection, turn.scope, for_everybody, turn.now)
    for case, error in outcome.failed:
        # A rule that fails and stays on is an alarm; the next turn tries again.
        _log.error(
            "a failing rule could not be withdrawn", rule=case.rule.rule_id, reason=str(error)
        )
        turn.problems.append(f"{case.rule.rule_id} could not be withdrawn: {error}")
        await stored.judge_again(connection, case.rule.id)
    return {
        "rules_judged": judged,
        "rules_withdrawn": len(outcome.withdrawn),
        "rules_quarantined": quarantined,
    }


async def _quarantine(connection: Connection, turn: Turn, cases: Sequence[Case]) -> int:
    """Take rules from the one tenant that they fail for; return how many."""
    made = 0
    for case in cases:
        if case.tenant is None:
            continue
        found = await exclusions.exclude(
            connection,
            turn.scope,
            case.rule,
            case.tenant,
            kind="quarantined",
            reason=case.reason,
            now=turn.now,
        )
        made += found is not None
    return made


async def _bounded(connection: Connection, turn: Turn, cases: Sequence[Case]) -> list[Case]:
    """Return what this turn withdraws: of platform rules the first few, the rest waits."""
    of_platform = [case for case in cases if case.rule.source == "platform"]
    waiting = of_platform[MOST_PLATFORM_RULES:]
    for case in waiting:
        await stored.judge_again(connection, case.rule.id)
    if waiting:
        turn.problems.append(
            f"{len(of_platform)} platform rules fail at once: a turn withdraws "
            f"{MOST_PLATFORM_RULES} of them. Look at the others: "
            + ", ".join(case.rule.rule_id for case in waiting[:10])
        )
    return [case for case in cases if case not in waiting]
