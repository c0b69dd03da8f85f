"""What became of decisions on many candidates."""

from collections.abc import Sequence

from flywheel_server.core.db import Connection
from flywheel_server.learning.actions.bulk import Approval, Outcome, Rejection
from flywheel_server.learning.store import candidates
from flywheel_server.learning.views import bulk as views
from flywheel_server.learning.views.bulk import BulkView
from flywheel_server.rules.views import delivery_notes


async def shown(
    connection: Connection,
    outcome: Outcome,
    ids: Sequence[str],
    deed: Approval | Rejection,
    dry_run: bool,
) -> BulkView:
    """Return what became of each; of approvals, whether their delivery is final."""
    known = await candidates.get(connection, ids)
    final = {id: delivery_notes.final(each.agent_versions) for id, each in known.items()}
    return views.view(outcome, dry_run, final if isinstance(deed, Approval) else {})


async def names(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return what those candidates are called that the caller may see."""
    found = await candidates.get(connection, ids)
    return {
        id: f"{each.evidence.incident_type} on {each.hostname} at {each.site_name}"
        for id, each in found.items()
    }
