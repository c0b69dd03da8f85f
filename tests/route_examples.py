"""An example request for every route: what the laws of access and isolation are generated from.

A new route needs one line in ``EXAMPLES``: ``"METHOD /template": lambda stage, site: Example(…)``.
An appliance's request names ``site`` wherever it can (path, query, body), for the laws ask it with
a foreign one as well. It must succeed with ``status`` for whoever the route is meant for.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from flywheel_server import db
from flywheel_server.api import access
from flywheel_server.app import create_app
from flywheel_server.domain.scope import PartnerScope
from flywheel_server.portal import layer
from flywheel_server.settings import Settings
from tests import evidence, ordering, planning
from tests.candidates import make_candidates, make_pair, make_promoted_rule
from tests.cast import (
    STAGE,
    Cast,
    CastSite,
    Credential,
    make_appliance,
    make_cast,
    make_partner_key,
    make_person,
    make_site_key,
)
from tests.hooks import NOWHERE, Made, make_endpoint

SITE = "site_id"
MOMENT = "2026-02-24T10:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One request, and the status with which it succeeds."""

    path: str
    query: dict[str, str] | None = None
    body: Any = None
    status: int = 200
    # How many audit entries it leaves, if it changes anything.
    entries: int = 1

    async def send(
        self, client: httpx.AsyncClient, method: str, headers: dict[str, str]
    ) -> httpx.Response:
        return await client.request(
            method, self.path, params=self.query, json=self.body, headers=headers
        )

    def names(self, site: CastSite) -> bool:
        """Say whether the request mentions the site."""
        return site.slug in repr((self.path, self.query, self.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The cast, and the things that examples speak of."""

    cast: Cast
    # A live key of `cast.site`, and one that is spent.
    spare: Credential
    # Two API keys of the first partner, to be rotated and revoked.
    partner_keys: tuple[Credential, Credential]
    # Somebody of each home ("operator", "partner", "client") to be managed.
    colleagues: dict[str, UUID]
    # Of each site, by its id: candidates that wait for a decision, by host, and a promoted rule.
    candidates: dict[UUID, dict[str, str]]
    rules: dict[UUID, str]
    # What the platform counted for the pair of those candidates.
    pair: UUID
    # Plans of `cast.neighbour`, which has full coverage, that wait for a person, by purpose.
    plans: dict[str, UUID]
    # An open order to `cast.appliance`.
    order: str
    # Of operators and of the first partner: a webhook with a delivery, and one to be deleted.
    webhooks: dict[str, tuple[Made, Made]]
    # The agent of `cast.appliance`, a bundle of its, and two evidence keys that wait.
    agent: evidence.Agent
    bundle_id: str
    evidence_keys: tuple[UUID, UUID]

    def candidate(self, site: CastSite, purpose: str) -> str:
        """Return a candidate that no example of another purpose decides on."""
        return self.candidates[site.id][purpose]

    def own_decision(self, site: CastSite, purpose: str) -> str:
        """Return a candidate of the site's organization where clients decide themselves."""
        for each in self.cast.sites:
            if (each.organization_id, each.healing_tier) == (site.organization_id, "full_coverage"):
                return self.candidate(each, purpose)
        return self.candidate(site, purpose)


Builder = Callable[[Stage, CastSite], Example]

ADMIN = "/api/admin"
PARTNER = "/api/partners/me/learning"
CLIENT = "/api/client"
APPROVAL = {"notes": "Proven.", "deploy_immediately": False}
PURPOSES = ("approve", "reject", "bulk-approve", "bulk-reject", "forward")


def _execution(site: CastSite) -> dict[str, Any]:
    return {
        "execution_id": f"l1-{secrets.token_hex(8)}",
        "incident_id": "drift-WS-TEST-30-firewall_status-1",
        "runbook_id": "RB-WIN-SEC-001",
        "hostname": f"WS-{site.slug}",
        "incident_type": "firewall_status",
        "duration_seconds": 1.5,
        "success": True,
        "status": "success",
        "confidence": 0.9,
        "resolution_level": "L2",
    }


def _document(path: str) -> Builder:
    return lambda _stage, site: Example(path=path, body={SITE: site.slug, "found": []})


def _incident(site: CastSite) -> dict[str, Any]:
    return {
        SITE: site.slug,
        "host_id": "WS-TEST-30",
        "incident_type": "firewall_status",
        "check_type": "firewall_status",
        "severity": "high",
    }


def _appliance(stage: Stage, site: CastSite) -> str:
    return f"/api/sites/{site.slug}/appliances/{stage.cast.appliance.wire_id}"


def _admin(path: str, body: Any = None, status: int = 200) -> Builder:
    return lambda _stage, _site: Example(path=f"{ADMIN}/{path}", body=body, status=status)


def _partner(path: str, body: Any = None, status: int = 200) -> Builder:
    return lambda _stage, _site: Example(path=f"{PARTNER}/{path}", body=body, status=status)


def _new_email() -> str:
    return f"person-{secrets.token_hex(8)}@example.com"


def _of_colleague(home: str, template: str, status: int) -> Builder:
    return lambda stage, _site: Example(
        path=template.replace("{id}", str(stage.colleagues[home])), status=status
    )


def _of_webhook(home: str, prefix: str, path: str, body: Any, status: int) -> Builder:
    def build(stage: Stage, _site: CastSite) -> Example:
        kept, spare = stage.webhooks[home]
        id = spare.id if status == 204 else kept.id
        return Example(
            path=prefix + path.format(id=id, delivery_id=kept.delivery_id), body=body, status=status
        )

    return build


def _one_plan(prefix: str) -> Builder:
    return lambda stage, _site: Example(path=f"{prefix}/{stage.plans['approve']}")


def _of_site(path: str) -> Builder:
    return lambda _stage, site: Example(path=path, query={"site": site.slug})


EXAMPLES: dict[str, Builder] = {
    "GET /health": lambda _stage, _site: Example(path="/health"),
    "GET /ready": lambda _stage, _site: Example(path="/ready"),
    "GET /metrics": lambda _stage, _site: Example(path="/metrics"),
    # ---- appliances
    "POST /api/appliances/checkin": lambda _stage, site: Example(
        path="/api/appliances/checkin",
        body={SITE: site.slug, "hostname": "vm", "mac_address": "02:00:5e:10:00:01"},
    ),
    "GET /agent/sync": lambda _stage, site: Example(path="/agent/sync", query={SITE: site.slug}),
    "GET /api/agent/l1-rules": lambda _stage, site: Example(
        path="/api/agent/l1-rules", query={SITE: site.slug}
    ),
    "GET /api/agent/sync/promoted-rules": lambda _stage, site: Example(
        path="/api/agent/sync/promoted-rules", query={SITE: site.slug, "since": MOMENT}
    ),
    "POST /api/agent/executions": lambda _stage, site: Example(
        path="/api/agent/executions",
        body={SITE: site.slug, "execution": _execution(site), "reported_at": MOMENT},
    ),
    "POST /api/agent/executions/batch": lambda _stage, site: Example(
        path="/api/agent/executions/batch",
        body={SITE: site.slug, "executions": [_execution(site)], "reported_at": MOMENT},
    ),
    "POST /incidents": lambda _stage, site: Example(path="/incidents", body=_incident(site)),
    "POST /incidents/resolve": lambda _stage, site: Example(
        path="/incidents/resolve", body=_incident(site)
    ),
    "POST /incidents/{incident_id}/resolve": lambda _stage, _site: Example(
        path="/incidents/01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e/resolve",
        body={"resolution_tier": "L1", "action_taken": "run_windows_runbook"},
        # Its own test resolves a real one; here nobody has this one.
        status=404,
    ),
    "POST /api/logs/ingest": lambda _stage, site: Example(
        path="/api/logs/ingest",
        body={SITE: site.slug, "hostname": "vm", "batch": [{"msg": "hello", "ts": MOMENT}]},
    ),
    "POST /api/agent/l2/plan": lambda _stage, site: Example(
        path="/api/agent/l2/plan",
        body={SITE: site.slug, "incident_id": "i-1", "incident_type": "firewall_status"},
    ),
    "GET /api/sites/{site_id}/appliances/{appliance_id}/orders/pending": lambda stage, site: (
        Example(path=f"{_appliance(stage, site)}/orders/pending")
    ),
    "GET /api/fleet/orders/pending": lambda stage, _site: Example(
        path="/api/fleet/orders/pending", query={"appliance_id": str(stage.cast.appliance.id)}
    ),
    "POST /api/orders/{order_id:path}/acknowledge": lambda stage, _site: Example(
        path=f"/api/orders/{stage.order}/acknowledge"
    ),
    "POST /api/orders/{order_id:path}/complete": lambda stage, _site: Example(
        path=f"/api/orders/{stage.order}/complete", body={"success": True}
    ),
    # ---- orders and delivery, for people
    "POST /api/sites/{site_id}/appliances/{appliance_id}/orders": lambda stage, site: Example(
        path=f"{_appliance(stage, site)}/orders", body={"kind": "force_checkin"}, status=201
    ),
    "GET /api/sites/{site_id}/appliances/{appliance_id}/orders": lambda stage, site: Example(
        path=f"{_appliance(stage, site)}/orders"
    ),
    "POST /api/orders/{order_id:path}/cancel": lambda stage, _site: Example(
        path=f"/api/orders/{stage.order}/cancel", body={"reason": "Not now."}
    ),
    "GET /api/admin/alarms": lambda _stage, _site: Example(path="/api/admin/alarms"),
    "GET /api/admin/rules/{rule_id}/deliveries": lambda _stage, _site: Example(
        path="/api/admin/rules/L1-FIREWALL-002/deliveries"
    ),
    "GET /api/partners/me/learning/promoted-rules/{rule_id}/deliveries": lambda stage, site: (
        Example(path=f"/api/partners/me/learning/promoted-rules/{stage.rules[site.id]}/deliveries")
    ),
    # ---- more of appliances
    "POST /agent/patterns": lambda _stage, site: Example(
        path="/agent/patterns",
        body={SITE: site.slug, "check_type": "disk", "issue_signature": "disk:ws", "success": True},
    ),
    "POST /api/agent/sync/pattern-stats": lambda _stage, site: Example(
        path="/api/agent/sync/pattern-stats",
        body={SITE: site.slug, "pattern_stats": [], "synced_at": MOMENT},
    ),
    "POST /api/appliances/domain-discovered": _document("/api/appliances/domain-discovered"),
    "POST /api/appliances/enumeration-results": _document("/api/appliances/enumeration-results"),
    "POST /api/appliances/agent-deployments": _document("/api/appliances/agent-deployments"),
    "POST /api/devices/sync": _document("/api/devices/sync"),
    "POST /api/learning/promotion-report": _document("/api/learning/promotion-report"),
    # ---- operators
    "POST /api/admin/partners": _admin("partners", {"name": "East IT"}, 201),
    "GET /api/admin/partners": _admin("partners"),
    "POST /api/admin/partners/{id}/keys": lambda stage, _site: Example(
        path=f"{ADMIN}/partners/{stage.cast.partners[0].id}/keys",
        body={"label": "tickets"},
        status=201,
    ),
    "POST /api/admin/organizations": lambda stage, _site: Example(
        path=f"{ADMIN}/organizations",
        body={"partner_id": str(stage.cast.partners[0].id), "name": "Harbour Dental"},
        status=201,
    ),
    "PATCH /api/admin/organizations/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/organizations/{stage.cast.site.organization_id}",
        body={"contributes": False},
    ),
    "GET /api/admin/organizations": _admin("organizations"),
    "POST /api/admin/sites": lambda stage, _site: Example(
        path=f"{ADMIN}/sites",
        body={
            SITE: "harbour-dental-main",
            "organization_id": str(stage.cast.site.organization_id),
            "name": "Main practice",
            "healing_tier": "full_coverage",
        },
        status=201,
    ),
    "GET /api/admin/sites": _admin("sites"),
    "POST /api/admin/sites/{site_id}/keys": lambda stage, _site: Example(
        path=f"{ADMIN}/sites/{stage.cast.site.slug}/keys", body={"label": "rack 2"}, status=201
    ),
    "DELETE /api/admin/keys/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/keys/{stage.spare.id}", status=204
    ),
    "GET /api/admin/keys": _admin("keys"),
    "GET /api/admin/operators": _admin("operators"),
    "GET /api/admin/appliances": _admin("appliances"),
    "GET /api/admin/audit": _admin("audit"),
    "GET /api/admin/audit/chain": _admin("audit/chain"),
    "POST /api/admin/runbooks": _admin(
        "runbooks",
        {
            "runbook_id": "RB-WIN-PRINT-001",
            "name": "Clear the print queue",
            "platform": "windows",
            "executable": True,
        },
        201,
    ),
    "GET /api/admin/runbooks": _admin("runbooks"),
    "POST /api/admin/aliases": _admin(
        "aliases", {"alias": "fix-firewall", "runbook_id": "RB-WIN-SEC-001"}, 201
    ),
    "GET /api/admin/aliases": _admin("aliases"),
    "GET /api/admin/rules": _admin("rules"),
    "GET /api/admin/rules/{rule_id}": _admin("rules/L1-FIREWALL-002"),
    "GET /api/admin/rules/{rule_id}/figures": _admin("rules/L1-FIREWALL-002/figures"),
    "POST /api/admin/rules/{rule_id}/disable": _admin(
        "rules/L1-FIREWALL-002/disable", {"reason": "Handled by the domain's policy."}
    ),
    "POST /api/admin/rules/{rule_id}/enable": _admin(
        "rules/L1-FIREWALL-002/enable", {"reason": "The domain's policy is gone."}
    ),
    "GET /api/admin/flywheel/policy": _admin("flywheel/policy"),
    "PUT /api/admin/flywheel/policy": _admin(
        "flywheel/policy", {"platform_min_occurrences": 30, "reason": "More evidence."}
    ),
    "GET /api/admin/patterns": _admin("patterns"),
    "GET /api/admin/platform-patterns": _admin("platform-patterns"),
    "GET /api/admin/platform-patterns/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/platform-patterns/{stage.pair}"
    ),
    "GET /api/admin/unresolved-ids": _admin("unresolved-ids"),
    "GET /api/admin/flywheel/runs": _admin("flywheel/runs"),
    "POST /api/admin/flywheel/run": _admin("flywheel/run"),
    "GET /api/admin/flywheel/overview": _admin("flywheel/overview"),
    "GET /api/admin/flywheel/wheel": _admin("flywheel/wheel"),
    "GET /api/admin/flywheel/loop": _admin("flywheel/loop"),
    "GET /api/admin/candidates": _admin("candidates"),
    "GET /api/admin/candidates/{candidate_id}": lambda stage, site: Example(
        path=f"{ADMIN}/candidates/{stage.candidate(site, 'approve')}"
    ),
    "POST /api/admin/candidates/{candidate_id}/approve": lambda stage, site: Example(
        path=f"{ADMIN}/candidates/{stage.candidate(site, 'approve')}/approve", body=APPROVAL
    ),
    "POST /api/admin/candidates/{candidate_id}/reject": lambda stage, site: Example(
        path=f"{ADMIN}/candidates/{stage.candidate(site, 'reject')}/reject",
        body={"reason": "Not here."},
    ),
    "POST /api/admin/rules": _admin(
        "rules",
        {
            "rule_id": "L1-CUSTOM-001",
            "scope": "platform",
            "incident_type": "firewall_status",
            "runbook_id": "RB-WIN-SEC-001",
            "name": "Firewall on",
        },
        201,
    ),
    "PATCH /api/admin/sites/{site_id}": lambda _stage, site: Example(
        path=f"{ADMIN}/sites/{site.slug}", body={"healing_tier": "full_coverage"}
    ),
    "PATCH /api/sites/{site_id}/appliances/{appliance_id}/l2-mode": lambda stage, site: Example(
        path=f"/api/sites/{site.slug}/appliances/{stage.cast.appliance.wire_id}/l2-mode",
        body={"l2_mode": "manual"},
    ),
    # ---- partners
    f"GET {PARTNER}/stats": _partner("stats"),
    f"GET {PARTNER}/candidates": lambda _stage, site: Example(
        path=f"{PARTNER}/candidates", query={"site": site.slug}
    ),
    f"GET {PARTNER}/candidates/{{candidate_id}}": lambda stage, site: Example(
        path=f"{PARTNER}/candidates/{stage.candidate(site, 'approve')}"
    ),
    f"POST {PARTNER}/candidates/{{candidate_id}}/approve": lambda stage, site: Example(
        path=f"{PARTNER}/candidates/{stage.candidate(site, 'approve')}/approve", body=APPROVAL
    ),
    f"POST {PARTNER}/candidates/{{candidate_id}}/reject": lambda stage, site: Example(
        path=f"{PARTNER}/candidates/{stage.candidate(site, 'reject')}/reject",
        body={"reason": "Not here."},
    ),
    f"POST {PARTNER}/candidates/bulk-approve": lambda stage, site: Example(
        path=f"{PARTNER}/candidates/bulk-approve",
        body=APPROVAL | {"pattern_ids": [stage.candidate(site, "bulk-approve")]},
        entries=2,
    ),
    f"POST {PARTNER}/candidates/bulk-reject": lambda stage, site: Example(
        path=f"{PARTNER}/candidates/bulk-reject",
        body={"pattern_ids": [stage.candidate(site, "bulk-reject")], "reason": "Not here."},
        entries=2,
    ),
    f"GET {PARTNER}/promoted-rules": lambda _stage, site: Example(
        path=f"{PARTNER}/promoted-rules", query={"site": site.slug}
    ),
    f"PATCH {PARTNER}/promoted-rules/{{rule_id}}/status": lambda stage, site: Example(
        path=f"{PARTNER}/promoted-rules/{stage.rules[site.id]}/status",
        body={"enabled": False, "reason": "It must stay stopped."},
    ),
    f"GET {PARTNER}/execution-history": lambda _stage, site: Example(
        path=f"{PARTNER}/execution-history", query={"site": site.slug}
    ),
    # ---- clients
    "GET /api/client/promotion-candidates": lambda _stage, site: Example(
        path="/api/client/promotion-candidates", query={"site": site.slug}
    ),
    "GET /api/client/promotion-candidates/{candidate_id}": lambda stage, site: Example(
        path=f"{CLIENT}/promotion-candidates/{stage.candidate(site, 'approve')}"
    ),
    "POST /api/client/promotion-candidates/{candidate_id}/approve": lambda stage, site: Example(
        path=f"{CLIENT}/promotion-candidates/{stage.own_decision(site, 'approve')}/approve",
        body=APPROVAL,
    ),
    "POST /api/client/promotion-candidates/{candidate_id}/reject": lambda stage, site: Example(
        path=f"{CLIENT}/promotion-candidates/{stage.own_decision(site, 'reject')}/reject",
        body={"reason": "Not here."},
    ),
    "POST /api/client/promotion-candidates/{candidate_id}/forward": lambda stage, site: Example(
        path=f"{CLIENT}/promotion-candidates/{stage.candidate(site, 'forward')}/forward",
        body={"notes": "Every Monday."},
    ),
    "GET /api/client/healing-logs": lambda _stage, site: Example(
        path="/api/client/healing-logs", query={"site": site.slug}
    ),
    "GET /api/client/rules": lambda _stage, _site: Example(path="/api/client/rules"),
    **{
        f"GET {prefix}/audit": _of_site(f"{prefix}/audit")
        for prefix in (CLIENT, "/api/partners/me")
    },
    "GET /api/client/shared-learning": lambda _stage, _site: Example(
        path="/api/client/shared-learning"
    ),
    "PUT /api/client/shared-learning": lambda _stage, _site: Example(
        path="/api/client/shared-learning", body={"contributes": False}
    ),
}

