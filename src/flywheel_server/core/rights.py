"""What people may do. Every door asks here: JSON routes, bulk, forms, and the buttons of pages."""

from collections.abc import Sequence

from flywheel_server.core.people import CLIENT_ROLES, OPERATOR_ROLES, PARTNER_ROLES
from flywheel_server.core.scope import ClientScope, OperatorScope, PersonScope, role_of

# Every role, as `role_of` names it.
OPERATORS = frozenset(f"operator {rights}" for rights in OPERATOR_ROLES)
PARTNERS = frozenset(f"partner {rights}" for rights in PARTNER_ROLES) | {"partner key"}
CLIENTS = frozenset(f"client {rights}" for rights in CLIENT_ROLES)
PEOPLE = OPERATORS | PARTNERS | CLIENTS
VIEWERS = frozenset(role for role in PEOPLE if role.endswith(" viewer"))

# States in which a candidate, or a plan, waits for a decision.
_OPEN = frozenset({"eligible", "waiting"})
_FULL_COVERAGE = "full_coverage"


def may_change(scope: PersonScope) -> bool:
    """Say whether somebody may change anything: viewers only look."""
    return role_of(scope) not in VIEWERS


def decides_at(scope: PersonScope, healing_tier: str) -> bool:
    """Say whether this kind of people decides at a site of this tier, viewers aside.

    An organization decides where its coverage is full; elsewhere its partner does.
    """
    return not isinstance(scope, ClientScope) or healing_tier == _FULL_COVERAGE


def decides_everywhere(scope: PersonScope, healing_tiers: Sequence[str]) -> bool:
    """Say whether this kind of people decides at all of their sites; with none it does not."""
    return bool(healing_tiers) and all(decides_at(scope, tier) for tier in healing_tiers)


def decides_on(scope: PersonScope, healing_tier: str, state: str) -> bool:
    """Say whether this kind of people decides on a candidate or plan now, viewers aside."""
    return state in _OPEN and decides_at(scope, healing_tier)


def may_decide(scope: PersonScope, healing_tier: str, state: str) -> bool:
    """Say whether somebody may decide on a candidate or plan now."""
    return may_change(scope) and decides_on(scope, healing_tier, state)


def may_reopen(scope: PersonScope, healing_tier: str, state: str) -> bool:
    """Say whether somebody may take the rejection of a candidate back."""
    return state == "rejected" and may_change(scope) and decides_at(scope, healing_tier)


def may_order_anything(scope: PersonScope) -> bool:
    """Say whether somebody may send orders of words of their own, where the policy allows any."""
    role = role_of(scope)
    return role == "partner owner" or (isinstance(scope, OperatorScope) and may_change(scope))
