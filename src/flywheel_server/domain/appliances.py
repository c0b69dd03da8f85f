"""Which appliance is this? Decided from what it reports and what its site already has.

Two appliances must never become one: a host name alone settles nothing as soon as a MAC or a key
says otherwise.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

L2Mode = Literal["auto", "manual", "disabled"]

_MAC = re.compile(r"([0-9A-F]{2})[:-]?" * 5 + r"([0-9A-F]{2})")
_NO_MAC = "00:00:00:00:00:00"
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]+")
_MOST_HOST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an appliance says of itself at check-in; an equal report brings nothing but a time."""

    hostname: str = ""
    mac: str | None = None
    agent_public_key: str | None = None
    ip_addresses: tuple[str, ...] = ()
    agent_version: str = ""
    nixos_version: str = ""
    has_local_credentials: bool = False
    active_l2_mode: L2Mode | None = None
    active_rules_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """A registered appliance: what it reported, and what it shall be."""

    id: UUID
    site_id: UUID
    # {site_id}-{MAC} as first registered.
    wire_id: str
    mac: str | None
    agent_public_key: str | None
    hostname: str
    ip_addresses: tuple[str, ...]
    agent_version: str
    nixos_version: str
    has_local_credentials: bool
    uptime_seconds: int | None
    desired_l2_mode: L2Mode
    # None: this agent never said which mode it runs.
    reported_l2_mode: L2Mode | None
    reported_l2_mode_at: dt.datetime | None
    desired_rules_hash: str | None
    reported_rules_hash: str | None
    reported_rules_hash_at: dt.datetime | None
    last_sync_at: dt.datetime | None
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime


def last_report(appliance: Appliance) -> Report:
    """Return what an appliance said of itself last."""
    return Report(
        hostname=appliance.hostname,
        mac=appliance.mac,
        agent_public_key=appliance.agent_public_key,
        ip_addresses=appliance.ip_addresses,
        agent_version=appliance.agent_version,
        nixos_version=appliance.nixos_version,
        has_local_credentials=appliance.has_local_credentials,
        active_l2_mode=appliance.reported_l2_mode,
        active_rules_hash=appliance.reported_rules_hash,
    )


def parse_mac(text: str | None) -> str | None:
    """Return a MAC in upper case with colons; None for none and all zeros. Raises ValueError."""
    if text is None or not text.strip():
        return None
    found = _MAC.fullmatch(text.strip().upper())
    if found is None:
        raise ValueError("a MAC is six pairs of hex digits, such as 02:00:5E:10:00:01")
    mac = ":".join(found.groups())
    return None if mac == _NO_MAC else mac


def wire_id(slug: str, report: Report, token: str) -> str:
    """Return the id that a new appliance is told; ``token`` makes it unique where no MAC does."""
    if report.mac is not None:
        return f"{slug}-{report.mac}"
    host = _NOT_PLAIN.sub("-", report.hostname)[:_MOST_HOST].strip("-") or "appliance"
    return f"{slug}-{host}-{token}"


def normal_wire_id(text: str) -> tuple[str, str | None, bool]:
    """Return a wire id with its MAC in the usual form, that MAC, and whether it was all zeros."""
    prefix, tail = text[:-17], text[-17:]
    try:
        mac = parse_mac(tail) if len(tail) == 17 else None  # noqa: PLR2004 - a MAC's length
    except ValueError:
        return text, None, False
    if mac is None:
        return text, None, len(tail) == 17 and prefix.endswith("-")  # noqa: PLR2004
    return prefix + mac, mac, False


def identify(report: Report, candidates: Sequence[Appliance]) -> Appliance | None:
    """Return which of a site's appliances this is, or None for a new one.

    ``candidates`` are those that share the MAC, the key or the host name, in a fixed order.
    """
    if report.mac is not None:
        for appliance in candidates:
            if appliance.mac == report.mac:
                return appliance
        # One that had no MAC so far may show it now; any other MAC is another machine.
        candidates = [appliance for appliance in candidates if appliance.mac is None]
    by_key = [
        appliance
        for appliance in candidates
        if report.agent_public_key is not None
        and appliance.agent_public_key == report.agent_public_key
    ]
    if by_key:
        return _likeliest(report, by_key)
    by_name = [
        appliance
        for appliance in candidates
        if appliance.hostname == report.hostname and not _keys_differ(report, appliance)
    ]
    if not report.hostname and (report.mac or report.agent_public_key):
        return None
    unidentified = [
        appliance
        for appliance in by_name
        if appliance.mac is None and appliance.agent_public_key is None
    ]
    if unidentified:
        return unidentified[0]
    # Of several machines with this name nobody can tell which it is.
    return by_name[0] if len(by_name) == 1 and report.hostname else None


def _likeliest(report: Report, same_key: Sequence[Appliance]) -> Appliance:
    """Choose among copies of one disk image, which share its key."""
    return min(
        same_key,
        key=lambda each: (each.hostname != report.hostname, each.mac is not None, each.id),
    )


def _keys_differ(report: Report, appliance: Appliance) -> bool:
    keys = {report.agent_public_key, appliance.agent_public_key} - {None}
    return len(keys) > 1
