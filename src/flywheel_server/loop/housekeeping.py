"""Step 6: makes partitions for the time ahead and forgets what is past its retention."""

from flywheel_server.actions import partitions, retention
from flywheel_server.db import Connection
from flywheel_server.loop.step import Turn


async def run(connection: Connection, turn: Turn) -> tuple[int, int]:
    """Keep the tables in shape; return nothing looked at and things made or forgotten."""
    kept = turn.settings
    done = await partitions.ensure(connection, turn.now)
    done += await retention.drop_executions(connection, turn.now, kept.execution_retention_days)
    done += await retention.drop_log_lines(connection, turn.now, kept.log_retention_days)
    done += await retention.forget_keys(connection, turn.now, kept.execution_retention_days)
    done += await retention.forget_runs(connection, turn.now)
    return 0, done
