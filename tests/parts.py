"""The parts of the application that a test's client talks to.

What is written through its own database is known to its caches before the next request, as it is
for whatever that process changes itself.
"""

import httpx

from flywheel_server.runtime import Runtime


def of(client: httpx.AsyncClient) -> Runtime:
    """Return the runtime behind a client of the ``client`` fixture."""
    transport = client._transport
    if not isinstance(transport, httpx.ASGITransport):
        raise TypeError("this client talks over a socket")
    runtime = transport.app.state.runtime  # type: ignore[attr-defined]
    if not isinstance(runtime, Runtime):
        raise TypeError("the application has not started")
    return runtime
