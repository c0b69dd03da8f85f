"""Who may see what: a scope is made by authentication only, and every store function takes one.

``db.transaction`` turns a scope into a database role and the tenant settings its policies read.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flywheel_server.core.agents import Agent

OperatorRole = Literal["admin", "viewer"]
PartnerRole = Literal["owner", "technician", "viewer"]
ClientRole = Literal["admin", "viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthScope:
    """May only look credentials up: what a request has before it is known whose it is."""

    role = "flywheel_auth"

    def tenant(self) -> dict[str, UUID]:
        """Return no tenant."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceScope:
    """One site's key, bound to one of its appliances or shared by them."""

    role = "flywheel_appliance"
    key_id: UUID
    site_id: UUID
    site_slug: str
    appliance_id: UUID | None = None
    # Those that may stand behind the key: its appliance's, else all that the site has.
    agents: frozenset[Agent] = frozenset()

    def tenant(self) -> dict[str, UUID]:
        """Return the site."""
        return {"site_id": self.site_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientScope:
    """A user of one organization."""

    role = "flywheel_client"
    actor_id: UUID
    actor_name: str
    organization_id: UUID
    rights: ClientRole

    def tenant(self) -> dict[str, UUID]:
        """Return the organization."""
        return {"organization_id": self.organization_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerScope:
    """A user or an API key of one partner."""

    role = "flywheel_partner"
    actor_id: UUID
    actor_name: str
    partner_id: UUID
    # A key has a technician's rights: it decides and orders, but manages neither people nor keys.
    rights: PartnerRole
    by_key: bool = False

    def tenant(self) -> dict[str, UUID]:
        """Return the partner."""
        return {"partner_id": self.partner_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorScope:
    """An operator of the platform: sees every tenant."""

    role = "flywheel_operator"
    actor_id: UUID
    actor_name: str
    rights: OperatorRole

    @classmethod
    def system(cls, name: str) -> "OperatorScope":
        """Return the scope of a command run by whoever holds the machine, such as the set-up."""
        return cls(actor_id=UUID(int=0), actor_name=name, rights="admin")

    def tenant(self) -> dict[str, UUID]:
        """Return no tenant: operators see all."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopScope:
    """The learning loop; ``reason`` says which step works across tenants, and why."""

    role = "flywheel_loop"
    reason: str

    def tenant(self) -> dict[str, UUID]:
        """Return no tenant: the loop folds all."""
        return {}


Scope = AuthScope | ApplianceScope | ClientScope | PartnerScope | OperatorScope | LoopScope
PersonScope = ClientScope | PartnerScope | OperatorScope


def role_of(scope: ApplianceScope | PersonScope) -> str:
    """Return what somebody who is asking is called where a route says for whom it is."""
    if isinstance(scope, ApplianceScope):
        return "appliance"
    if isinstance(scope, OperatorScope):
        return f"operator {scope.rights}"
    if isinstance(scope, ClientScope):
        return f"client {scope.rights}"
    return "partner key" if scope.by_key else f"partner {scope.rights}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session with whose it is; `seen_at` as it was when it was read."""

    id: UUID
    user_id: UUID
    digest: bytes
    email: str
    scope: PersonScope
    created_at: dt.datetime
    seen_at: dt.datetime
    expires_at: dt.datetime
