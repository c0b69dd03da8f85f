"""Example requests of appliances, and of people about their orders."""

import secrets
from typing import Any

from tests.cast import CastSite
from tests.routes.stage import MOMENT, SITE, Builder, Example, Stage


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


EXAMPLES: dict[str, Builder] = {
    "GET /health": lambda _stage, _site: Example(path="/health"),
    "GET /ready": lambda _stage, _site: Example(path="/ready"),
    "GET /metrics": lambda _stage, _site: Example(path="/metrics"),
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
}
