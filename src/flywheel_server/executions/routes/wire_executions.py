"""Reads executions off the wire into facts: msgspec's compiled decoder, then checks of meaning.

Unknown fields are ignored, any optional field may be null, duplicate keys: the last wins. What the
decoder rejects is repaired where it may be (``wire_repairs``) and decoded once more.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, NamedTuple, cast

import msgspec
from msgspec import Meta

from flywheel_server.core import errors, free_text, moments
from flywheel_server.core.scope import ApplianceScope
from flywheel_server.executions.model import executions, unattempted
from flywheel_server.executions.model.executions import Fact, Level
from flywheel_server.executions.routes import wire_repairs
from flywheel_server.fleet.model import clocks
from flywheel_server.web import json_bodies

MOST_ITEMS = 1_000
MOST_FIELD_BYTES = free_text.MOST_BYTES
_MOST_KEY_BYTES = {
    "execution_id": 1_000,
    "incident_id": 1_000,
    "incident_type": 200,
    "check_type": 200,
    "hostname": 255,
    "runbook_id": 300,
    "appliance_id": 300,
    "chaos_campaign_id": 300,
}
_MOST_TEXT_BYTES = _MOST_KEY_BYTES | wire_repairs.FREE_TEXTS
# A clock that was never set says 1970, Go's zero time says 0001: both mean "no time".

_Text = str | None
_Count = Annotated[int, Meta(ge=0, le=2**53)] | None
_Number = Annotated[float, Meta(ge=0, le=1e12)] | None
_Raw = msgspec.Raw
_NOTHING = _Raw()
_NO_STEPS = frozenset({b"", b"null", b"[]"})
# What the decoder raises; its own error stands for what it can read but does not fit.
_REJECTED = (msgspec.DecodeError, UnicodeError, RecursionError)


class WireExecution(msgspec.Struct, omit_defaults=True):
    """One execution as any agent version sends it; the flat form's names stand at the end."""

    execution_id: str
    site_id: _Text = None
    incident_id: _Text = None
    appliance_id: _Text = None
    runbook_id: _Text = None
    hostname: _Text = None
    incident_type: _Text = None
    check_type: _Text = None
    platform: _Text = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    duration_seconds: _Number = None
    success: bool | None = None
    status: _Text = None
    verification_passed: bool | None = None
    confidence: _Number = None
    resolution_level: _Text = None
    state_before: _Raw = _NOTHING
    state_after: _Raw = _NOTHING
    state_diff: _Raw = _NOTHING
    executed_steps: _Raw = _NOTHING
    error_message: _Text = None
    error_category: _Text = None
    cost_usd: _Number = None
    input_tokens: _Count = None
    output_tokens: _Count = None
    reasoning: _Text = None
    chaos_campaign_id: _Text = None
    action: _Text = None
    level: _Text = None
    duration_ms: _Number = None
    error: _Text = None


class _Single(msgspec.Struct):
    site_id: _Text = None
    execution: _Raw = _NOTHING
    reported_at: dt.datetime | None = None


class _Batch(msgspec.Struct):
    executions: list[_Raw]
    site_id: _Text = None
    reported_at: dt.datetime | None = None


class _Reading(NamedTuple):
    """What holds for every execution of a body."""

    scope: ApplianceScope
    reported_at: dt.datetime | None
    now: dt.datetime
    # It holds no NUL character anywhere, so there is none to look for.
    without_nul: bool
    repairs: wire_repairs.Repairs


class Item(NamedTuple):
    """One execution of a request: a fact, or the problem why it is none."""

    execution_id: str | None
    fact: Fact | None
    problem: errors.FlywheelError | None
    # How far the clock is off that told its time.
    skew: dt.timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A request's executions and the site it names."""

    site_id: str | None
    items: list[Item]

    @property
    def skew(self) -> dt.timedelta | None:
        """Return how far the sender's clock is off, where that is seen."""
        return next((item.skew for item in self.items if item.skew is not None), None)