UNKNOWN_ANCHOR = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"
PLANS = ("/api/partners/me/plans", "/api/client/plans")


def _of_plan(path: str, body: dict[str, str]) -> Builder:
    """Return an example about the waiting plan that is there for the path's verb."""
    return lambda stage, _site: Example(
        path=path.replace("{id}", str(stage.plans[path.rsplit("/", 1)[1]])), body=body
    )


EXAMPLES |= {
    # ---- plans
    "GET /api/admin/plans": _admin("plans"),
    "GET /api/admin/plans/summary": _admin("plans/summary"),
    "GET /api/admin/plans/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/plans/{stage.plans['approve']}"
    ),
    **{f"GET {prefix}": _of_site(prefix) for prefix in PLANS},
    **{f"GET {prefix}/{{id}}": _one_plan(prefix) for prefix in PLANS},
    **{
        f"POST {prefix}/{{id}}/{verb}": _of_plan(f"{prefix}/{{id}}/{verb}", body)
        for prefix in PLANS
        for verb, body in (("approve", {"notes": "Go on."}), ("reject", {"reason": "Not now."}))
    },
    # ---- people, for those who manage them
    "GET /api/admin/users": _admin("users"),
    "GET /api/admin/users/{id}": _of_colleague("partner", f"{ADMIN}/users/{{id}}", 200),
    "PATCH /api/admin/users/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/users/{stage.colleagues['partner']}", body={"role": "technician"}
    ),
    "POST /api/admin/users": lambda stage, _site: Example(
        path=f"{ADMIN}/users",
        body={
            "email": _new_email(),
            "role": "owner",
            "partner_id": str(stage.cast.partners[0].id),
        },
        status=201,
    ),
    "POST /api/partners/me/users": lambda _stage, _site: Example(
        path="/api/partners/me/users", body={"email": _new_email(), "role": "viewer"}, status=201
    ),
    "GET /api/partners/me/users": lambda _stage, _site: Example(path="/api/partners/me/users"),
    "POST /api/client/users": lambda _stage, _site: Example(
        path="/api/client/users", body={"email": _new_email(), "role": "viewer"}, status=201
    ),
    "GET /api/client/users": lambda _stage, _site: Example(path="/api/client/users"),
    **{
        f"POST {prefix}/{{id}}/{verb}": _of_colleague(home, f"{prefix}/{{id}}/{verb}", status)
        for home, prefix in (
            ("operator", "/api/admin/users"),
            ("partner", "/api/partners/me/users"),
            ("client", "/api/client/users"),
        )
        for verb, status in (("invitation", 201), ("links", 201), ("disable", 200), ("enable", 200))
    },
    **{
        f"DELETE {prefix}/{{id}}/sessions": _of_colleague(home, f"{prefix}/{{id}}/sessions", 200)
        for home, prefix in (
            ("operator", "/api/admin/users"),
            ("partner", "/api/partners/me/users"),
            ("client", "/api/client/users"),
        )
    },
    "GET /api/partners/me/keys": lambda _stage, _site: Example(path="/api/partners/me/keys"),
    "POST /api/partners/me/keys": lambda _stage, _site: Example(
        path="/api/partners/me/keys", body={"label": "tickets"}, status=201
    ),
    "POST /api/partners/me/keys/{id}/rotate": lambda stage, _site: Example(
        path=f"/api/partners/me/keys/{stage.partner_keys[0].id}/rotate", status=201
    ),
    "DELETE /api/partners/me/keys/{id}": lambda stage, _site: Example(
        path=f"/api/partners/me/keys/{stage.partner_keys[1].id}", status=204
    ),
    **{
        f"{verb} {prefix}{path}": _of_webhook(home, prefix, path, body, status)
        for home, prefix in (
            ("operator", "/api/admin/webhooks"),
            ("partner", "/api/partners/me/webhooks"),
        )
        for verb, path, body, status in (
            ("POST", "", {"url": NOWHERE, "kinds": ["rule.withdrawn"]}, 201),
            ("GET", "", None, 200),
            ("PATCH", "/{id}", {"label": "on call"}, 200),
            ("DELETE", "/{id}", None, 204),
            ("GET", "/{id}", None, 200),
            ("GET", "/{id}/deliveries", None, 200),
            ("POST", "/{id}/deliveries/{delivery_id}/retry", None, 200),
            ("POST", "/{id}/test", None, 202),
        )
    },
    # ---- signing in: what nobody can do without the right words is refused
    "POST /api/auth/sign-in": lambda _stage, _site: Example(
        path="/api/auth/sign-in",
        body={"email": "nobody@example.com", "password": "no password of anybody"},
        status=401,
    ),
    "POST /api/auth/accept-invitation": lambda _stage, _site: Example(
        path="/api/auth/accept-invitation",
        body={"token": "no-token", "password": "a long sentence of words"},
        status=401,
    ),
    "POST /api/auth/links": lambda _stage, _site: Example(
        path="/api/auth/links", body={"email": "nobody@example.com"}, status=202
    ),
    "POST /api/auth/links/redeem": lambda _stage, _site: Example(
        path="/api/auth/links/redeem", body={"token": "no-token"}, status=401
    ),
    "GET /api/auth/session": lambda _stage, _site: Example(path="/api/auth/session"),
    "GET /api/auth/sessions": lambda _stage, _site: Example(path="/api/auth/sessions"),
    "DELETE /api/auth/sessions/{id}": lambda stage, _site: Example(
        path=f"/api/auth/sessions/{stage.spare.id}", status=404
    ),
    "POST /api/auth/password": lambda _stage, _site: Example(
        path="/api/auth/password",
        body={"current": "not this one", "new": "a long sentence of words"},
        status=422,
    ),
    "POST /api/auth/sign-out": lambda _stage, _site: Example(path="/api/auth/sign-out", status=204),
    "DELETE /api/auth/sessions": lambda _stage, _site: Example(path="/api/auth/sessions"),
}


