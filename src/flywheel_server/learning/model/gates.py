"""A gate: one condition on the way to a rule, with the value it saw, so that all see why not."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One ordered condition: ``needed`` is what opens it, ``value`` what it saw."""

    name: str
    value: int | float | str | bool | None
    needed: int | float | str | bool | None
    passed: bool
    # One sentence for people, with the distance that is left where there is one.
    explanation: str


def failing(gates: tuple[Gate, ...]) -> list[str]:
    """Return the names of the gates that are shut, in order."""
    return [gate.name for gate in gates if not gate.passed]