_item_decoder = msgspec.json.Decoder(WireExecution)
_single_decoder = msgspec.json.Decoder(_Single)
_batch_decoder = msgspec.json.Decoder(_Batch)
# The fields with limits of their own, at once, and how many characters are surely within them: four
# bytes a character at most, so short texts need no encoding to be measured.
_SHORT = {name: most for name, most in _MOST_TEXT_BYTES.items() if most < MOST_FIELD_BYTES}
_short_texts = attrgetter(*_SHORT)
_SURELY_WITHIN = [most // 4 for most in _SHORT.values()]
# Sorted and without defaults, so that a field added later changes no digest of older bodies.
_digest_encoder = msgspec.json.Encoder(order="sorted")


def read_single(body: bytes, scope: ApplianceScope, now: dt.datetime) -> Report:
    """Read one execution, wrapped or flat. Raises Malformed when the body is not a JSON object."""
    try:
        single = _single_decoder.decode(body)
    except _REJECTED:
        body, single = _repaired_single(body)
    raw = bytes(single.execution)
    wrapped = raw not in {b"", b"null"}
    item = _read_item(raw if wrapped else body, _reading(body, scope, single.reported_at, now))
    return Report(site_id=single.site_id, items=[item])


def read_batch(body: bytes, scope: ApplianceScope, now: dt.datetime) -> Report:
    """Read a batch. A fault of one item is that item's problem, a fault of the body is raised."""
    try:
        batch = _batch_decoder.decode(body)
    except _REJECTED:
        body, batch = _repaired_batch(body)
    if len(batch.executions) > MOST_ITEMS:
        raise errors.TooLarge(f"A batch holds at most {MOST_ITEMS} executions: send smaller ones.")
    reading = _reading(body, scope, batch.reported_at, now)
    items = [_read_item(bytes(raw), reading) for raw in batch.executions]
    return Report(site_id=batch.site_id, items=items)


def _reading(
    body: bytes, scope: ApplianceScope, reported_at: dt.datetime | None, now: dt.datetime
) -> _Reading:
    repairs = wire_repairs.Repairs(body)
    return _Reading(scope, reported_at, now, not _may_hold_nul(body), repairs)


def _repaired_single(body: bytes) -> tuple[bytes, _Single]:
    body = _as_utf8(body)
    wire_repairs.Repairs(body).count()
    found = wire_repairs.envelope(body)
    return body, _Single(
        site_id=wire_repairs.text("site_id", found.get("site_id", b"null")),
        execution=_Raw(found.get("execution", b"null")),
        reported_at=wire_repairs.moment(found.get("reported_at", b"null")),
    )


def _repaired_batch(body: bytes) -> tuple[bytes, _Batch]:
    """Read a batch item by item: each keeps its bytes, by which a repeat is recognised."""
    body = _as_utf8(body)
    wire_repairs.Repairs(body).count()
    found = wire_repairs.envelope(body)
    return body, _Batch(
        executions=[_Raw(item) for item in wire_repairs.items(found.get("executions", b"null"))],
        site_id=wire_repairs.text("site_id", found.get("site_id", b"null")),
        reported_at=wire_repairs.moment(found.get("reported_at", b"null")),
    )


def _as_utf8(body: bytes) -> bytes:
    try:
        return json_bodies.as_utf8(body)
    except ValueError as error:
        raise errors.Malformed("The body is not text: encode it as UTF-8.") from error


def _read_item(raw: bytes, reading: _Reading) -> Item:
    wire = None
    try:
        wire = _decode(raw, reading)
        fact, skew = _fact(wire, raw, reading)
        return Item(wire.execution_id, fact, None, skew)
    except errors.FlywheelError as problem:
        return Item(wire.execution_id[:1_000] if wire else None, None, problem, None)


def _decode(raw: bytes, reading: _Reading) -> WireExecution:
    try:
        return _item_decoder.decode(raw)
    except _REJECTED:
        repaired = reading.repairs.execution(raw)
    try:
        return _item_decoder.decode(repaired)
    except _REJECTED as error:
        raise errors.InvalidInput(f"{error}: correct it and send it again.") from error


def _fact(wire: WireExecution, raw: bytes, reading: _Reading) -> tuple[Fact, dt.timedelta | None]:
    scope = reading.scope
    if wire.site_id is not None and wire.site_id not in {scope.site_slug, str(scope.site_id)}:
        raise errors.ForeignSite("The execution names another site than the key's: use its key.")
    if not reading.without_nul or len(raw) > MOST_FIELD_BYTES or not _texts_are_short(wire):
        _check_texts(wire)
    incident_type = wire.incident_type or wire.check_type
    if not wire.execution_id or not incident_type:
        raise errors.InvalidInput("Give each execution an `execution_id` and an `incident_type`.")
    level = _level(wire)
    _normalise(wire, level)
    reported_id = wire.runbook_id or ""
    category = _category(wire)
    occurred_at, skew = _filed_at(wire, reading)
    said = executions.outcome(
        success=_success(wire),
        verified=wire.verification_passed,
        level=level,
        incident_type=incident_type,
        reported_id=reported_id,
        action=wire.action,
        error_category=category,
        error_message=wire.error_message,
    )
    fact = Fact(
        site_id=scope.site_id,
        execution_id=wire.execution_id,
        digest=hashlib.sha256(_digest_encoder.encode(wire)).digest(),
        occurred_at=occurred_at,
        appliance_id=scope.appliance_id,
        reported_appliance=wire.appliance_id,
        level=level,
        incident_id=wire.incident_id or "",
        incident_type=incident_type,
        hostname=wire.hostname or "",
        platform=wire.platform,
        reported_id=reported_id,
        outcome=executions.weigh(
            said,
            level=level,
            verified=wire.verification_passed,
            execution_id=wire.execution_id,
            present=scope.agents,
        ),
        verified=wire.verification_passed,
        chaos_campaign_id=wire.chaos_campaign_id or None,
        error_category=category,
        error_message=wire.error_message,
        duration_seconds=wire.duration_seconds,
        confidence=wire.confidence,
        cost_usd=wire.cost_usd,
        input_tokens=wire.input_tokens,
        output_tokens=wire.output_tokens,
        reasoning=wire.reasoning,
        detail=_detail(wire, category, skew, reading),
    )
    return fact, skew


def _category(wire: WireExecution) -> str | None:
    """Return the category of an error; of a failure whose words are not known, "unclassified"."""
    failed = wire.error_message and not _success(wire) and wire.verification_passed is None
    if failed and unattempted.unclassified(
        error_category=wire.error_category,
        error_message=wire.error_message,
        duration_seconds=wire.duration_seconds,
        stepped=bytes(wire.executed_steps) not in _NO_STEPS,
    ):
        return unattempted.UNCLASSIFIED
    return wire.error_category


def _normalise(wire: WireExecution, level: Level) -> None:
    """Give the flat form's fields their usual names, so that both forms have one digest."""
    wire.resolution_level, wire.level, wire.site_id = level, None, None
    wire.error_message, wire.error = wire.error_message or wire.error, None
    if wire.duration_seconds is None and wire.duration_ms is not None:
        wire.duration_seconds = wire.duration_ms / 1000
    wire.duration_ms = None


def _level(wire: WireExecution) -> Level:
    given = (wire.resolution_level or wire.level or wire.execution_id[:2]).upper()
    if given not in {"L1", "L2", "L3"}:
        raise errors.InvalidInput("`resolution_level` is L1, L2 or L3.")
    return cast("Level", given)


def _success(wire: WireExecution) -> bool:
    if wire.success is not None:
        return wire.success
    if wire.status in {"success", "failure"}:
        return wire.status == "success"
    raise errors.InvalidInput("Say whether it worked: `success` is true or false.")


def _filed_at(
    wire: WireExecution, reading: _Reading
) -> tuple[dt.datetime | None, dt.timedelta | None]:
    """Return when it happened, None for when it was received, and how far the clock is off."""
    own = [
        moment
        for moment in (_believable(wire.completed_at), _believable(wire.started_at))
        if moment is not None
    ]
    return clocks.filed_at(own, _believable(reading.reported_at), reading.now)


def _believable(moment: dt.datetime | None) -> dt.datetime | None:
    """Return a time in UTC; None for one that was never set, or outside of the calendar."""
    try:
        return None if moment is None else moments.ever_set(moment)
    except OverflowError:
        return None


def _texts_are_short(wire: WireExecution) -> bool:
    """Say whether nothing is near its limit; no other field is longer than its document."""
    for text, most in zip(_short_texts(wire), _SURELY_WITHIN, strict=True):
        if text is not None and len(text) > most:
            return False
    return True


def _check_texts(wire: WireExecution) -> None:
    """Clean free text. Raises InvalidInput for a key that cannot be kept as it is."""
    for name in WireExecution.__struct_fields__:
        value = getattr(wire, name)
        if not isinstance(value, str):
            continue
        if name in wire_repairs.FREE_TEXTS:
            setattr(wire, name, free_text.clean(value, wire_repairs.FREE_TEXTS[name]))
            continue
        if "\x00" in value:
            raise errors.InvalidInput(f"`{name}` holds a NUL byte: remove it.")
        most = _MOST_TEXT_BYTES.get(name, MOST_FIELD_BYTES)
        if len(value.encode()) > most:
            raise errors.InvalidInput(f"`{name}` is over {most} bytes: shorten it.")


def _may_hold_nul(raw: bytes) -> bool:
    # JSON can only hold it escaped, and to look for one character is much quicker.
    return b"\\" in raw and b"\\u0000" in raw


def _detail(
    wire: WireExecution, category: str | None, skew: dt.timedelta | None, reading: _Reading
) -> str | None:
    kept: dict[str, object] = {}
    for name in wire_repairs.JSON_VALUES:
        raw = getattr(wire, name)
        if raw is not _NOTHING and (text := bytes(raw)) != b"null":
            sound = wire_repairs.is_sound(text, without_nul=reading.without_nul)
            kept[name] = raw if sound else _cleaned(text, reading)
    if wire.started_at is not None:
        kept["started_at"] = wire.started_at
    if wire.completed_at is not None:
        kept["completed_at"] = wire.completed_at
    if wire.action is not None:
        kept["action"] = wire.action
    if category != wire.error_category:
        kept["reported_category"] = wire.error_category
    if skew is not None:
        kept["clock_skew_seconds"] = round(skew.total_seconds())
    return msgspec.json.encode(kept).decode() if kept else None


def _cleaned(raw: bytes, reading: _Reading) -> _Raw:
    reading.repairs.count()
    return wire_repairs.json_value(raw)
