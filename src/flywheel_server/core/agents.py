"""The agents in the field by family and version, as data: what each can know, and what it can do.

The one place where a version is believed or not. An unknown version is believed to be capable of
what it shows: it pulls if it syncs, and it saw what it says it saw.
"""

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# What an agent reports that it did: a heal at a level, or a healing order that it was sent.
Deed = Literal["L1", "L2", "L3", "healing_order"]
# What its word about that is worth: it ran it and saw the result, or this version cannot know.
Word = Literal["observed", "claimed"]

_VERSION = re.compile(r"v?(\d{1,6})(?:\.(\d{1,6}))?")
_OBSERVES_ALL: dict[Deed, Word] = {
    "L1": "observed", "L2": "observed", "L3": "observed", "healing_order": "observed",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agent:
    """What the agents of a range of versions have in common."""

    name: str
    family: Literal["go", "python", "unknown"]
    # What a success or failure that it reports is worth where no post-check stands beside it.
    words: dict[Deed, Word]
    # Carries healing orders out; the others acknowledge them and do nothing.
    heals_by_order: bool
    # Asks for its rule set by itself; the others have to be sent orders.
    pulls: bool
    # Loads a rule file as soon as it has it.
    loads_at_once: bool
    # Takes another content for a rule that it has.
    updates: bool
    # Drops a learnt rule that it has once it is no longer served; the others keep its file.
    withdraws: bool


# Runs the word of an L2 answer as PowerShell, or nothing, and always says success. A healing order
# is answered with "healing_triggered", and nothing is sent anywhere.
OLDER_DAEMON = Agent(
    name="older daemon",
    family="go",
    words=_OBSERVES_ALL | {"L2": "claimed", "healing_order": "claimed"},
    heals_by_order=False,
    pulls=False,
    loads_at_once=False,
    updates=False,
    withdraws=False,
)
NEWER_DAEMON = Agent(
    name="newer daemon",
    family="go",
    words=_OBSERVES_ALL,
    heals_by_order=True,
    pulls=False,
    loads_at_once=True,
    updates=False,
    withdraws=False,
)
# Always says success at L2; its post-check, where there is one, knows better. A sync rewrites its
# synced rules alone: what it got from `promoted-rules` becomes files that stay and fire, loaded at
# its next poll (four hours at most) or restart.
PYTHON = Agent(
    name="Python agent",
    family="python",
    words=_OBSERVES_ALL | {"L2": "claimed"},
    heals_by_order=True,
    pulls=True,
    loads_at_once=True,
    updates=True,
    withdraws=False,
)
UNKNOWN = Agent(
    name="unknown agent",
    family="unknown",
    words=_OBSERVES_ALL,
    heals_by_order=True,
    pulls=True,
    loads_at_once=True,
    updates=True,
    withdraws=True,
)

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


@functools.lru_cache(maxsize=4_096)
def among(versions: tuple[str, ...]) -> frozenset[Agent]:
    """Return the agents that these versions are; equal sets are one object."""
    return _SETS.setdefault(found := frozenset(of(version) for version in versions), found)


_SETS: dict[frozenset[Agent], frozenset[Agent]] = {}


def word(present: Iterable[Agent], deed: Deed) -> Word:
    """Return what is to be believed where one of ``present`` reported, and it is unknown which.

    One that cannot know makes it a claim; with nothing known of who reports, it is believed.
    """
    return "claimed" if any(agent.words[deed] == "claimed" for agent in present) else "observed"
