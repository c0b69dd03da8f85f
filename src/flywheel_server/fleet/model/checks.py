"""How the checks of a scan ended.

Agents name the ends of checks as they like; the words that are known count as passed, failed or
warned, every other one as other.
"""

from typing import Literal

CheckKind = Literal["passed", "failed", "warned", "other"]

_KINDS: dict[str, CheckKind] = {
    **dict.fromkeys(("pass", "passed", "ok", "success", "compliant", "healthy"), "passed"),
    **dict.fromkeys(
        ("fail", "failed", "failure", "error", "critical", "drift", "drifted", "non_compliant"),
        "failed",
    ),
    **dict.fromkeys(("warn", "warning", "warned", "degraded"), "warned"),
}


def kind(status: str) -> CheckKind:
    """Return what a status counts as."""
    return _KINDS.get(status.strip().lower().replace("-", "_"), "other")
