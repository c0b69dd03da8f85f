"""Runs many simulated appliances at once, each on its own jittered rhythm, from one seed.

Gentle by construction: no more requests are open at a time than the pool has connections.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import httpx

from flywheel_server.core import clock
from simulator.appliance import Appliance, Identity
from simulator.link import Link

_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How fast a simulated fleet lives; each pause varies by half of itself either way."""

    incident_seconds: float = 4.0
    check_in_seconds: float = 8.0
    evidence_seconds: float = 30.0
    connections: int = 8


class Simulation:
    """A fleet at work. Made by ``connected``."""

    def __init__(self, links: Sequence[Link], rhythm: Rhythm, chance: random.Random) -> None:
        """Take the appliances' lines, and the chance that spreads them in time."""
        self.links = links
        self._rhythm = rhythm
        self._chance = chance

    async def run(self) -> None:
        """Let every appliance live until cancelled."""
        async with asyncio.TaskGroup() as group:
            for link in self.links:
                group.create_task(self._live(link))

    def running_learnt_rules(self) -> int:
        """Count the appliances that hold a rule which the platform learnt."""
        return sum(link.appliance.holds_learnt_rule() for link in self.links)

    def faults(self) -> Counter[str]:
        """Count what went wrong so far, by kind."""
        return sum((link.faults for link in self.links), Counter())

    async def _live(self, link: Link) -> None:
        """Check in when due, let something happen, rest; from a random moment on."""
        loop = asyncio.get_running_loop()
        born = due = loop.time()
        proof_due = born + self._pause(self._rhythm.evidence_seconds)
        await asyncio.sleep(self._chance.random() * self._rhythm.incident_seconds)
        while True:
            if loop.time() >= due:
                await link.check_in(int(loop.time() - born))
                due = loop.time() + self._pause(self._rhythm.check_in_seconds)
            if loop.time() >= proof_due:
                await link.submit_evidence(clock.now())
                proof_due = loop.time() + self._pause(self._rhythm.evidence_seconds)
            await link.heal_one(clock.now())
            await asyncio.sleep(self._pause(self._rhythm.incident_seconds))

    def _pause(self, mean_seconds: float) -> float:
        return mean_seconds * self._chance.uniform(0.5, 1.5)


@contextlib.asynccontextmanager
async def connected(
    base_url: str, members: Sequence[tuple[Identity, str]], rhythm: Rhythm, seed: int
) -> AsyncIterator[Simulation]:
    """Yield a fleet of these identities, each with its key, talking to one server."""
    limits = httpx.Limits(max_connections=rhythm.connections)
    timeout = httpx.Timeout(_TIMEOUT_SECONDS, pool=None)
    async with httpx.AsyncClient(
        base_url=base_url, limits=limits, timeout=timeout, trust_env=False
    ) as http:
        links = [
            Link(http, key, Appliance(identity, _chance(seed, number)))
            for number, (identity, key) in enumerate(members)
        ]
        yield Simulation(links, rhythm, _chance(seed, -1))


def _chance(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed}:{number}")  # noqa: S311 - chance to simulate with, no secret
