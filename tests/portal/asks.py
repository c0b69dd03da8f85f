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


def removal(root: str, *, sends: bool) -> "Builder":
    """Return an ask about an appliance that is there to be removed."""

    def ask(ids: Ids) -> Ask:
        one = ids.stage.ghosts[0]
        return Ask(
            path=f"{root}/{one.site.id}/appliances/{one.id}/remove",
            form={"reason": "It is gone."} if sends else None,
        )

    return ask


Builder = Callable[[Ids], Ask]
