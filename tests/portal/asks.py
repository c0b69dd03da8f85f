"""What the matrix of pages asks: a path and its form, made from what the stage of the laws has."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.routes.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """What paths and forms of the first partner name."""

    stage: Stage
    rule: str

    def candidate(self, purpose: str) -> str:
        return self.stage.candidate(self.stage.cast.site, purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request of a page: its path, and its form if it changes something."""

    path: str
    form: dict[str, str] | None = None


Builder = Callable[[Ids], Ask]
