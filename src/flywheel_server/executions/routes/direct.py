"""Routes that are called as they are, for what comes so often that the framework would cost more.

The one rule: such a route's function takes the request, the scope of its audience and the parts of
the process, and returns a response. All else is as for any other route: documentation, request id,
limits, metrics, problems. Only resolving dependencies, with the stacks that close them, and
checking the answer's model fall away.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from flywheel_server.core import errors
from flywheel_server.web import access

# Where a request holds what failed already, if a layer before the framework tried it.
FAILED = "flywheel.failed"


class DirectRoute(APIRoute):
    """Give it to a router as its ``route_class``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request. Raises SetupError for a route without an audience."""
        function = self.endpoint
        audience = access.audience(self)
        if audience is None:
            raise errors.SetupError(f"route {self.path} declares no audience: see web/access.py")

        async def answer(request: Request) -> Response:
            scope = await audience(request)
            response: Response = await function(request, scope, access.runtime(request))
            return response

        self._answer = answer
        return answer

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose path fits; what is raised goes to the application's handlers."""
        if scope["method"] not in (self.methods or ()):
            # Refused as on any other route.
            await super().handle(scope, receive, send)
            return
        if FAILED in scope:
            raise scope[FAILED]
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)
