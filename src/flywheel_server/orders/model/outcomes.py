"""What came of an order: what its appliance said, and what that means."""

from dataclasses import dataclass
from typing import Any, Literal

# unknown: it was carried out, and the report of it was lost.
Outcome = Literal["success", "failure", "not_attempted", "unknown"]


Standing = Literal["observed", "claimed", "verified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an appliance said of an order, cleaned."""

    success: bool
    result: dict[str, Any] | None
    error_message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What its words mean, and what they are worth."""

    outcome: Outcome
    standing: Standing
    # What the agent's own post-check said; None: nothing, or it cannot know.
    verified: bool | None
    # Why it failed, in the agent's words.
    error: str | None
