"""The server program's HTTP protocol, shortened for what the fast path answers without a body.

No task, no events, one write. The one rule: whatever is the least bit unusual on the connection is
left to the server program, which asks the same application; without this module all is the same.
"""

import time

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from flywheel_server.edge.fast_path import FastPath
from flywheel_server.web.bounded_protocol import BoundedProtocol


class FastProtocol(BoundedProtocol):
    """One connection."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # Others wait: an answer that starts the next one at once could nest without end.
        usual = cycle.keep_alive and not self.pipeline and not self.flow.write_paused
        if not (usual and isinstance(app, FastPath) and self._answered(cycle, app)):
            super()._start_asgi_task(cycle, app)

    def _answered(self, cycle: RequestResponseCycle, app: FastPath) -> bool:
        started = time.perf_counter()
        scope: Scope = cycle.scope  # type: ignore[assignment]  # the same, under two names
        answer = app.at_once(scope)
        if answer is None:
            return False
        status, headers, body = answer
        head = [STATUS_LINE[status]]
        for name, value in cycle.default_headers + headers:
            head += (name, b": ", value, b"\r\n")
        head.append(b"\r\n")
        self.transport.write(b"".join(head))
        if body:
            self.transport.write(body)
        # As the cycle does when it has sent everything.
        cycle.response_started = cycle.response_complete = True
        cycle.on_response = _nothing
        self.on_response_complete()
        app.count(scope, status, started)
        return True


def _nothing() -> None:
    """Let go of the connection."""
