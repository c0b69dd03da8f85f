"""Log lines that appliances ship. A bad line is dropped and counted, the others are kept."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema

from flywheel_server.core import clock, db, errors, moments
from flywheel_server.fleet.actions import clock_skews, log_lines
from flywheel_server.fleet.model import clocks
from flywheel_server.web import access, bodies, traffic
from flywheel_server.web.access import Appliance, RuntimeDep
from flywheel_server.web.bodies import FreeMoment, FreeName, FreeText, Name
from flywheel_server.web.json_bodies import JsonRoute

router = APIRouter(
    tags=["appliances"],
    dependencies=[Depends(traffic.REPORTS)],
    strict_content_type=False,
    route_class=JsonRoute,
)

MOST_LINES = 500
_HIGHEST_PRIORITY = 191


def _priority(value: Any) -> Any:
    """Read "6" as 6, as the journal writes priorities; None for what is not one."""
    short = isinstance(value, str) and len(value) <= len(str(_HIGHEST_PRIORITY))
    number = int(value) if short and value.isascii() and value.isdigit() else value
    whole = isinstance(number, int) and not isinstance(number, bool)
    return number if whole and 0 <= number <= _HIGHEST_PRIORITY else None


class LineBody(bodies.Body):
    """One line of a journal."""

    ts: FreeMoment = Field(
        default=None, description="When it was logged.", examples=["2026-11-20T08:45:25Z"]
    )
    unit: FreeName | None = Field(
        default=None, description="Who logged it.", examples=["sshd.service"]
    )
    pri: Annotated[int | None, BeforeValidator(_priority)] = Field(
        default=None, description="Its syslog priority.", examples=[6]
    )
    msg: FreeText = Field(description="What it says.", examples=["session opened for user root"])


class LogsBody(bodies.Body):
    """Lines of one host."""

    site_id: Name | None = Field(
        default=None,
        description="The site of the key; any other is refused.",
        examples=["site-lab-01"],
    )
    hostname: FreeName | None = Field(
        default=None, description="The host that logged them.", examples=["vm"]
    )
    # Looked at line by line, so that a bad one costs only itself.
    batch: list[Annotated[Any, WithJsonSchema(LineBody.model_json_schema())]] | None = Field(
        default=None,
        description=f"At most {MOST_LINES} lines.",
        examples=[[{"ts": "2026-11-20T08:45:25Z", "unit": "sshd", "pri": 6, "msg": "hello"}]],
    )


class Taken(BaseModel):
    """How many lines were kept and dropped."""

    accepted: int = Field(description="Lines kept.", examples=[499])
    dropped: int = Field(description="Lines that could not be kept.", examples=[1])


_line_type = TypeAdapter(LineBody)


@router.post("/api/logs/ingest")
async def ingest(scope: Appliance, parts: RuntimeDep, body: LogsBody) -> Taken:
    """Keep log lines of one host for the time set by FLYWHEEL_LOG_RETENTION_DAYS."""
    access.own_site(scope, body.site_id)
    batch = body.batch or []
    if len(batch) > MOST_LINES:
        raise errors.TooLarge(f"Send at most {MOST_LINES} lines at a time.")
    now = clock.now()
    parsed = [_parsed(raw) for raw in batch]
    lines = [_line(line, now) for line in parsed if line is not None]
    if lines:
        size = sum(len(line.message) + len(line.unit) for line in lines)
        parts.usage.take(scope.site_id, "logs", size, now)
        async with db.transaction(parts.database, scope) as connection:
            await log_lines.append(connection, scope, body.hostname or "", lines, now)
            newest = max((line.ts for line in parsed if line and line.ts), default=None)
            # Lines of long ago may have waited.
            if newest is not None and newest > now - clocks.MOST_OFF:
                await clock_skews.told(connection, scope, newest, now)
    return Taken(accepted=len(lines), dropped=len(batch) - len(lines))


def _parsed(raw: Any) -> LineBody | None:
    try:
        return _line_type.validate_python(raw)
    except ValidationError:
        return None


def _line(line: LineBody, now: dt.datetime) -> log_lines.Line:
    return log_lines.Line(
        logged_at=None if moments.too_far_ahead(line.ts, now) else line.ts,
        unit=line.unit or "",
        priority=line.pri,
        message=line.msg,
    )
