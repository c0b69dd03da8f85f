"""What delivering a rule means for people, by agent version: the one place where it is said.

Before approving, before switching off, and as the remedy where a rule stays.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from flywheel_server.core import agents
from flywheel_server.core.agents import Agent

CANNOT_BE_WITHDRAWN = "delivered, cannot be withdrawn by this agent version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What happens on the agents of one range of versions."""

    at_delivery: str
    at_switching_off: str
    # Where its file is, with the rule's id to be filled in; None: the agent drops it by itself.
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The same for some appliances, of which all have one kind of agent."""

    agent: str
    appliances: int
    delivery_is_final: bool
    at_delivery: str
    at_switching_off: str
    remedy: str | None


_STAYS = "Its file stays on the appliance and goes on firing, also after a restart."
_IN_FOLDER = "the file of `{rule_id}` in its `rules/promoted/` folder"
WORDS: Mapping[str, Words] = {
    agents.OLDER_DAEMON.name: Words(
        at_delivery="It is sent by an order and loaded at the agent's next restart.",
        at_switching_off=_STAYS,
        file=_IN_FOLDER,
    ),
    agents.NEWER_DAEMON.name: Words(
        at_delivery="It is sent by an order and loaded at once.",
        at_switching_off=_STAYS,
        file=_IN_FOLDER,
    ),
    agents.PYTHON.name: Words(
        at_delivery="The agent fetches it: with its next sync, and as a file that it loads at its "
        "next poll (within four hours) or restart.",
        at_switching_off=f"A sync drops it from the synced rules alone. {_STAYS}",
        file="`rules/promoted/{rule_id}.yaml`",
    ),
    agents.UNKNOWN.name: Words(
        at_delivery="The agent fetches it with its next sync.",
        at_switching_off="The agent drops it at its next sync.",
    ),
}


def remedy(agent: Agent, rule_id: str) -> str | None:
    """Return how a person takes a rule off an appliance; None: its agent does that by itself."""
    file = WORDS[agent.name].file
    if file is None:
        return None
    return (
        f"On the appliance, delete {file.format(rule_id=rule_id)}, then restart the agent and mark "
        "the file as removed here."
    )


def notes(versions: Iterable[str], rule_id: str = "{rule_id}") -> list[Note]:
    """Return what delivery means on appliances with these agent versions, final ones first."""
    counted = Counter(agents.of(version) for version in versions)
    found = [
        Note(
            agent=agent.name,
            appliances=count,
            delivery_is_final=not agent.withdraws,
            at_delivery=WORDS[agent.name].at_delivery,
            at_switching_off=WORDS[agent.name].at_switching_off,
            remedy=remedy(agent, rule_id),
        )
        for agent, count in counted.items()
    ]
    return sorted(found, key=lambda note: (not note.delivery_is_final, note.agent))


def final(versions: Iterable[str]) -> bool:
    """Say whether any appliance with such an agent keeps a rule for good once it has it."""
    return any(not agents.of(version).withdraws for version in versions)


class Counted(Protocol):
    """Some appliances of one kind of agent."""

    appliances: int
    delivery_is_final: bool


def at_switching_off(notes: Iterable[Note | Counted]) -> str:
    """Return one sentence or two on what switching a rule off does where it has arrived."""
    found = list(notes)
    stays = sum(note.appliances for note in found if note.delivery_is_final)
    drops = sum(note.appliances for note in found if not note.delivery_is_final)
    said = []
    if drops or not stays:
        whose = f"{drops} of its appliances drop" if stays else "Appliances that have it drop"
        said.append(f"{whose} it at their next sync.")
    if stays:
        verb = "keeps its file and goes" if stays == 1 else "keep its file and go"
        who = "1 appliance" if stays == 1 else f"{stays} appliances"
        said.append(f"{who} {verb} on running it until a person deletes the file.")
    return " ".join(said)
