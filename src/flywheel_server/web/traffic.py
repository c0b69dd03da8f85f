"""Which places and budgets the requests of a route take: every route declares its kind of traffic.

A route declares it beside its audience, with one of these in its ``dependencies`` or its router's.
People's audiences declare it for their routes. ``access.check_routes`` rejects a route without one.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traffic:
    """A kind of traffic. As a dependency it declares the kind and does nothing."""

    # A name in the table of `limits.kinds`.
    kind: str
    # Whose bucket a request is taken from before its body is read.
    budget: Literal["sender", "address", "none"] = "sender"
    # Nobody has to be known here: credentials are not looked up.
    anonymous: bool = False

    async def __call__(self) -> None:
        """Do nothing: a declaration."""


CHECK_INS = Traffic(kind="check-ins")
SYNC = Traffic(kind="sync")
TELEMETRY = Traffic(kind="telemetry")
REPORTS = Traffic(kind="reports")
PLANS = Traffic(kind="plans")
ORDERS = Traffic(kind="orders")
# Requests of operators take the places of operators on these routes, appliances' those of reports.
PEOPLE = Traffic(kind="people")
LIVE = Traffic(kind="live")
# Whoever signs in is known by address alone; to look at a form costs nothing.
SIGN_IN = Traffic(kind="sign-in", budget="address")
SIGN_IN_FORMS = Traffic(kind="sign-in", budget="none")
HEALTH = Traffic(kind="health", budget="none", anonymous=True)
BROWSER_REPORTS = Traffic(kind="health", budget="address", anonymous=True)
FIGURES = Traffic(kind="figures", budget="address", anonymous=True)
FILES = Traffic(kind="people", budget="none", anonymous=True)
