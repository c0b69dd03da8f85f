"""What the demonstration prints while it runs, read from the operator API: one line of figures.

The share of L1 is that of the executions received within the window which the header names.
"""

from dataclasses import dataclass

from simulator.operator_api import OperatorApi

WINDOW_SECONDS = 60
NO_DATA = "no data"
_COLUMNS = (
    ("time", 8),
    ("executions", 12),
    ("patterns", 10),
    ("candidates", 12),
    ("platform rules", 16),
    ("running on", 12),
    (f"L1 of the last {WINDOW_SECONDS} s", 22),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The flywheel at one moment."""

    executions: int
    patterns: int
    eligible: int
    platform_rules: int
    l1_recent: int
    recent: int

    @property
    def l1_share(self) -> str:
        """Return the share in words: never a percentage of nothing."""
        if self.recent == 0:
            return NO_DATA
        return f"{self.l1_recent} of {self.recent}, {100 * self.l1_recent / self.recent:3.0f} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntRule:
    """A rule that the platform made by itself."""

    rule_id: str
    incident_type: str
    runbook_id: str
    enabled: bool


async def read(api: OperatorApi) -> Figures:
    """Read the figures of this moment. Raises Unavailable when the server does not give them."""
    seen = await api.get("flywheel/overview", window_seconds=WINDOW_SECONDS)
    recent = seen["recent"]
    return Figures(
        executions=seen["l1_folded"] + seen["l2_folded"],
        patterns=seen["patterns"],
        eligible=seen["eligible"],
        platform_rules=seen["platform_rules"],
        l1_recent=recent["L1"],
        recent=recent["L1"] + recent["L2"] + recent["L3"],
    )


async def learnt_rules(api: OperatorApi) -> list[LearntRule]:
    """Return every rule that the platform made by itself, disabled ones included."""
    return [
        LearntRule(
            rule_id=rule["rule_id"],
            incident_type=rule["incident_type"],
            runbook_id=rule["runbook_id"],
            enabled=rule["enabled"],
        )
        async for rule in api.pages("rules", source="platform")
    ]


def header() -> str:
    """Return the line above the figures."""
    return "".join(name.rjust(width) for name, width in _COLUMNS)


def line(seconds: float, figures: Figures, running_on: int) -> str:
    """Return one line of figures, aligned with the header."""
    minutes, rest = divmod(int(seconds), 60)
    values = (
        f"{minutes:02d}:{rest:02d}",
        str(figures.executions),
        str(figures.patterns),
        str(figures.eligible),
        str(figures.platform_rules),
        str(running_on),
        figures.l1_share,
    )
    return "".join(value.rjust(width) for value, (_, width) in zip(values, _COLUMNS, strict=True))
