"""A setting has two values: what it should be, and what the appliance said it is."""

from typing import Literal

State = Literal["applied", "pending", "not reported"]


def state(desired: str | None, reported: str | None) -> State:
    """Return where a setting stands; an agent that never reports is not assumed to comply."""
    if reported is None:
        return "not reported"
    return "applied" if reported == desired else "pending"
