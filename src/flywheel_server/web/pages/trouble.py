"""Problems as pages. What a form had typed comes back on the page that it came from.

Who is not signed in gets the form to sign in, and then goes on with what was typed.
"""

from fastapi import Request, Response

from flywheel_server.web.pages import frame, layer, refused

_UNAUTHENTICATED = 401
_LOST = "Check the address, or begin at your start page."
_SIGNING_IN = frozenset({"/sign-in", "/sign-in/link", "/invitation"})
# Nobody is at these pages.
_MACHINES = ("/reports/", "/static/")


def page(request: Request, body: dict[str, object]) -> Response | None:
    """Return the page of a problem document, or None where the answer is for a machine."""
    path = request.url.path
    if not layer.is_page(path):
        return None
    # A form that found its route; what is refused before has not been read.
    posted = request.method == "POST" and "endpoint" in request.scope
    posted = posted and not path.startswith(_MACHINES)
    if int(str(body["status"])) == _UNAUTHENTICATED and path not in _SIGNING_IN:
        return refused.SignIn(request) if posted else _sign_in(request)
    alone = frame.page(
        request,
        None,
        "problem.html",
        status=int(str(body["status"])),
        title=str(body["title"]),
        detail=_detail(body),
        problem=str(body["type"]),
    )
    if posted and refused.from_our_pages(request):
        return refused.Again(request, body, alone)
    return alone


def _sign_in(request: Request) -> Response:
    path, query = request.url.path, request.url.query
    wanted = f"{path}?{query}" if query else path
    return refused.sign_in_page(
        request, wanted=wanted if request.method == "GET" and path != "/" else "", kept=""
    )


def _detail(body: dict[str, object]) -> str:
    detail = str(body.get("detail", ""))
    # A path that no route has: its remedy is meant for programs.
    return _LOST if "/openapi.json" in detail else detail
