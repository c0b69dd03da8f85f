"""Keeps which outside services fail, for operators: mail and the planner's model.

The first failure begins it, and the next success ends it, whichever process meets them.
"""

import datetime as dt

from flywheel_server.core import service_failures
from flywheel_server.core.db import Connection
from flywheel_server.core.services import LONGEST_REASON, Service


async def failed(connection: Connection, service: Service, reason: str, now: dt.datetime) -> None:
    """Keep that a service failed; ``reason`` holds no secret and no address."""
    await service_failures.note(connection, service, reason[:LONGEST_REASON], now)


async def works(connection: Connection, service: Service) -> None:
    """Keep that a service works."""
    await service_failures.end(connection, service)
