"""Where appliances check in: every minute, so an unchanged one is answered from memory.

One known field of a wrong type makes an agent throw the whole answer away: the types are exact.
"""

import datetime as dt
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from flywheel_server.core import clock, db, free_text
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.fleet.actions import checkin
from flywheel_server.fleet.actions.checkin import Instructions
from flywheel_server.fleet.caches.appliances import Said
from flywheel_server.fleet.model import macs
from flywheel_server.fleet.model.appliances import Report
from flywheel_server.web import access, bodies, traffic
from flywheel_server.web.access import Appliance, RuntimeDep
from flywheel_server.web.bodies import FreeCount, FreeName, FreeNames, Name
from flywheel_server.web.json_bodies import SmallJsonRoute
from flywheel_server.web.runtime import Runtime

router = APIRouter(
    tags=["appliances"],
    dependencies=[Depends(traffic.CHECK_INS)],
    strict_content_type=False,
    route_class=SmallJsonRoute,
)

_MOST_ADDRESSES = 64
_MOST_HASH = 128
_MOST_HOSTNAME = 255


L2Mode = Literal["auto", "manual", "disabled"]


def _public_key(text: str) -> str:
    key = text.strip().lower()
    if key and (len(key) != 64 or not set(key) <= set("0123456789abcdef")):  # noqa: PLR2004
        raise ValueError("is an Ed25519 public key of 64 hex digits")
    return key


def _mac_text(given: Any) -> str:
    return free_text.shorten(free_text.from_any(given) or "", macs.MOST_TEXT)


def _hostname(value: Any) -> Any:
    text = free_text.from_any(value)
    return None if text is None else free_text.shorten(text, _MOST_HOSTNAME)


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _mode(value: Any) -> Any:
    return value if value in get_args(L2Mode) else None


def _hash(text: str) -> str:
    return free_text.shorten(text, _MOST_HASH)


def _addresses(given: list[str]) -> list[str]:
    return given[:_MOST_ADDRESSES]


class CheckInBody(bodies.Body):
    """What an appliance says of itself."""

    site_id: Name | None = Field(
        default=None,
        description="The site of the key; any other is refused.",
        examples=["site-lab-01"],
    )
    hostname: Annotated[str, BeforeValidator(_hostname)] | None = Field(
        default=None, description="Its host name.", examples=["vm"]
    )
    mac_address: Annotated[Any, AfterValidator(_mac_text)] = Field(
        default=None,
        description="Its MAC in any form; anything else is kept as text and identifies nothing.",
        examples=["02:00:5e:10:00:01"],
    )
    ip_addresses: Annotated[FreeNames, AfterValidator(_addresses)] | None = Field(
        default=None, description="Its addresses.", examples=[["192.0.2.10"]]
    )
    uptime_seconds: FreeCount = Field(
        default=None, description="Since when it runs.", examples=[944]
    )
    agent_version: FreeName | None = Field(
        default=None, description="The agent's version.", examples=["0.1.0"]
    )
    nixos_version: FreeName | None = Field(
        default=None, description="The system's version.", examples=["12"]
    )
    has_local_credentials: Annotated[bool | None, BeforeValidator(_flag)] = Field(
        default=None, description="Whether it holds credentials itself.", examples=[False]
    )
    agent_public_key: Annotated[Name, AfterValidator(_public_key)] | None = Field(
        default=None,
        description="Its Ed25519 key, 64 hex digits.",
        examples=["e6c20a3900a775fcfbe0f85e08abdc3057f0e60e1b0b9d12c487f0cb0ca5de47"],
    )
    active_l2_mode: Annotated[L2Mode | None, BeforeValidator(_mode)] = Field(
        default=None, description="The mode it runs in now.", examples=["auto"]
    )
    active_rules_hash: Annotated[FreeName, AfterValidator(_hash)] | None = Field(
        default=None, description="`version` of the rule set it runs now.", examples=["3b7e…"]
    )

    def report(self) -> Report:
        """Return what identifies and describes the appliance, without nulls."""
        return Report(
            hostname=(self.hostname or "").strip(),
            mac=macs.parse(self.mac_address),
            reported_mac=macs.unreadable(self.mac_address),
            agent_public_key=self.agent_public_key or None,
            ip_addresses=tuple(self.ip_addresses or ()),
            agent_version=self.agent_version or "",
            nixos_version=self.nixos_version or "",
            has_local_credentials=bool(self.has_local_credentials),
            active_l2_mode=self.active_l2_mode,
            active_rules_hash=self.active_rules_hash or None,
        )


class CheckInAnswer(BaseModel):
    """What the appliance shall be. Arrays are never null."""

    status: Literal["ok"] = Field(default="ok", description="Always ok.", examples=["ok"])
    appliance_id: str = Field(
        description="What it is called on the wire.", examples=["site-lab-01-02:00:5E:10:00:01"]
    )
    server_time: dt.datetime = Field(description="Now.", examples=["2026-11-20T08:45:25Z"])
    server_public_key: str = Field(
        description="Verifies orders and rules; 64 hex digits.", examples=["69ef…"]
    )
    l2_mode: Literal["auto", "manual", "disabled"] = Field(
        description="Who decides at L2.", examples=["auto"]
    )
    rules_hash: str = Field(
        description="`version` of the rule set it should run (GET /agent/sync).", examples=["3b7e…"]
    )
    pending_orders: list[dict[str, Any]] = Field(description="Its open orders.", examples=[[]])
    linux_targets: list[dict[str, Any]] = Field(
        default=[], description="Always empty.", examples=[[]]
    )
    windows_targets: list[dict[str, Any]] = Field(
        default=[], description="Always empty.", examples=[[]]
    )
    enabled_runbooks: list[str] = Field(default=[], description="Always empty.", examples=[[]])
    merged_duplicates: int = Field(default=0, description="Always 0.", examples=[0])
    trigger_enumeration: bool = Field(default=False, description="Always false.", examples=[False])
    trigger_immediate_scan: bool = Field(
        default=False, description="Always false.", examples=[False]
    )


@router.post("/api/appliances/checkin")
async def check_in(scope: Appliance, parts: RuntimeDep, body: CheckInBody) -> CheckInAnswer:
    """Register or refresh an appliance; return its mode, its orders and which rules to run."""
    access.own_site(scope, body.site_id)
    now = clock.now()
    # Both before the transaction: they may need one of their own.
    rule_set = await parts.rule_sets.get(scope)
    told = await _told(scope, parts, body, rule_set.version, now)
    return CheckInAnswer(
        appliance_id=told.wire_id,
        server_time=now.replace(microsecond=0),
        server_public_key=rule_set.public_key,
        l2_mode=told.l2_mode,
        rules_hash=rule_set.version,
        pending_orders=list(told.pending_orders),
    )


async def _told(
    scope: ApplianceScope, parts: Runtime, body: CheckInBody, rules_hash: str, now: dt.datetime
) -> Instructions:
    report = body.report()
    told = parts.check_ins.known(scope, report)
    if told is None:
        generation = parts.check_ins.generation
        async with db.transaction(parts.database, scope) as connection:
            told, unchanged = await checkin.check_in(
                connection,
                scope,
                report,
                uptime_seconds=body.uptime_seconds,
                rules_hash=rules_hash,
                now=now,
            )
        if not unchanged:
            return told
        parts.check_ins.remember(scope, report, told, generation)
    said = Said(body.uptime_seconds, rules_hash, report.active_rules_hash)
    parts.heartbeats.seen(scope.site_id, told.id, now, said)
    return told
