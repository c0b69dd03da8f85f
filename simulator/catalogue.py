"""The incidents of the simulated fleet, and how often each runbook truly heals its incident.

Each kind of incident is there to show one thing that the flywheel must do, or must not do.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Platform = Literal["windows", "linux"]

# What a runbook heals that was made for something else.
WRONG_RUNBOOK_RATE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentType:
    """One kind of incident, and what is true about healing it."""

    check_type: str
    platform: Platform
    # What a planner picks; None: nothing fits, a person is needed.
    runbook_id: str | None
    success_rate: float
    # How often it happens, against the others of its platform.
    weight: float
    shows: str
    # Set when a rule compiled in or served with the tier heals it from the first day.
    builtin: bool = False
    # The share of attempts that find no credentials: not attempted, so part of no rate.
    no_credentials: float = 0.0
    # Only at the site of this index of the world; everywhere when None.
    only_site: int | None = None


CATALOGUE: tuple[IncidentType, ...] = (
    IncidentType(
        check_type="firewall_status",
        platform="windows",
        runbook_id="RB-WIN-SEC-001",
        success_rate=0.98,
        weight=8,
        builtin=True,
        shows="healed at L1 from the first day, by the tier's own rule",
    ),
    IncidentType(
        check_type="print_spooler",
        platform="windows",
        runbook_id="RB-WIN-SVC-003",
        success_rate=0.98,
        weight=22,
        shows="frequent and reliable: the first to be promoted",
    ),
    IncidentType(
        check_type="time_service",
        platform="windows",
        runbook_id="RB-WIN-SVC-004",
        success_rate=0.99,
        weight=14,
        shows="reliable: promoted",
    ),
    IncidentType(
        check_type="ntlm_level",
        platform="windows",
        runbook_id="RB-WIN-SEC-008",
        success_rate=0.97,
        weight=10,
        shows="reliable: promoted",
    ),
    IncidentType(
        check_type="tls_versions",
        platform="windows",
        runbook_id="RB-WIN-SEC-014",
        success_rate=0.97,
        weight=8,
        shows="reliable: promoted",
    ),
    IncidentType(
        check_type="nla_required",
        platform="windows",
        runbook_id="RB-WIN-SEC-010",
        success_rate=0.98,
        weight=5,
        shows="reliable but rarer: promoted later",
    ),
    IncidentType(
        check_type="remote_access",
        platform="windows",
        runbook_id="RB-WIN-ACCESS-001",
        success_rate=0.97,
        weight=5,
        no_credentials=0.4,
        shows="often no credentials: those are not attempts, the rest is good enough",
    ),
    IncidentType(
        check_type="usb_storage",
        platform="windows",
        runbook_id="RB-WIN-SEC-015",
        success_rate=0.6,
        weight=3,
        shows="mediocre: stays below the gate",
    ),
    IncidentType(
        check_type="update_agent",
        platform="windows",
        runbook_id="RB-WIN-UPD-001",
        success_rate=0.3,
        weight=3,
        shows="bad: must never be promoted",
    ),
    IncidentType(
        check_type="browser_policy",
        platform="windows",
        runbook_id="AUTO-BROWSER-POLICY",
        success_rate=0.99,
        weight=3,
        shows="a placeholder with no runbook behind it: never promoted, however good it looks",
    ),
    IncidentType(
        check_type="legacy_backup",
        platform="windows",
        runbook_id="RB-WIN-BACKUP-001",
        success_rate=0.99,
        weight=14,
        only_site=0,
        shows="one site only: a candidate for people to decide on, nothing for the platform",
    ),
    IncidentType(
        check_type="dhcp_service",
        platform="windows",
        runbook_id="RB-WIN-SVC-002",
        success_rate=0.995,
        weight=12,
        only_site=1,
        shows="one site only, of the standard tier: its client may only forward it",
    ),
    IncidentType(
        check_type="dns_service",
        platform="windows",
        runbook_id="RB-WIN-SVC-001",
        success_rate=0.995,
        weight=12,
        only_site=3,
        shows="one site only",
    ),
    IncidentType(
        check_type="disk_cleanup",
        platform="windows",
        runbook_id="RB-WIN-STG-001",
        success_rate=0.995,
        weight=12,
        only_site=5,
        shows="one site only, of another partner",
    ),
    IncidentType(
        check_type="cron_review",
        platform="linux",
        runbook_id="LIN-CRON-001",
        success_rate=0.995,
        weight=14,
        only_site=4,
        shows="one site only",
    ),
    IncidentType(
        check_type="journal_limits",
        platform="linux",
        runbook_id="LIN-LOG-001",
        success_rate=0.98,
        weight=20,
        shows="frequent and reliable: promoted early",
    ),
    IncidentType(
        check_type="sshd_ciphers",
        platform="linux",
        runbook_id="LIN-SSH-002",
        success_rate=0.98,
        weight=16,
        shows="reliable: promoted",
    ),
    IncidentType(
        check_type="world_writable",
        platform="linux",
        runbook_id="LIN-PERM-001",
        success_rate=0.99,
        weight=12,
        shows="reliable: promoted",
    ),
    IncidentType(
        check_type="audit_daemon",
        platform="linux",
        runbook_id="LIN-AUDIT-002",
        success_rate=0.97,
        weight=8,
        shows="reliable: promoted",
    ),
    IncidentType(
        check_type="package_updates",
        platform="linux",
        runbook_id="LIN-PATCH-001",
        success_rate=0.99,
        weight=4,
        shows="a detect-only runbook, which no appliance can execute: never promoted",
    ),
    IncidentType(
        check_type="raid_degraded",
        platform="linux",
        runbook_id=None,
        success_rate=0.0,
        weight=2,
        shows="needs a person: L3",
    ),
)

BY_CHECK_TYPE: Mapping[str, IncidentType] = MappingProxyType(
    {kind.check_type: kind for kind in CATALOGUE}
)


def draw(chance: random.Random, platform: Platform, site_index: int | None = None) -> IncidentType:
    """Draw what happens next on a host of this platform, at the site of this index."""
    kinds = at_site(platform, site_index)
    return chance.choices(kinds, weights=[kind.weight for kind in kinds])[0]


def at_site(platform: Platform, site_index: int | None = None) -> Sequence[IncidentType]:
    """Return the kinds of incident that happen on this platform at the site of this index."""
    return _AT_SITE[platform].get(site_index, _AT_SITE[platform][None])


def heals(chance: random.Random, kind: IncidentType, runbook_id: str | None) -> bool:
    """Draw whether a runbook heals an incident; no runbook means an engine's own action."""
    right = runbook_id is None or runbook_id == kind.runbook_id
    return chance.random() < (kind.success_rate if right else WRONG_RUNBOOK_RATE)


def _by_site(platform: Platform) -> dict[int | None, tuple[IncidentType, ...]]:
    kinds = [kind for kind in CATALOGUE if kind.platform == platform]
    sites = {None, *(kind.only_site for kind in kinds)}
    return {site: tuple(kind for kind in kinds if kind.only_site in {None, site}) for site in sites}


_AT_SITE: dict[Platform, dict[int | None, tuple[IncidentType, ...]]] = {
    "windows": _by_site("windows"),
    "linux": _by_site("linux"),
}
