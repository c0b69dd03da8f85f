"""The security headers of every page, set here and nowhere else, and which paths are pages.

Nothing is loaded, sent or framed from anywhere but here; what a browser refuses is reported.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flywheel_server.core import clock

REPORTS = "/reports/csp"

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        f"report-uri {REPORTS}",
    )
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Sign-in links carry a token in their address.
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_ROOTS = frozenset(
    {
        "",
        "account",
        "client",
        "invitation",
        "live",
        "operator",
        "partner",
        "reports",
        "sign-in",
        "sign-out",
        "static",
    }
)


def is_page(path: str) -> bool:
    """Say whether a path belongs to people's pages, and so do its problems."""
    return path[1:].partition("/")[0] in _ROOTS


class PageHeaders:
    """Adds the headers to whatever is answered on a page's path, problems of every layer too.

    Notes when the request began.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        # What changes from now on may be missing on the page: it tells this when it asks for news.
        scope.setdefault("state", {})["begun_at"] = clock.now()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers)
