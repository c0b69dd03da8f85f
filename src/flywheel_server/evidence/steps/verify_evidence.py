"""Evidence: every site's chain is gone through, what is new at once and all of it once a day."""

from flywheel_server.core.db import Connection
from flywheel_server.core.step import Counts, Turn
from flywheel_server.evidence.actions import evidence_chains
from flywheel_server.folds import store as folds


async def run(connection: Connection, turn: Turn) -> Counts:
    """Look for breaks."""
    await folds.share(connection, "evidence")
    links, broken = await evidence_chains.verify(connection, turn.now)
    turn.problems.extend(broken)
    return {"bundles_verified": links, "chains_broken": len(broken)}
