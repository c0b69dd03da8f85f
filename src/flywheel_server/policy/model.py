"""The learning policy: every threshold is data, with a floor that cannot be configured away."""

from dataclasses import asdict, dataclass, fields

from flywheel_server.core import errors

ORGANIZATIONS_FLOOR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The thresholds in force. Rates and shares are fractions of 1, counts are executions."""

    # A pattern is shown to its own site's people from here on.
    visible_min_occurrences: int = 5
    # When a site's pattern becomes a candidate.
    site_min_occurrences: int = 5
    site_min_successes: int = 3
    site_min_success_rate: float = 0.9
    site_max_age_days: int = 7
    # When the platform promotes by itself.
    platform_min_organizations: int = 5
    platform_min_success_rate: float = 0.9
    platform_min_occurrences: int = 20
    # Of how many partners these organizations are at least; 1 is off.
    platform_min_partners: int = 1
    # An organization is one of them with so many attempts, on as many incidents; 1 is off.
    organization_min_incidents: int = 1
    # All attempts at one incident count as one; healed, if the last of them was.
    count_incidents: bool = False
    # Older attempts count for nothing; 0 is off.
    platform_max_age_days: int = 0
    # Refuse when more than this share was not attempted or called a chaos test; 1 is off.
    max_unproven_share: float = 1.0
    # Refuse platform promotion when one organization supplies more than this share; 1 is off.
    max_organization_share: float = 1.0
    # Count only successes whose post-check said so. Off: the Go daemon sends no verification.
    require_verified: bool = False
    # Let executions marked with a chaos campaign teach.
    learn_from_chaos: bool = False
    # How many rules the platform makes in one turn, and how many it has in all; the rest waits.
    max_platform_rules_per_turn: int = 10
    max_platform_rules: int = 1_000
    # What one site may write: MiB a day of each kind of traffic, and rows of each kind.
    quota_mib_per_day: int = 2_048
    quota_hosts: int = 20_000
    quota_incident_types: int = 2_000
    quota_patterns: int = 100_000
    quota_open_incidents: int = 20_000
    quota_bundles_per_day: int = 20_000
    # Let operators and partners' owners order what this server does not know.
    custom_orders: bool = False
    # When a learnt rule is withdrawn: its bar, and how much evidence it takes.
    withdrawal_success_rate: float = 0.8
    withdrawal_evidence: float = 1_000.0

    @property
    def counts_by_spread(self) -> bool:
        """Whether a platform pattern is judged by facts, which say more than its sums."""
        return (
            self.organization_min_incidents > 1
            or self.count_incidents
            or self.platform_max_age_days > 0
            or self.max_unproven_share < 1
        )


# What the values that are off are to a careful platform: pages warn by them.
ADVISED = Policy(
    platform_min_partners=2,
    organization_min_incidents=2,
    count_incidents=True,
    platform_max_age_days=90,
    max_unproven_share=0.5,
)


def as_values(policy: Policy) -> dict[str, int | float | bool]:
    """Return the policy as the JSON object that is stored and shown."""
    return asdict(policy)


def from_values(values: dict[str, object]) -> Policy:
    """Return the policy of a JSON object; members that are missing keep their default.

    Raises InvalidInput naming the member that is unknown, of the wrong type or out of range.
    """
    known = {field.name: field for field in fields(Policy)}
    for name, value in values.items():
        if name not in known:
            raise errors.InvalidInput(f"`{name}` is no policy value: {', '.join(sorted(known))}.")
        _check(name, value, type(known[name].default))
    return Policy(**values)  # type: ignore[arg-type]


def check(policy: Policy) -> None:
    """Raise InvalidInput for values that work against each other."""
    for name in ("site_min_success_rate", "platform_min_success_rate"):
        if getattr(policy, name) < policy.withdrawal_success_rate:
            raise errors.InvalidInput(
                f"`withdrawal_success_rate` is above `{name}`: a rule would be made and withdrawn "
                "by the same evidence. Lower the one or raise the other."
            )


def explained(policy: Policy) -> list[str]:
    """Return what values mean together that one would not expect of each alone."""
    found = []
    if policy.site_min_successes > policy.site_min_occurrences:
        found.append(
            f"{policy.site_min_successes} successes take at least as many attempts: that "
            f"{policy.site_min_occurrences} attempts are enough has no effect."
        )
    if policy.visible_min_occurrences > policy.site_min_occurrences:
        found.append(
            f"A site's people see patterns from {policy.visible_min_occurrences} attempts on: "
            f"candidates with {policy.site_min_occurrences} or more are hidden from them until "
            "then."
        )
    if policy.max_organization_share * policy.platform_min_organizations < 1:
        found.append(
            f"With {policy.platform_min_organizations} organizations, the largest always supplies "
            f"more than {100 * policy.max_organization_share:g} %: more organizations are needed."
        )
    if policy.platform_min_partners > policy.platform_min_organizations:
        found.append(
            f"{policy.platform_min_partners} partners have as many organizations at least: that "
            f"{policy.platform_min_organizations} organizations are enough has no effect."
        )
    least = policy.organization_min_incidents * policy.platform_min_organizations
    if policy.organization_min_incidents > 1 and policy.platform_min_occurrences < least:
        found.append(
            f"{policy.platform_min_organizations} organizations with "
            f"{policy.organization_min_incidents} incidents have {least} attempts at least: that "
            f"{policy.platform_min_occurrences} attempts are enough has no effect."
        )
    if policy.platform_min_occurrences < policy.platform_min_organizations:
        found.append(
            f"Each of {policy.platform_min_organizations} organizations supplies one attempt at "
            f"least: that {policy.platform_min_occurrences} attempts are enough has no effect."
        )
    if policy.require_verified and policy.learn_from_chaos:
        found.append(
            "Only verified successes count, and attempts of chaos tests count as attempts: a "
            "chaos test that no check confirmed counts against its pattern."
        )
    return found


def bounds(name: str) -> tuple[float, float]:
    """Return between which numbers a value may be."""
    return _BOUNDS.get(name, _USUAL)


def _check(name: str, value: object, kind: type) -> None:
    if kind is bool:
        if not isinstance(value, bool):
            raise errors.InvalidInput(f"`{name}` is true or false.")
        return
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else int):
        raise errors.InvalidInput(f"`{name}` is a {'number' if kind is float else 'whole number'}.")
    least, most = bounds(name)
    if not least <= value <= most:
        raise errors.InvalidInput(f"`{name}` is between {least} and {most}.")


_USUAL = (1, 1_000_000)
_BOUNDS: dict[str, tuple[float, float]] = {
    "site_min_success_rate": (0.5, 1),
    "site_min_successes": (1, 1_000_000),
    "site_max_age_days": (1, 365),
    "platform_min_organizations": (ORGANIZATIONS_FLOOR, 1_000_000),
    "platform_min_success_rate": (0.5, 1),
    "platform_min_partners": (1, 1_000),
    "organization_min_incidents": (1, 1_000),
    "platform_max_age_days": (0, 3_650),
    "max_unproven_share": (0, 1),
    "max_organization_share": (0.01, 1),
    "withdrawal_success_rate": (0.05, 0.99),
    "withdrawal_evidence": (10, 1_000_000),
}
