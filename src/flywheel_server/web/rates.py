"""Rates are counts: ``{successes, attempts}``.

Without attempts there is no rate: null, never 0 % or 100 %.
"""

from pydantic import BaseModel, ConfigDict, Field


class SuccessView(BaseModel):
    """How often something healed."""

    model_config = ConfigDict(from_attributes=True)

    successes: int = Field(description="Attempts that healed.", examples=[18])
    attempts: int = Field(description="Successes and failures together.", examples=[20])


def success(successes: int, attempts: int) -> tuple[SuccessView, float | None]:
    """Return counts and their rate, None without attempts."""
    rate = successes / attempts if attempts else None
    return SuccessView(successes=successes, attempts=attempts), rate
