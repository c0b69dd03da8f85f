"""The frame of every page: templates, who looks at it, the message of what was just done.

Templates escape everything; a name that a template does not know is an error, not a blank.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
import msgspec
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from flywheel_server.core import clock
from flywheel_server.core.scope import PersonScope
from flywheel_server.web.pages import files, refusals, viewers, words

_NOTICE_COOKIE = "flywheel_notice"
_LONGEST_NOTICE = 600
_NOTICE_SECONDS = 60

_templates = jinja2.Environment(
    # Each room has the templates of its own pages.
    loader=jinja2.FileSystemLoader(sorted(Path(__file__).parents[2].glob("*/templates"))),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(words.FILTERS, plainly=refusals.told)
_templates.globals.update(static=files.path, rate=words.rate)


def add_filters(filters: Mapping[str, Callable[..., object]]) -> None:
    """Give every template the filters of a room above."""
    _templates.filters.update(filters)


class Notice(msgspec.Struct, frozen=True):
    """What became of what somebody just did; ``kind`` is ``done`` or ``trouble``."""

    kind: str
    text: str
    # The type of the problem that refused it.
    problem: str = ""


def page(
    request: Request,
    scope: PersonScope | None,
    template: str,
    *,
    status: int = 200,
    notice: Notice | None = None,
    **values: Any,
) -> Response:
    """Return a page for whoever asks; ``scope`` is None for who has not signed in."""
    kept = _notice(request)
    refused: Notice | None = getattr(request.state, "refused", None)
    text = _templates.get_template(template).render(
        viewer=None if scope is None else viewers.viewer(request, scope),
        notice=notice or refused or kept,
        # What the page's forms give as theirs; of a form's answer, what reloading it shows.
        came_from=_came_from(request),
        answers=refused is not None,
        here=request.url.path,
        query=dict(request.query_params),
        now=clock.now(),
        # What answers a form is no page of its address: it shows what is shown once, and stays.
        live_since=request.state.begun_at if request.method == "GET" and refused is None else None,
        # What needs a mail server is not offered without one.
        mails=bool(request.app.state.runtime.settings.smtp_url),
        **values,
    )
    answer = HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})
    if kept is not None:
        answer.delete_cookie(_NOTICE_COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def go(path: str, text: str = "", *, kind: str = "done") -> Response:
    """Return a redirect after a form was posted, with the message that the next page shows."""
    answer = RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})
    if text:
        shown = text if len(text) <= _LONGEST_NOTICE else f"{text[:_LONGEST_NOTICE]}…"
        answer.set_cookie(
            _NOTICE_COOKIE,
            base64.urlsafe_b64encode(msgspec.json.encode(Notice(kind, shown))).decode(),
            max_age=_NOTICE_SECONDS,
            path="/",
            httponly=True,
            samesite="lax",
        )
    return answer


def address(path: str, **query: object) -> str:
    """Return a path with the parameters that are set."""
    given = {name: value for name, value in query.items() if value not in {None, ""}}
    return f"{path}?{urlencode(given)}" if given else path


def own_path(text: str) -> str:
    """Return a path of ours from outside, or nothing for what would lead elsewhere."""
    plain = text.isprintable() and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else ""


def _came_from(request: Request) -> str:
    """Return the address of the page that is made; that of a post is known by its path alone."""
    if request.method == "GET" and request.url.query:
        return f"{request.url.path}?{request.url.query}"
    return request.url.path


def _notice(request: Request) -> Notice | None:
    kept = request.cookies.get(_NOTICE_COOKIE)
    if not kept:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(kept.encode()), type=Notice)
    except (binascii.Error, UnicodeError, ValueError):
        # Not of our making: there is nothing to show.
        return None
