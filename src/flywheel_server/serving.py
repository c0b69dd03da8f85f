"""Runs the application under uvicorn: uvloop, httptools, and an end within ten seconds of SIGTERM."""

import uvicorn

from flywheel_server.app import create_app
from flywheel_server.settings import Settings

_DRAIN_SECONDS = 5


async def serve(settings: Settings, url: str) -> None:
    """Serve until a signal ends it; open requests get five seconds to finish."""
    server = uvicorn.Server(config(settings, url))
    await server.serve()


def config(settings: Settings, url: str) -> uvicorn.Config:
    """Return how uvicorn shall run the application."""
    return uvicorn.Config(
        create_app(settings, url),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        backlog=2048,
    )
