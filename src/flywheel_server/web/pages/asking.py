"""Asks before what cannot be taken back: the same page, or dialog, for each such deed.

It stands at the address that its form posts to, and says first what is final about it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request, Response

from flywheel_server.core.scope import PersonScope
from flywheel_server.web.pages import frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: about what, what is final, what else comes of it, and the button's verb."""

    title: str
    final: str
    then: str
    verb: str
    back: str
    danger: bool = True
    # Where the form goes; here if nothing is said.
    action: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    # Whether a reason has to be given.
    why: bool = False


def page(request: Request, scope: PersonScope, question: Question) -> Response:
    """Return the page that asks."""
    return frame.page(request, scope, "ask.html", question=question)
