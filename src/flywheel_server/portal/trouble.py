"""Problems as pages. Who is not signed in gets the form to sign in, and then goes on."""

from fastapi import Request, Response

from flywheel_server.api import credentials
from flywheel_server.portal import frame, layer

_UNAUTHENTICATED = 401
_LOST = "Check the address, or begin at your start page."
_SIGNING_IN = frozenset({"/sign-in", "/sign-in/link", "/invitation"})


def page(request: Request, body: dict[str, object]) -> Response | None:
    """Return the page of a problem document, or None where the answer is for a machine."""
    path = request.url.path
    if not layer.is_page(path):
        return None
    status = int(str(body["status"]))
    if status == _UNAUTHENTICATED and path not in _SIGNING_IN:
        wanted = frame.address(path, **dict(request.query_params))
        return frame.page(
            request,
            None,
            "sign_in.html",
            status=status,
            next=wanted if request.method == "GET" and path != "/" else "",
            email="",
            keeps_cookies=credentials.keeps_cookies(request),
        )
    return frame.page(
        request,
        None,
        "problem.html",
        status=status,
        title=str(body["title"]),
        detail=_detail(body),
        problem=str(body["type"]),
    )


def _detail(body: dict[str, object]) -> str:
    detail = str(body.get("detail", ""))
    # A path that no route has: its remedy is meant for programs.
    return _LOST if "/openapi.json" in detail else detail
