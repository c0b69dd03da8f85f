"""Changes the learning policy; every version stays, with who, when and why."""

import datetime as dt

from flywheel_server.core import audit, errors
from flywheel_server.core.db import Connection
from flywheel_server.core.scope import OperatorScope
from flywheel_server.folds import due, store as folds
from flywheel_server.policy import model as policy, store as policies
from flywheel_server.rules.store import rule_health

_LONGEST_REASON = 2_000


async def ensure(connection: Connection, now: dt.datetime) -> None:
    """Put the defaults in force where no policy is."""
    if await policies.current(connection) is None:
        await policies.append(connection, policy.Policy(), "the defaults", "set-up", now)


async def change(
    connection: Connection,
    actor: OperatorScope,
    values: dict[str, object],
    reason: str,
    now: dt.datetime,
) -> policies.Version:
    """Put the current policy with ``values`` changed in force, and have every gate looked at anew.

    Raises InvalidInput for an unknown or impossible value or an empty reason.
    """
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise errors.InvalidInput(f"Give a `reason` of 1 to {_LONGEST_REASON} characters.")
    # A step that judges by the policy in force is let finish first.
    await folds.lock(connection)
    await policies.lock(connection)
    before = await policies.current(connection)
    if before is None:
        raise errors.Unavailable("The database has no policy yet: run `flywheel-server migrate`.")
    after = policy.from_values(policy.as_values(before.policy) | values)
    policy.check(after)
    version = await policies.append(connection, after, reason, actor.actor_name, now)
    await due.mark_all_due(connection)
    await rule_health.count_all_again(connection)
    await audit.record(
        connection,
        actor,
        "policy.change",
        object_kind="policy",
        object_id=str(version.version),
        now=now,
        before=dict(policy.as_values(before.policy)),
        after={**policy.as_values(after), "reason": reason},
    )
    return version
