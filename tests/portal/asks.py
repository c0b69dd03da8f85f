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


def removal(root: str, *, sends: bool) -> Builder:
    """Return an ask about an appliance that is there to be removed."""

    def ask(ids: Ids) -> Ask:
        one = ids.stage.ghosts[0]
        return Ask(
            path=f"{root}/{one.site.id}/appliances/{one.id}/remove",
            form={"reason": "It is gone."} if sends else None,
        )

    return ask


def alarm(root: str, kind: str) -> Builder:
    """Return the ask that answers an alarm about a rule."""

    def ask(ids: Ids) -> Ask:
        id = ids.stage.alarms[kind]
        rule = ids.stage.alarmed[id]
        return Ask(path=f"{root}/{rule}/alarms/{id}", form={"reason": "It heals."})

    return ask


def platform_rule(root: str) -> dict[str, Builder]:
    """Return the asks about declining a rule that is everybody's, and taking that back."""

    def ask(verb: str, form: dict[str, str] | None) -> Builder:
        return lambda ids: Ask(path=f"{root}/{ids.stage.platform_rule}/{verb}", form=form)

    forms: dict[str, dict[str, str]] = {"decline": {"reason": "Not here."}, "accept": {}}
    return {
        f"{method} {root}/{{id}}/{verb}": ask(verb, form if method == "POST" else None)
        for verb, form in forms.items()
        for method in ("GET", "POST")
    }


# What is named there is the platform's: of no tenant's, so never foreign.
SHARED = frozenset(
    f"{method} {root}/{{id}}/{verb}"
    for root in ("/client/rules", "/partner/learning/platform-rules")
    for verb in ("decline", "accept")
    for method in ("GET", "POST")
)
