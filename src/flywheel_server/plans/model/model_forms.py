"""In which form a model's endpoint takes a question, and the next form after a refusal.

"OpenAI-compatible" endpoints refuse different members: some know no ``json_schema``, some want
``max_completion_tokens`` for ``max_tokens``, some take no ``temperature``. What is asked stays the
same in every form, and an answer is checked alike.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_BEHIND: dict[str, dict[str, str]] = {
    # What is tried after a refused value; "": the member is left out.
    "output": {"json_schema": "json_object", "json_object": ""},
    "tokens": {"max_tokens": "max_completion_tokens", "max_completion_tokens": ""},
    "temperature": {"temperature": ""},
}
_NAMES = {
    "output": re.compile(r"response_?format|json_?schema|json_?object|structured|guided|grammar"),
    "tokens": re.compile(r"max_?(?:completion_?|output_?|new_?)?tokens"),
    "temperature": re.compile(r"temperature"),
}

# What refuses a request as such, and what refuses whoever asks, or so often.
_OF_THE_REQUEST = frozenset({400, 422, 501})
_OF_THE_ASKER = frozenset({401, 402, 403, 407, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Which members a question has."""

    output: str = "json_schema"
    tokens: str = "max_tokens"
    temperature: str = "temperature"


PLAIN = Form()


def dressed(question: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """Return a question, which is in the form PLAIN, in another one."""
    found = dict(question)
    if form.output == "json_object":
        found["response_format"] = {"type": "json_object"}
    elif not form.output:
        del found["response_format"]
    most = found.pop("max_tokens")
    if form.tokens:
        found[form.tokens] = most
    if not form.temperature:
        del found["temperature"]
    return found


def after_refusal(form: Form, status: int, said: str) -> Form | None:
    """Return the form to try after an endpoint refused one; None where no other would help.

    ``said`` is what it gave as its reason: the members that it names are changed. Where a refusal
    of the request as such names none, they are changed one after the other, those first that are
    refused most often.
    """
    if status in _OF_THE_ASKER:
        return None
    words = said[:4_096].lower()
    changes = {
        name: _BEHIND[name][getattr(form, name)]
        for name, pattern in _NAMES.items()
        if pattern.search(words) and getattr(form, name)
    }
    if changes:
        return replace(form, **changes)
    for name in _BEHIND if status in _OF_THE_REQUEST else ():
        if getattr(form, name):
            return replace(form, **{name: _BEHIND[name][getattr(form, name)]})
    return None