def _evidence(rest: str) -> Builder:
    return lambda _stage, site: Example(path=evidence.read_url(site, rest))


EXAMPLES |= {
    # ---- evidence
    "POST /api/evidence/sites/{site_id}/submit": lambda stage, site: Example(
        path=evidence.submit_url(site), body=stage.agent.go_body(site_id=site.slug)
    ),
    "POST /api/evidence/sites/{site_id}/keys": lambda stage, site: Example(
        path=evidence.read_url(site, "keys"),
        body={
            SITE: site.slug,
            "agent_public_key": stage.agent.public_key,
            "signature": stage.agent.sign(b"its own key already"),
        },
    ),
    "GET /api/evidence/sites": lambda _stage, _site: Example(path="/api/evidence/sites"),
    "GET /api/evidence/sites/{site_id}/chain": _evidence("chain"),
    "GET /api/evidence/sites/{site_id}/summary": _evidence("summary"),
    "GET /api/evidence/sites/{site_id}/timestamps": _evidence("timestamps"),
    "GET /api/evidence/sites/{site_id}/bundles": _evidence("bundles"),
    "GET /api/evidence/sites/{site_id}/export": _evidence("export"),
    "GET /api/evidence/sites/{site_id}/bundles/{bundle_id}": lambda stage, site: Example(
        path=evidence.read_url(site, f"bundles/{stage.bundle_id}")
    ),
    "GET /api/admin/evidence/keys": _admin("evidence/keys"),
    "GET /api/admin/evidence/anchors": _admin("evidence/anchors"),
    # None failed: tests/api/test_evidence_anchors.py tries one again.
    "POST /api/admin/evidence/anchors/{id}/retry": lambda _stage, _site: Example(
        path=f"{ADMIN}/evidence/anchors/{UNKNOWN_ANCHOR}/retry",
        body={"reason": "The calendar was wrong."},
        status=404,
        entries=0,
    ),
    "POST /api/admin/evidence/keys/{id}/approve": lambda stage, _site: Example(
        path=f"{ADMIN}/evidence/keys/{stage.evidence_keys[0]}/approve",
        body={"reason": "Set up anew."},
    ),
    "POST /api/admin/evidence/keys/{id}/refuse": lambda stage, _site: Example(
        path=f"{ADMIN}/evidence/keys/{stage.evidence_keys[1]}/refuse",
        body={"reason": "Nobody set it up anew."},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route of the application, with its declared audience."""

    name: str
    method: str
    audience: str
    roles: frozenset[str]

    def __str__(self) -> str:
        return self.name


def routes() -> list[Route]:
    """Return every route of the application as it is wired."""
    return list(_routes(create_app(Settings(loop=False), "postgresql://nowhere/none")))


def _routes(app: FastAPI) -> Iterator[Route]:
    for route in app.routes:
        # People's pages have laws of their own, in tests/portal/test_access.py.
        if isinstance(route, APIRoute) and not layer.is_page(route.path):
            for method in sorted(route.methods or ()):
                audience = access.audience(route)
                assert audience is not None, route.path
                yield Route(
                    name=f"{method} {route.path}",
                    method=method,
                    audience=audience.name,
                    roles=audience.roles,
                )


async def set_stage(database: db.Database) -> Stage:
    """Make the cast and what the examples speak of."""
    cast = await make_cast(database)
    beside = await make_appliance(database, cast.neighbour)
    owner = cast.people["partner owner"].scope
    if not isinstance(owner, PartnerScope):
        raise TypeError("an owner is a partner's")
    agent, bundle_id, keys = await _evidence_stage(database, cast)
    return Stage(
        cast=cast,
        agent=agent,
        bundle_id=bundle_id,
        evidence_keys=keys,
        spare=await make_site_key(database, cast.site),
        partner_keys=(
            await make_partner_key(database, cast.partners[0].id),
            await make_partner_key(database, cast.partners[0].id),
        ),
        colleagues={
            "operator": (await make_person(database, "viewer")).id,
            "partner": (await make_person(database, "viewer", partner_id=cast.partners[0].id)).id,
            "client": (
                await make_person(database, "viewer", organization_id=cast.site.organization_id)
            ).id,
        },
        candidates=await make_candidates(database, (*cast.sites, cast.stranger), PURPOSES),
        rules={
            site.id: await make_promoted_rule(database, site)
            for site in (*cast.sites, cast.stranger)
        },
        pair=await make_pair(database),
        webhooks={
            "operator": (
                await make_endpoint(database, STAGE),
                await make_endpoint(database, STAGE),
            ),
            "partner": (
                await make_endpoint(database, owner),
                await make_endpoint(database, owner),
            ),
        },
        plans={
            purpose: await planning.make_waiting(database, beside)
            for purpose in ("approve", "reject")
        },
        order=(await ordering.issue(database, cast.appliance, order_id="heal::law:1")).id,
    )


async def _evidence_stage(
    database: db.Database, cast: Cast
) -> tuple[evidence.Agent, str, tuple[UUID, UUID]]:
    """Let an appliance submit a bundle, and two others show a second key."""
    agent = await evidence.agent_of(database, cast.appliance)
    bundle = await evidence.submitted(database, agent)
    waiting = []
    for _ in range(2):
        appliance = await make_appliance(database, cast.site)
        await evidence.agent_of(database, appliance)
        later = await evidence.agent_of(database, appliance)
        waiting.append((await evidence.keys(database, cast.site))[later.public_key][1])
    return agent, bundle.bundle_id, (waiting[0], waiting[1])
