"""The agents in the field by version, as data: what each can do with a rule it is sent.

An unknown version is believed to be capable of whatever it shows: it pulls if it syncs.
"""

import re
from dataclasses import dataclass

_VERSION = re.compile(r"v?(\d{1,6})(?:\.(\d{1,6}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What the agents of a range of versions have in common."""

    name: str
    # Asks for its rule set by itself; the others have to be sent orders.
    pulls: bool
    # Loads a rule file as soon as it has it.
    loads_at_once: bool
    # Can update, disable and delete a rule that it was sent.
    withdraws: bool


OLDER_DAEMON = Agent(name="older daemon", pulls=False, loads_at_once=False, withdraws=False)
NEWER_DAEMON = Agent(name="newer daemon", pulls=False, loads_at_once=True, withdraws=False)
PYTHON = Agent(name="Python agent", pulls=True, loads_at_once=True, withdraws=True)
UNKNOWN = Agent(name="unknown agent", pulls=True, loads_at_once=True, withdraws=True)

# From this version on, the newest first.
VERSIONS: tuple[tuple[tuple[int, int], Agent], ...] = (
    ((1, 0), PYTHON),
    ((0, 4), NEWER_DAEMON),
    ((0, 0), OLDER_DAEMON),
)
# The same for queries: versions that never pull, and versions that load rules at their restart.
NEVER_PULLS = r"^v?0+([^0-9]|$)"
LOADS_AT_RESTART = r"^v?0+(\.0*[0-3]([^0-9]|$)|[^0-9.]|\.[^0-9]|\.?$)"


def of(version: str) -> Agent:
    """Return what is known of the agent that calls itself ``version``."""
    found = _VERSION.match(version)
    if found is None:
        return UNKNOWN
    number = (int(found[1]), int(found[2] or 0))
    return next(agent for since, agent in VERSIONS if number >= since)
