"""What each kind of agent really sends: field for field, quirk for quirk.

The older Go daemon and the Python agent call every L2 heal a success, whatever came of it; the
Python agent names no runbook at L2. A server must cope with both.
"""

import datetime as dt
import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["L1", "L2", "L3"]
Json = dict[str, Any]

_PLANNER_CONFIDENCE = 0.91


class Dialect(enum.Enum):
    """The agents in the field."""

    GO_OLDER = "0.3.9"
    GO_NEWER = "0.4.2"
    PYTHON = "1.0.51"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heal:
    """One attempt to heal one incident, before any agent has put it into its own words."""

    level: Level
    host: str
    platform: str
    check_type: str
    # What healed it at L1.
    rule_id: str | None
    runbook_id: str | None
    action: str
    healed: bool
    # Set when nothing was tried, for want of credentials.
    no_credentials: bool
    duration_seconds: float
    # The incident, where it was already named to somebody; else a report names it.
    incident_id: str | None = None


def incident(dialect: Dialect, host: str, platform: str, check_type: str) -> Json:
    """Return the fields of an incident that rules of this agent can look at."""
    if dialect is Dialect.PYTHON:
        return {"check_type": check_type, "drift_detected": True}
    return {
        "check_type": check_type,
        "incident_type": check_type,
        "drift_detected": True,
        "host_id": host,
        "hostname": host,
        "platform": platform,
        "expected": "compliant",
        "actual": "drifted",
        "severity": "high",
    }


def check_in(
    dialect: Dialect, *, site_id: str, hostname: str, mac: str, public_key: str, uptime_seconds: int
) -> Json:
    """Return the body of a check-in, without what the appliance reports to be running."""
    return {
        "site_id": site_id,
        "hostname": hostname,
        "mac_address": mac.upper() if dialect is Dialect.PYTHON else mac.lower(),
        "ip_addresses": ["192.0.2.10"],
        "uptime_seconds": uptime_seconds,
        "agent_version": dialect.value,
        "nixos_version": "25.11",
        "has_local_credentials": False,
        "agent_public_key": public_key,
    }


def execution(
    dialect: Dialect, heal: Heal, site_id: str, appliance_id: str | None, now: dt.datetime
) -> Json:
    """Return the body that reports a heal."""
    if dialect is Dialect.PYTHON:
        return {
            "site_id": site_id,
            "execution": _python(heal, now),
            "reported_at": now.isoformat(timespec="microseconds"),
        }
    return {
        "site_id": site_id,
        "execution": _go(dialect, heal, appliance_id, now),
        "reported_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def plan_request(dialect: Dialect, heal: Heal, site_id: str, now: dt.datetime) -> Json:
    """Return the body that asks for a plan."""
    return {
        "incident_id": heal.incident_id or go_incident_id(heal.host, heal.check_type, now),
        "site_id": site_id,
        "host_id": heal.host,
        "incident_type": heal.check_type,
        "severity": "high",
        "raw_data": incident(dialect, heal.host, heal.platform, heal.check_type),
        "pattern_signature": "",
        "created_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def go_incident_id(host: str, check_type: str, now: dt.datetime) -> str:
    """Return what a Go daemon calls an incident of this moment."""
    return f"drift-{host}-{check_type}-{_milliseconds(now)}"


def check_type_of(incident_id: str, host: str) -> str:
    """Return what an incident of a host was about, by the id that its daemon gave it."""
    return incident_id.removeprefix(f"drift-{host}-").rpartition("-")[0]


def why_not(heal: Heal) -> str:
    """Return what an agent says of an incident that it did not heal."""
    if heal.level == "L3":
        return "escalated to a person"
    if heal.no_credentials:
        kind = "WinRM" if heal.platform == "windows" else "SSH"
        return f"no {kind} credentials for host {heal.host}"
    return "the check after the runbook still found the drift"


def _milliseconds(now: dt.datetime) -> int:
    return int(now.timestamp() * 1000)


def _go(dialect: Dialect, heal: Heal, appliance_id: str | None, now: dt.datetime) -> Json:
    newer = dialect is Dialect.GO_NEWER
    incident_id = heal.incident_id or go_incident_id(heal.host, heal.check_type, now)
    success = heal.healed or (heal.level == "L2" and not newer)
    runbook = _go_runbook(heal, newer=newer)
    body: Json = {
        "execution_id": f"{heal.level.lower()}-{incident_id}-{_milliseconds(now)}",
        "incident_id": incident_id,
        "runbook_id": runbook,
        "hostname": heal.host,
        "incident_type": heal.check_type,
        "duration_seconds": heal.duration_seconds,
        "success": success,
        "status": "success" if success else "failure",
        "confidence": 1 if heal.level == "L1" else _PLANNER_CONFIDENCE,
        "resolution_level": heal.level,
        "pattern_signature": f"{heal.check_type}:{runbook}:{heal.host}",
    }
    if heal.level == "L1" and appliance_id:
        body["appliance_id"] = appliance_id
    if heal.level == "L2":
        body |= _PLANNED
    if not success:
        body["error_message"] = why_not(heal)
        if newer:
            body["error_category"] = "no_credentials" if heal.no_credentials else "script_error"
    return body


_PLANNED: Mapping[str, Any] = {
    "reasoning": "the runbook made for this check",
    "cost_usd": 0.0021,
    "input_tokens": 840,
    "output_tokens": 96,
}


def _go_runbook(heal: Heal, *, newer: bool) -> str:
    if heal.level == "L1" and not (newer and heal.runbook_id):
        return heal.rule_id or ""
    return heal.runbook_id or ""


def _python(heal: Heal, now: dt.datetime) -> Json:
    success = heal.healed or heal.level == "L2"
    names = {"L1": heal.rule_id, "L2": f"L2-{heal.action}", "L3": heal.runbook_id}
    started = now - dt.timedelta(seconds=heal.duration_seconds)
    return {
        "execution_id": str(uuid.uuid4()),
        "incident_id": f"INC-{now:%Y%m%d}-{uuid.uuid4().hex[:8]}",
        "appliance_id": None,
        "runbook_id": names[heal.level],
        "hostname": heal.host,
        "platform": heal.platform,
        "incident_type": heal.check_type,
        "started_at": started.isoformat(timespec="microseconds"),
        "completed_at": now.isoformat(timespec="microseconds"),
        "duration_seconds": heal.duration_seconds,
        "success": success,
        "status": "success" if success else "failure",
        "verification_passed": heal.healed,
        "confidence": 1.0 if heal.level == "L1" else 0.8,
        "resolution_level": heal.level,
        "state_before": {"drifted": True},
        "state_after": {"drifted": not heal.healed},
        "state_diff": {"drifted": [True, not heal.healed]},
        "executed_steps": [{"step": "remediate", "success": heal.healed}],
        "error_message": None if heal.healed else why_not(heal),
        "cost_usd": 0,
        "input_tokens": 0,
        "output_tokens": 0,
    }
