"""What each value of the learning policy means, in words; rates are percentages on pages."""

from dataclasses import dataclass
from typing import Literal

from flywheel_server.policy import model as policy

Unit = Literal[
    "executions",
    "days",
    "organizations",
    "partners",
    "incidents",
    "%",
    "times",
    "yes or no",
    "rules",
    "rows",
    "MiB a day",
    "bundles a day",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One value: its title, what it does, its unit, and between what it may be."""

    name: str
    title: str
    sentence: str
    unit: Unit
    least: float
    most: float


def _explain(name: str, title: str, unit: Unit, sentence: str) -> Explained:
    least, most = policy.bounds(name)
    scale = 100 if unit == "%" else 1
    return Explained(
        name=name,
        title=title,
        sentence=sentence,
        unit=unit,
        least=round(least * scale, 4),
        most=round(most * scale, 4),
    )


GROUPS: tuple[tuple[str, tuple[Explained, ...]], ...] = (
    (
        "When a site's pattern becomes a candidate",
        (
            _explain(
                "visible_min_occurrences",
                "Visible from",
                "executions",
                "A site's people see a pattern once it was tried this often.",
            ),
            _explain(
                "site_min_occurrences",
                "Tried at least",
                "executions",
                "A pattern must have been tried this often at L2 on its host.",
            ),
            _explain(
                "site_min_successes",
                "Healed at least",
                "executions",
                "So many of those must have healed.",
            ),
            _explain(
                "site_min_success_rate",
                "Success of at least",
                "%",
                "This share of what was tried must have healed.",
            ),
            _explain(
                "site_max_age_days",
                "Seen within",
                "days",
                "A pattern that was not seen for longer is no candidate any more.",
            ),
        ),
    ),
    (
        "When the platform makes a rule by itself",
        (
            _explain(
                "platform_min_organizations",
                "Organizations",
                "organizations",
                "The same fault must have been healed the same way at this many organizations. "
                "Fewer than 3 cannot be set, so that no rule tells of a single one.",
            ),
            _explain(
                "platform_min_occurrences",
                "Tried at least",
                "executions",
                "It must have been tried this often, all organizations together.",
            ),
            _explain(
                "platform_min_success_rate",
                "Success of at least",
                "%",
                "This share of what was tried must have healed.",
            ),
            _explain(
                "platform_min_partners",
                "Partners",
                "partners",
                "Those organizations must belong to this many partners; 1 switches this off. What "
                "healed elsewhere answers a plan only from two partners on, whatever stands here.",
            ),
            _explain(
                "organization_min_incidents",
                "Each organization has",
                "incidents",
                "An organization counts only with so many attempts, on as many incidents; 1 "
                "switches this off. This and the next three hold for the platform's rules alone: "
                "a person who decides on a site's candidate sees the same figures as warnings.",
            ),
            _explain(
                "count_incidents",
                "One incident counts once",
                "yes or no",
                "However often an incident was tried, it is one attempt, which healed if the last "
                "one did. Attempts without an incident's id are one for each host.",
            ),
            _explain(
                "platform_max_age_days",
                "Not older than",
                "days",
                "Older attempts count for nothing; 0 switches this off. Attempts that are not kept "
                "any more count for nothing either, once this or one of its neighbours is on.",
            ),
            _explain(
                "max_unproven_share",
                "Not attempted at most",
                "%",
                "No rule is made when more than this of what was reported was not attempted, not "
                "reachable or called a chaos test; 100 % switches this off.",
            ),
            _explain(
                "max_organization_share",
                "One organization's share",
                "%",
                "No rule is made when one organization supplied more than this of the evidence; "
                "100 % switches this off.",
            ),
        ),
    ),
    (
        "What counts as evidence",
        (
            _explain(
                "require_verified",
                "Only verified success",
                "yes or no",
                "Count a success only when a check afterwards said so. Agents that send no "
                "verification then teach nothing.",
            ),
            _explain(
                "learn_from_chaos",
                "Learn from chaos tests",
                "yes or no",
                "Let executions that belong to a chaos campaign teach as well.",
            ),
        ),
    ),
    (
        "What one turn, one site and people may do",
        (
            _explain(
                "custom_orders",
                "Custom orders",
                "yes or no",
                "Operators and partners' owners may order what only agents know.",
            ),
            _explain(
                "max_platform_rules_per_turn",
                "Platform rules a turn",
                "rules",
                "More than this wait for the next turn; those of most organizations come first.",
            ),
            _explain(
                "max_platform_rules",
                "Platform rules in all",
                "rules",
                "With so many enabled, the platform makes no more by itself.",
            ),
            _explain(
                "quota_mib_per_day",
                "Traffic of a site",
                "MiB a day",
                "For executions, logs, evidence and reports each. Check-ins and orders are free.",
            ),
            _explain("quota_hosts", "Hosts of a site", "rows", "A new host beyond it is refused."),
            _explain(
                "quota_incident_types",
                "Incident types of a site",
                "rows",
                "A new type beyond it is refused.",
            ),
            _explain(
                "quota_patterns",
                "Patterns of a site",
                "rows",
                "A new combination of type, runbook and host beyond it is refused.",
            ),
            _explain(
                "quota_open_incidents",
                "Open incidents of a site",
                "rows",
                "A new incident beyond it is refused; those that are open go on.",
            ),
            _explain(
                "quota_bundles_per_day",
                "Evidence of a site",
                "bundles a day",
                "A bundle beyond it is refused until midnight UTC.",
            ),
        ),
    ),
    (
        "When a learnt rule is withdrawn",
        (
            _explain(
                "withdrawal_success_rate",
                "Bar",
                "%",
                "A rule that heals less often than this is switched off by itself.",
            ),
            _explain(
                "withdrawal_evidence",
                "Evidence needed",
                "times",
                "The evidence that it is below the bar must be this many times what chance "
                "explains: a higher value is slower and surer.",
            ),
        ),
    ),
)
EVERY = {each.name: each for _, group in GROUPS for each in group}


def shown(name: str, value: object) -> str:
    """Return a value with its unit."""
    explained = EVERY.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if explained is None or not isinstance(value, int | float):
        return str(value)
    if explained.unit == "%":
        return f"{round(value * 100, 4):g} %"
    if explained.unit == "times":
        return f"{value:,.10g} times"
    unit = explained.unit.removesuffix("s") if value == 1 else explained.unit
    return f"{value:,} {unit}"


def written(name: str, value: object) -> str:
    """Return a value as a form's field has it."""
    if isinstance(value, int | float) and EVERY[name].unit == "%":
        return f"{round(value * 100, 4):g}"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def read(name: str, text: str) -> int | float | bool | None:
    """Return the value that a form's field says, or None for what is no number."""
    unit = EVERY[name].unit
    if unit == "yes or no":
        return {"yes": True, "no": False}.get(text)
    try:
        number = float(text)
    except ValueError:
        return None
    if unit == "%":
        return round(number / 100, 6)
    if unit == "times":
        return number
    return int(number) if number.is_integer() else number
