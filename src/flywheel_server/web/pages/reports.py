"""What browsers refused to load by our policy: counted, and logged without what they were shown."""

from fastapi import APIRouter, Depends, Request, Response

from flywheel_server.core import log
from flywheel_server.web import traffic
from flywheel_server.web.access import PUBLIC, RuntimeDep
from flywheel_server.web.pages import layer

router = APIRouter(include_in_schema=False)
_log = log.get(__name__)


@router.post(
    layer.REPORTS,
    dependencies=[*PUBLIC, Depends(traffic.BROWSER_REPORTS)],
    status_code=204,
)
async def report_refusal(request: Request, parts: RuntimeDep) -> Response:
    """Count a report; what it says comes from outside and is not kept."""
    parts.metrics.page_refusals.inc()
    _log.warning("a browser refused part of a page", bytes=len(await request.body()))
    return Response(status_code=204)
