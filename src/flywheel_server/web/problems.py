"""Errors as RFC 9457 problem documents. Nothing internal is ever put into one."""

from collections.abc import Callable, Iterable

import asyncpg
import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette import exceptions as starlette_exceptions
from starlette.routing import Match, Route
from starlette.types import Scope

from flywheel_server.core import errors, log

_log = log.get(__name__)

# Makes the page of a problem document, or nothing where the answer is for a machine.
Page = Callable[[Request, dict[str, object]], Response | None]

MEDIA_TYPE = "application/problem+json"
_MOST_PROBLEMS = 20
_LONGEST_PLACE = 200
_BY_STATUS = {
    404: ("not-found", "There is no such thing here", "Check the path against /openapi.json."),
    405: ("method-not-allowed", "This path does not take that method", "See the Allow header."),
}


def document(error: errors.FlywheelError, instance: str = "") -> dict[str, object]:
    """Return the problem document of an error."""
    body: dict[str, object] = {
        "type": f"urn:flywheel:problem:{error.code}",
        "title": error.title(),
        "status": error.status,
    }
    if error.detail:
        body["detail"] = error.detail
    if instance:
        body["instance"] = instance
    return body | error.extensions


def response(
    error: errors.FlywheelError, scope: Scope | None = None, request: Request | None = None
) -> Response:
    """Return the HTTP answer of an error: a page on the paths of pages, where it is known.

    With its ``request``, a form that was posted comes back with what was typed.
    """
    headers = {}
    if error.status == 401:  # noqa: PLR2004 - the status itself
        headers["WWW-Authenticate"] = "Bearer"
    if error.status in {429, 503}:
        headers["Retry-After"] = "5"
    return _answer(document(error), error.status, headers, scope, request)


def install(app: FastAPI, page: Page | None = None) -> None:
    """Answer every error of ``app`` with a problem document, or with the ``page`` made of it."""
    app.state.problem_page = page
    app.add_exception_handler(errors.FlywheelError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(starlette_exceptions.HTTPException, _framework)  # noqa: TID251
    for kind in (asyncpg.DataError, UnicodeEncodeError, asyncpg.UntranslatableCharacterError):
        app.add_exception_handler(kind, _unstorable)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, errors.FlywheelError):
        raise error
    # What is shed is counted.
    expected = isinstance(error, errors.Busy)
    if error.status >= 500 and not expected:  # noqa: PLR2004 - server errors
        _log.error("request refused", code=error.code, cause=repr(error.__cause__))
    return response(error, request.scope, request)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    problems = [
        {"where": _place(item["loc"]), "problem": item["msg"]}
        for item in error.errors()[:_MOST_PROBLEMS]
    ]
    unreadable = any(item["type"] == "json_invalid" for item in error.errors())
    kind = errors.Malformed if unreadable else errors.InvalidInput
    first = "; ".join(f"{item['where']}: {item['problem']}" for item in problems[:3])
    return response(
        kind(f"Correct these and send it again: {first}", problems=problems),
        request.scope,
        request,
    )


def _place(parts: Iterable[object]) -> str:
    """Say where a problem is. Keys come from outside: bounded, and fit for the answer's UTF-8."""
    text = ".".join(str(part) for part in parts)[:_LONGEST_PLACE]
    return text.encode("utf-8", "replace").decode()


async def _framework(request: Request, error: Exception) -> Response:
    if not isinstance(error, starlette_exceptions.HTTPException):  # noqa: TID251
        raise error
    # FastAPI wraps what reading the body raised; the cause says what it really was.
    if isinstance(error.__cause__, errors.FlywheelError):
        return response(error.__cause__, request.scope, request)
    if error.status_code not in _BY_STATUS:
        return response(
            errors.Malformed("The body cannot be read: send one JSON document."), request.scope
        )
    code, title, detail = _BY_STATUS[error.status_code]
    headers = dict(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004 - the status itself
        headers["Allow"] = ", ".join(sorted(methods(request)))
    body = {"type": f"urn:flywheel:problem:{code}", "title": title, "detail": detail}
    return _answer(body | {"status": error.status_code}, error.status_code, headers, request.scope)


def _answer(
    body: dict[str, object],
    status: int,
    headers: dict[str, str],
    scope: Scope | None,
    request: Request | None = None,
) -> Response:
    """Return a problem document, or the page of it where people's pages are asked for."""
    page: Page | None = None
    if scope is not None and "app" in scope:
        page = scope["app"].state.problem_page
    shown = None if page is None or scope is None else page(request or Request(scope), body)
    if shown is not None:
        shown.headers.update(headers)
        return shown
    return Response(
        msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


def methods(request: Request) -> set[str]:
    """Return what every route of a path takes together; the framework knows only the first."""
    found = {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    # HEAD is answered wherever GET is (`web/requests.py`).
    return found | {"HEAD"} if "GET" in found else found


async def _unstorable(request: Request, error: Exception) -> Response:
    _log.info("a value cannot be stored", reason=type(error).__name__)
    return response(
        errors.InvalidInput(
            "A value is out of range or holds characters that cannot be stored (NUL bytes, lone "
            "surrogates): correct it and send it again."
        ),
        request.scope,
        request,
    )
