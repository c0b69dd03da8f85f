"""Whether this process lives, whether it is ready, and its figures."""

import asyncpg
from fastapi import APIRouter, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from flywheel_server import db, errors, migrations
from flywheel_server.api.access import PUBLIC, RuntimeDep

router = APIRouter(tags=["health"], dependencies=PUBLIC)


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the process lives; it may still be unable to work."""
    return {"status": "ok"}
