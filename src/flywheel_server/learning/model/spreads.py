"""How evidence is spread: over organizations, partners and incidents, how old and how sure it is.

Counts alone: whoever reads them learns of no other tenant than that there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One organization's part, or one host's of a site: executions that are kept, in force."""

    # None where there is but one: a site's own.
    partner_id: UUID | None
    # Successes and failures, as far as they count.
    attempts: int
    successes: int
    # The incidents that they were for. One is healed if its last attempt was; without an incident's
    # id, all of a host are one.
    incidents: int
    incident_successes: int
    # The attempts of the incident that was tried most often.
    most_of_one: int
    # Not attempted, unreachable among them, or called a chaos test.
    unproven: int
    # Attempts that are older than was asked for.
    aged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """All parts together."""

    voices: Sequence[Voice]
    # How many days old an attempt is that counts as aged.
    days: int

    @property
    def attempts(self) -> int:
        """Successes and failures."""
        return sum(each.attempts for each in self.voices)

    @property
    def successes(self) -> int:
        """Those that healed."""
        return sum(each.successes for each in self.voices)

    @property
    def incidents(self) -> int:
        """The incidents that they were for."""
        return sum(each.incidents for each in self.voices)

    @property
    def incident_successes(self) -> int:
        """The incidents that were healed at last."""
        return sum(each.incident_successes for each in self.voices)

    @property
    def most_of_one(self) -> int:
        """The attempts of the incident that was tried most often."""
        return max((each.most_of_one for each in self.voices), default=0)

    @property
    def unproven(self) -> int:
        """Not attempted, unreachable among them, or called a chaos test."""
        return sum(each.unproven for each in self.voices)

    @property
    def aged(self) -> int:
        """Attempts that are older than ``days``."""
        return sum(each.aged for each in self.voices)

    @property
    def largest(self) -> int:
        """The attempts of the organization that has most."""
        return max((each.attempts for each in self.voices), default=0)

    @property
    def largest_incidents(self) -> int:
        """The incidents of the organization that has most."""
        return max((each.incidents for each in self.voices), default=0)

    @property
    def partners(self) -> int:
        """Of how many partners the organizations are that attempted anything."""
        return len({each.partner_id for each in self.voices if each.attempts})

    def heard(self, least: int) -> int:
        """Return how many organizations have so many attempts, on as many incidents."""
        return sum(each.attempts >= least and each.incidents >= least for each in self.voices)

    def sentence(self) -> str:
        """Return how the evidence of a pair is spread, in one sentence."""
        if not self.attempts:
            return "No execution that counts is kept."
        organizations = self.heard(1)
        if organizations == 1:
            parts = [f"All {self.attempts} from one organization"]
        else:
            parts = [f"{self.largest} of {self.attempts} from one of {organizations} organizations"]
            parts.append(
                "all of one partner" if self.partners == 1 else f"of {self.partners} partners"
            )
        return ", ".join([*parts, self._incidents()]) + "."

    def own_sentence(self) -> str:
        """Return how the evidence of one host of a site is spread, in one sentence."""
        if not self.attempts:
            return "No execution that counts is kept."
        return f"{self.successes} of {self.attempts} healed, {self._incidents()}."

    def _incidents(self) -> str:
        if self.most_of_one <= 1:
            return "each for another incident"
        if self.incidents == 1:
            return f"all for one incident, tried {self.most_of_one} times"
        return f"for {self.incidents} incidents, one of them repeated {self.most_of_one} times"
