"""An example request for every route: what the laws of access and isolation are generated from.

A new route needs one line in ``EXAMPLES``: ``"METHOD /template": lambda stage, site: Example(…)``.
An appliance's request names ``site`` wherever it can (path, query, body), for the laws ask it with
a foreign one as well. It must succeed with ``status`` for whoever the route is meant for.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute

from flywheel_server import db
from flywheel_server.api import access
from flywheel_server.app import create_app
from flywheel_server.settings import Settings
from tests.cast import Cast, CastSite, Credential, make_cast, make_site_key

SITE = "site_id"
MOMENT = "2026-02-24T10:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One request, and the status with which it succeeds."""

    path: str
    query: dict[str, str] | None = None
    body: Any = None
    status: int = 200

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


Builder = Callable[[Stage, CastSite], Example]

ADMIN = "/api/admin"


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


def _admin(path: str, body: Any = None, status: int = 200) -> Builder:
    return lambda _stage, _site: Example(path=f"{ADMIN}/{path}", body=body, status=status)


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
        # Without a planner the daemon is told to escalate.
        status=503,
    ),
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
    "GET /api/admin/unresolved-ids": _admin("unresolved-ids"),
    "GET /api/admin/flywheel/runs": _admin("flywheel/runs"),
    "POST /api/admin/flywheel/run": _admin("flywheel/run"),
    "GET /api/admin/flywheel/overview": _admin("flywheel/overview"),
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
        if isinstance(route, APIRoute):
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
    return Stage(cast=cast, spare=await make_site_key(database, cast.site))
