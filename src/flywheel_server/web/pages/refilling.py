"""Puts what was typed back into a page's form, and what is wrong beside the field.

It works on any page of ours, so no form can be forgotten. Secrets are never put back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from flywheel_server.web.pages import refusals

# Never carried anywhere: secrets, and what belongs to one session or one page.
SECRET = frozenset({"password", "current", "new", "again", "token", "csrf_token"})
_OWN = frozenset({"from", "kept", "next"})
_TICKED = frozenset({"checkbox", "radio"})
_NEVER = frozenset({"password", "hidden", "submit"})
_MOST_VALUES = 500

Attributes = dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A form as it was sent, without secrets, and what is wrong with it."""

    action: str
    values: Mapping[str, Sequence[str]]
    # What is wrong, by field.
    reasons: Mapping[str, str] = field(default_factory=dict)

    def as_text(self) -> str:
        """Return it for a hidden field."""
        return json.dumps({"action": self.action, "values": self.values})


def typed(
    action: str, sent: Sequence[tuple[str, str]], reasons: Mapping[str, str] | None = None
) -> Typed:
    """Return what a form sent, without secrets."""
    values: dict[str, list[str]] = {}
    for name, value in sent[:_MOST_VALUES]:
        if name not in SECRET | _OWN:
            values.setdefault(name, []).append(value)
    return Typed(action=action, values=values, reasons=reasons or {})


def from_text(text: str) -> Typed | None:
    """Return what a hidden field holds, or None for what is not of our making."""
    try:
        found = json.loads(text)
        sent = [(str(name), str(each)) for name, row in found["values"].items() for each in row]
        return typed(str(found["action"]), sent)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def fill(page: str, form: Typed) -> str:
    """Return the page with the form as it was typed; what has no place there is shown to copy."""
    filler = _Filler(form)
    filler.feed(page)
    filler.close()
    return filler.page()


class _Filler(HTMLParser):
    """Copies a page, and changes what belongs to one form of it."""

    def __init__(self, form: Typed) -> None:
        super().__init__(convert_charrefs=False)
        self._form = form
        self._out: list[str] = []
        self._within = False
        self._label = False
        self._select: str | None = None
        # Where the page ends that has no field of that form for what was typed.
        self._main_end: int | None = None
        # The open parts around, by their place in the output.
        self._details: list[int] = []
        self._skipping = False
        self._wrong: list[str] = []
        self._placed: set[str] = set()
        self._focused = False

    def page(self) -> str:
        """Return the page as far as it was read."""
        left = [
            (name, value)
            for name, values in self._form.values.items()
            if name in refusals.LABELS and name not in self._placed
            for value in values
            if value.strip()
        ]
        if left and self._main_end is not None:
            shown = "".join(
                f"<div><dt>{escape(refusals.LABELS[name])}</dt><dd><bdi>{escape(value)}</bdi></dd></div>"
                for name, value in left
            )
            self._out.insert(
                self._main_end,
                '<section class="card" aria-labelledby="typed"><h2 id="typed">What you had typed'
                f'</h2><dl class="changes">{shown}</dl></section>',
            )
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Copy a tag; a field of the form gets what was typed."""
        given = dict(attrs)
        if tag == "form":
            action = urlsplit(given.get("action") or "").path
            self._within = given.get("method") == "post" and action == self._form.action
        elif tag == "details":
            self._details.append(len(self._out))
        elif tag == "label":
            self._label = True
        elif self._within and tag in {"input", "select", "textarea"}:
            self._field(tag, given)
            return
        elif self._select is not None and tag == "option":
            self._tick(given, "selected", given.get("value") in self._values(self._select))
            self._write(tag, given)
            return
        self._raw()

    def handle_endtag(self, tag: str) -> None:
        """Copy the end of an element; what is wrong with a field comes behind its label."""
        if tag == "textarea":
            self._skipping = False
        elif tag == "select":
            self._select = None
        elif tag == "main":
            self._main_end = len(self._out)
        elif tag == "details" and self._details:
            self._details.pop()
        self._out.append(f"</{tag}>")
        if tag == "label":
            self._label = False
            self._say_what_is_wrong()
        elif tag in {"select", "textarea"} and not self._label:
            self._say_what_is_wrong()
        elif tag == "form":
            self._within = False

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Copy an element that ends itself."""
        del tag, attrs
        self._raw()

    def handle_data(self, data: str) -> None:
        """Copy text, unless what was typed stands in its place."""
        if not self._skipping:
            self._out.append(data)

    def handle_entityref(self, name: str) -> None:
        """Copy a character by its name."""
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Copy a character by its number."""
        self.handle_data(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        """Copy the document's type."""
        self._out.append(f"<!{decl}>")

    def _raw(self) -> None:
        self._out.append(self.get_starttag_text() or "")

    def _values(self, name: str) -> Sequence[str]:
        return self._form.values.get(name, ())

    def _field(self, tag: str, given: Attributes) -> None:
        name, kind = given.get("name") or "", given.get("type") or "text"
        fits = tag != "input" or kind not in _NEVER
        if fits and (name in self._form.values or kind in _TICKED):
            self._placed.add(name)
            self._open_around()
            if kind in _TICKED:
                self._tick(given, "checked", (given.get("value") or "on") in self._values(name))
            elif tag == "input":
                given["value"] = self._values(name)[0]
        self._mark(given, name, hidden=kind == "hidden")
        self._write(tag, given)
        if tag == "textarea" and name in self._form.values:
            # A newline at the beginning is none of the text.
            self._out.append("\n" + escape(self._values(name)[0]))
            self._skipping = True
        elif tag == "select" and name in self._form.values:
            self._select = name
        elif tag == "input" and not self._label:
            self._say_what_is_wrong()

    def _mark(self, given: Attributes, name: str, *, hidden: bool) -> None:
        """Say of a field that it is wrong; the first such one gets the focus."""
        if self._form.reasons:
            given.pop("autofocus", None)
        if hidden or name not in self._form.reasons:
            return
        self._open_around()
        self._wrong.append(name)
        given["aria-invalid"] = "true"
        given["aria-describedby"] = f"{given.get('aria-describedby') or ''} wrong-{name}".strip()
        if not self._focused:
            given["autofocus"] = None
            self._focused = True

    def _say_what_is_wrong(self) -> None:
        for name in dict.fromkeys(self._wrong):
            reason = escape(self._form.reasons[name])
            self._out.append(
                f'<span class="fault wrong" role="alert" id="wrong-{name}"><bdi>{reason}</bdi>'
                "</span>"
            )
        self._wrong = []

    def _open_around(self) -> None:
        for place in self._details:
            if not self._out[place].startswith("<details open"):
                self._out[place] = self._out[place].replace("<details", "<details open", 1)

    @staticmethod
    def _tick(given: Attributes, name: str, on: bool) -> None:
        given.pop(name, None)
        if on:
            given[name] = None

    def _write(self, tag: str, given: Attributes) -> None:
        written = "".join(
            f" {name}" if value is None else f' {name}="{escape(value)}"'
            for name, value in given.items()
        )
        self._out.append(f"<{tag}{written}>")
