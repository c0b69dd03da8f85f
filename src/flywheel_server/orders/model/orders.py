"""Orders: their kinds, their states and moves, and the exact text that is signed.

The signed text is the order. What stands beside it on the wire is read from it, for appliances
execute the outer parameters and verify the inner ones.
"""

import datetime as dt
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from flywheel_server.core import agents, errors
from flywheel_server.fleet.model.heal_proofs import Source
from flywheel_server.orders.model.outcomes import Outcome, Standing

Kind = Literal[
    "healing",
    "sync_promoted_rule",
    "sync_rules",
    "force_checkin",
    "run_drift",
    "view_logs",
    "diagnostic",
    "restart_agent",
    "update_credentials",
    "custom",
]
State = Literal["pending", "acknowledged", "completed", "failed", "expired", "cancelled"]

KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[State, ...] = get_args(State)
LIVE: frozenset[State] = frozenset({"pending", "acknowledged"})
# The drawing of docs/states.md as data; what is not here cannot happen.
MOVES: dict[State, frozenset[State]] = {
    "pending": frozenset({"acknowledged", "completed", "failed", "expired", "cancelled"}),
    "acknowledged": frozenset({"completed", "failed", "expired", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
}
# Their parameters are for the appliance alone: no page, list or audit entry shows them.
SECRET: frozenset[str] = frozenset({"update_credentials"})

# The execution that a plan's healing order becomes is called so, followed by the order's id.
OF_ORDER = "order-"
MOST_ID = 300
MOST_PAYLOAD_BYTES = 64 * 1024
SHORTEST = dt.timedelta(seconds=30)
LONGEST = dt.timedelta(days=30)
# An appliance that is away gets its orders when it returns, until then.
LIFETIME = dt.timedelta(days=1)
RULE_LIFETIME = dt.timedelta(days=7)
PRIORITY = 5
REPORT_LOST = "carried out, report lost"
ACKNOWLEDGES_ONLY = "This agent version acknowledges healing orders without carrying them out."
WHAT_WORKS = (
    "What works: a person heals it (L3), or the agent is upgraded to 0.4 or newer and ordered then."
)
_ACKNOWLEDGED = "acknowledged: this agent version cannot know whether anything was healed"
_SCAN_TELLS = "a signed scan of the host within a day tells"
_NO_SCAN_TELLS = "it names no host or no check, so no scan can tell"
_PROVEN_BY: dict[Source, str] = {
    "scan": "a later signed scan",
    "incident": "the end of its incident",
}
_ORDER_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What shall be ordered, before it is addressed and signed."""

    kind: Kind
    # What appliances call it; the kind itself, but for custom orders.
    order_type: str
    parameters: dict[str, Any]
    # Of one (appliance, order type, object) at most one order lives.
    object_key: str = ""
    runbook_id: str | None = None
    # The row of the rule that a `sync_promoted_rule` carries.
    rule: UUID | None = None
    priority: int = PRIORITY
    lifetime: dt.timedelta = LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A stored order."""

    id: str
    site_id: UUID
    appliance_id: UUID
    kind: Kind
    order_type: str
    object_key: str
    rule: UUID | None
    priority: int
    created_at: dt.datetime
    expires_at: dt.datetime
    nonce: str
    signed_payload: str
    signature: str
    issued_by: str
    state: State
    changed_at: dt.datetime
    handed_out_at: dt.datetime | None
    acknowledged_at: dt.datetime | None
    finished_at: dt.datetime | None
    reported_at: dt.datetime | None
    # What the appliance said.
    success: bool | None
    result: dict[str, Any] | None
    error_message: str | None
    # What its words mean, and what they are worth; None until it said something.
    outcome: Outcome | None
    standing: Standing | None
    # Of a healing order: the first look at its host's check after it was reported.
    proof_source: Source | None
    proof_reference: str | None
    proof_seen_at: dt.datetime | None

    @property
    def live(self) -> bool:
        """Say whether it can still be carried out."""
        return self.state in LIVE

    @property
    def signed(self) -> dict[str, Any]:
        """What was signed, read from its text."""
        read: dict[str, Any] = json.loads(self.signed_payload)
        return read


def may_become(state: State, next_state: State) -> bool:
    """Say whether an order in one state may move to another."""
    return next_state in MOVES[state]


def draft(
    kind: Kind,
    parameters: dict[str, Any],
    *,
    order_type: str | None = None,
    runbook_id: str | None = None,
    object_key: str | None = None,
    priority: int = PRIORITY,
    lifetime: dt.timedelta = LIFETIME,
) -> Draft:
    """Return a checked draft of any kind but ``sync_promoted_rule``. Raises InvalidInput."""
    word = _order_type(kind, order_type)
    if not SHORTEST <= lifetime <= LONGEST:
        raise errors.InvalidInput("An order lives from 30 seconds to 30 days.")
    if kind == "healing":
        named = parameters.get("runbook_id", runbook_id)
        if not isinstance(named, str) or not named or runbook_id not in {None, named}:
            raise errors.InvalidInput("A healing order names one `runbook_id`: give it once.")
        runbook_id = named
        # Agents read it from here, and from the top level.
        parameters = parameters | {"runbook_id": named}
    elif runbook_id is not None:
        raise errors.InvalidInput("Only a healing order has a `runbook_id`.")
    return Draft(
        kind=kind,
        order_type=word,
        parameters=parameters,
        runbook_id=runbook_id,
        object_key=_object_key(kind, parameters) if object_key is None else object_key,
        priority=priority,
        lifetime=lifetime,
    )


def payload(
    draft: Draft,
    *,
    order_id: str,
    target: str,
    nonce: str,
    created_at: dt.datetime,
    expires_at: dt.datetime,
) -> str:
    """Return the text that is signed: sorted keys, ``", "`` and ``": "``, ASCII.

    ``target`` is the appliance's id exactly as its check-in is told. Raises InvalidInput when it is
    over ``MOST_PAYLOAD_BYTES``.
    """
    document: dict[str, Any] = {
        "order_id": order_id,
        "order_type": draft.order_type,
        "parameters": draft.parameters,
        "nonce": nonce,
        "created_at": moment(created_at),
        "expires_at": moment(expires_at),
        "target_appliance_id": target,
    }
    if draft.runbook_id is not None:
        document["runbook_id"] = draft.runbook_id
    text = json.dumps(
        document, sort_keys=True, separators=(", ", ": "), ensure_ascii=True, allow_nan=False
    )
    if len(text) > MOST_PAYLOAD_BYTES:
        raise errors.InvalidInput("The order is over 64 KiB: make its `parameters` smaller.")
    return text


def wire(order: Order) -> dict[str, Any]:
    """Return an order as appliances read it, its parameters those that were signed."""
    signed = order.signed
    document: dict[str, Any] = {
        "order_id": order.id,
        "order_type": order.order_type,
        "parameters": signed["parameters"],
        "priority": order.priority,
        "created_at": signed["created_at"],
        "expires_at": signed["expires_at"],
        "nonce": order.nonce,
        "signature": order.signature,
        "signed_payload": order.signed_payload,
    }
    if "runbook_id" in signed:
        document["runbook_id"] = signed["runbook_id"]
    return document


def moment(at: dt.datetime) -> str:
    """Return a time as the Go daemon writes it."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def caution(kind: Kind, agent_versions: Collection[str]) -> str | None:
    """Return what to know before such an order goes to one of these versions.

    None: each of them carries it out, or none is known.
    """
    unfit = {each for each in agent_versions if not agents.of(each).heals_by_order}
    if kind != "healing" or not unfit:
        return None
    if unfit == set(agent_versions):
        return f"{ACKNOWLEDGES_ONLY} {WHAT_WORKS}"
    return (
        f"{ACKNOWLEDGES_ONLY} That is so for {', '.join(sorted(unfit))}: order an appliance that "
        f"runs another version. {WHAT_WORKS}"
    )


def meaning(
    kind: Kind,
    outcome: Outcome | None,
    standing: Standing | None,
    proof: Source | None,
    *,
    provable: bool,
) -> str | None:
    """Return what the end of an order means, where its state alone would mislead."""
    awaited = f"; {_SCAN_TELLS if provable else _NO_SCAN_TELLS}"
    if outcome == "unknown":
        return REPORT_LOST + (awaited if kind == "healing" else "")
    if outcome == "not_attempted":
        return "not attempted: the appliance could not"
    if kind != "healing" or outcome is None:
        return None
    if standing == "claimed":
        return f"{_ACKNOWLEDGED}{awaited if outcome == 'success' else ''}"
    if standing == "verified":
        by = "a check" if proof is None else _PROVEN_BY[proof]
        return f"healed, {by} confirms it" if outcome == "success" else f"{by} says not healed"
    return None


def provable(order: Order) -> bool:
    """Say whether an order names a host and a check of it, so that a later scan can judge it."""
    parameters = order.signed["parameters"]
    host = parameters.get("target_host") or parameters.get("hostname")
    return order.kind == "healing" and bool(host and parameters.get("check_type"))


def shown_parameters(order: Order) -> dict[str, Any] | None:
    """Return what people may see of the parameters; None for secrets."""
    parameters: dict[str, Any] = order.signed["parameters"]
    return None if order.kind in SECRET else parameters


def _order_type(kind: Kind, order_type: str | None) -> str:
    if kind != "custom":
        if order_type not in {None, kind}:
            raise errors.InvalidInput("Only a custom order has an `order_type` of its own.")
        return kind
    if order_type is None or not _ORDER_TYPE.fullmatch(order_type):
        raise errors.InvalidInput(
            "A custom order needs an `order_type`: a letter, then up to 99 letters, digits, _.-"
        )
    if order_type in KINDS:
        raise errors.InvalidInput(f"`{order_type}` is a kind of its own: use it as `kind`.")
    return order_type


def _object_key(kind: Kind, parameters: dict[str, Any]) -> str:
    if kind == "healing":
        host = parameters.get("target_host") or parameters.get("hostname") or ""
        return f"{parameters['runbook_id']}@{host}"[:500]
    return ""
