"""Which appliance is this? Decided from what it reports and what its site already has.

Two appliances must never become one: a host name alone settles nothing as soon as a MAC or a key
says otherwise. Of MAC, evidence key and host name, two that agree outvote the third: a machine with
several network cards reports now one MAC, now another.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

L2Mode = Literal["auto", "manual", "disabled"]

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]+")
_MOST_HOST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an appliance says of itself at check-in; an equal report brings nothing but a time."""

    hostname: str = ""
    mac: str | None = None
    # What it said in place of a MAC, where that identifies no machine.
    reported_mac: str | None = None
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
    reported_mac: str | None = None
    # A person said that it is gone, or that it is another one: then that one's id.
    removed_at: dt.datetime | None = None
    merged_into: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells one machine from another, and when it was shown."""

    mac: str
    public_key: str
    hostname: str
    # By its uptime; None where the agent does not say.
    booted_at: dt.datetime | None
    seen_at: dt.datetime

    @property
    def told(self) -> tuple[str, str, str]:
        """Return what is shown without its times."""
        return self.mac, self.public_key, self.hostname


def last_report(appliance: Appliance) -> Report:
    """Return what an appliance said of itself last."""
    return Report(
        hostname=appliance.hostname,
        mac=appliance.mac,
        reported_mac=appliance.reported_mac,
        agent_public_key=appliance.agent_public_key,
        ip_addresses=appliance.ip_addresses,
        agent_version=appliance.agent_version,
        nixos_version=appliance.nixos_version,
        has_local_credentials=appliance.has_local_credentials,
        active_l2_mode=appliance.reported_l2_mode,
        active_rules_hash=appliance.reported_rules_hash,
    )


def living(appliances: Sequence[Appliance]) -> list[Appliance]:
    """Return those that were seen while the newest one was: the others are most likely gone."""
    newest = max((each.last_seen_at for each in appliances), default=None)
    return [
        each
        for each in appliances
        if newest is not None and newest - each.last_seen_at <= SILENT_AFTER
    ]


def wire_id(slug: str, report: Report, token: str) -> str:
    """Return the id that a new appliance is told; ``token`` makes it unique where no MAC does."""
    if report.mac is not None:
        return f"{slug}-{report.mac}"
    host = _NOT_PLAIN.sub("-", report.hostname)[:_MOST_HOST].strip("-") or "appliance"
    return f"{slug}-{host}-{token}"


def identify(
    report: Report, candidates: Sequence[Appliance], *, mac_is_shared: bool = False
) -> Appliance | None:
    """Return which of a site's appliances this is, or None for a new one.

    ``candidates`` are those that share the MAC, the key or the host name, in a fixed order. A MAC
    that several machines share identifies none: then key and host name both have to agree. One that
    was removed is found again only by what is surely its own; it may be merged into another.
    """
    living = [each for each in candidates if each.removed_at is None]
    if mac_is_shared:
        report = replace(report, mac=None)
        living = [each for each in living if each.hostname == report.hostname]
    found = _among(report, living)
    if found is not None or mac_is_shared:
        return found
    removed = [each for each in candidates if each.removed_at is not None]
    return next((each for each in removed if _surely(report, each)), None)


def identity(report: Report, *, booted_at: dt.datetime | None, seen_at: dt.datetime) -> Identity:
    """Return what a report shows as the machine's identity."""
    return Identity(
        mac=report.mac or "",
        public_key=report.agent_public_key or "",
        hostname=report.hostname,
        booted_at=booted_at,
        seen_at=seen_at,
    )


def machines(shown: Sequence[Identity]) -> list[Identity]:
    """Return one identity for each machine, the newest, in the order in which they came.

    Key and host name tell machines apart; where both are the same, the MAC does.
    """
    by_name = {(each.public_key, each.hostname) for each in shown}
    newest: dict[tuple[str, ...], Identity] = {}
    for each in shown:
        told = (each.public_key, each.hostname) if len(by_name) > 1 else (each.mac,)
        if told not in newest or newest[told].seen_at < each.seen_at:
            newest[told] = each
    return list(newest.values())


def _among(report: Report, candidates: Sequence[Appliance]) -> Appliance | None:
    if report.mac is not None:
        by_two = [each for each in candidates if _key_and_name(report, each)]
        for each in candidates:
            if each.mac == report.mac:
                moved = len(by_two) == 1 and _keys_differ(report, each) and not _named(report, each)
                return by_two[0] if moved else each
        if len(by_two) == 1:
            return by_two[0]
        # One that had no MAC so far may show it now; any other MAC is another machine.
        candidates = [each for each in candidates if each.mac is None]
    by_key = [
        each
        for each in candidates
        if report.agent_public_key is not None and each.agent_public_key == report.agent_public_key
    ]
    return _likeliest(report, by_key) if by_key else _by_name(report, candidates)


def _by_name(report: Report, candidates: Sequence[Appliance]) -> Appliance | None:
    by_name = [
        each for each in candidates if _named(report, each) and not _keys_differ(report, each)
    ]
    if not report.hostname and (report.mac or report.agent_public_key):
        return None
    unidentified = [each for each in by_name if each.mac is None and each.agent_public_key is None]
    if unidentified:
        return unidentified[0]
    # Of several machines with this name nothing tells which one it is.
    return by_name[0] if len(by_name) == 1 and report.hostname else None


def _surely(report: Report, appliance: Appliance) -> bool:
    """Say whether a report is a removed appliance's: by its MAC, by key and name, or by all."""
    if report.mac is not None and appliance.mac == report.mac:
        return _named(report, appliance) or not _keys_differ(report, appliance)
    if report.mac is None and report.agent_public_key is None:
        return (
            appliance.mac is None
            and appliance.agent_public_key is None
            and _named(report, appliance)
        )
    return _key_and_name(report, appliance)


def _likeliest(report: Report, same_key: Sequence[Appliance]) -> Appliance:
    """Choose among copies of one disk image, which share its key."""
    return min(
        same_key,
        key=lambda each: (each.hostname != report.hostname, each.mac is not None, each.id),
    )


def _key_and_name(report: Report, appliance: Appliance) -> bool:
    key = report.agent_public_key
    same_key = key is not None and appliance.agent_public_key == key
    return same_key and bool(report.hostname) and _named(report, appliance)


def _named(report: Report, appliance: Appliance) -> bool:
    return appliance.hostname == report.hostname


def _keys_differ(report: Report, appliance: Appliance) -> bool:
    keys = {report.agent_public_key, appliance.agent_public_key} - {None}
    return len(keys) > 1


SILENT_AFTER = dt.timedelta(hours=24)


KeyState = Literal["active", "waiting", "replaced", "refused"]
