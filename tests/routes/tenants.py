"""Example requests of partners and clients: candidates, rules, plans, what was healed."""

from typing import Any

from tests.routes.stage import ADMIN, APPROVAL, Builder, Example, admin, of_site

PARTNER = "/api/partners/me/learning"
CLIENT = "/api/client"
PLANS = ("/api/partners/me/plans", "/api/client/plans")


def _partner(path: str, body: Any = None, status: int = 200) -> Builder:
    return lambda _stage, _site: Example(path=f"{PARTNER}/{path}", body=body, status=status)


def _one_plan(prefix: str) -> Builder:
    return lambda stage, _site: Example(path=f"{prefix}/{stage.plans['approve']}")


def _of_plan(path: str, body: dict[str, str]) -> Builder:
    """Return an example about the waiting plan that is there for the path's verb."""
    return lambda stage, _site: Example(
        path=path.replace("{id}", str(stage.plans[path.rsplit("/", 1)[1]])), body=body
    )


def _of_platform_rule(root: str, verb: str) -> Builder:
    body = {"reason": "We restart it ourselves."} if verb == "decline" else None
    return lambda stage, _site: Example(path=f"{root}/{stage.platform_rule}/{verb}", body=body)


EXAMPLES: dict[str, Builder] = {
    # ---- partners
    "GET /api/partners/me/alarms": lambda _stage, _site: Example(path="/api/partners/me/alarms"),
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
    f"POST {PARTNER}/candidates/{{candidate_id}}/reopen": lambda stage, site: Example(
        path=f"{PARTNER}/candidates/{stage.candidate(site, 'reopen')}/reopen",
        body={"reason": "The vendor mended it."},
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
    f"PATCH {PARTNER}/promoted-rules/{{rule_id}}": lambda stage, site: Example(
        path=f"{PARTNER}/promoted-rules/{stage.rules[site.id]}", body={"name": "Spooler back on"}
    ),
    f"PATCH {PARTNER}/promoted-rules/{{rule_id}}/status": lambda stage, site: Example(
        path=f"{PARTNER}/promoted-rules/{stage.rules[site.id]}/status",
        body={"enabled": False, "reason": "It must stay stopped."},
    ),
    f"GET {PARTNER}/still-running": lambda _stage, _site: Example(path=f"{PARTNER}/still-running"),
    f"POST {PARTNER}/rules/{{rule_id}}/removals": lambda stage, site: Example(
        path=f"{PARTNER}/rules/{stage.rules_off[site.id]}/removals",
        body={"site_id": site.slug, "reason": "Deleted the file, restarted the agent."},
    ),
    f"GET {PARTNER}/platform-rules": _partner("platform-rules"),
    **{
        f"POST {root}/{{rule_id}}/{verb}": _of_platform_rule(root, verb)
        for root in (f"{PARTNER}/platform-rules", f"{CLIENT}/rules")
        for verb in ("decline", "accept")
    },
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
    "POST /api/client/promotion-candidates/{candidate_id}/reopen": lambda stage, site: Example(
        path=f"{CLIENT}/promotion-candidates/{stage.own_decision(site, 'reopen')}/reopen",
        body={"reason": "The vendor mended it."},
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
        f"GET {prefix}/audit": of_site(f"{prefix}/audit") for prefix in (CLIENT, "/api/partners/me")
    },
    "GET /api/client/shared-learning": lambda _stage, _site: Example(
        path="/api/client/shared-learning"
    ),
    "PUT /api/client/shared-learning": lambda _stage, _site: Example(
        path="/api/client/shared-learning", body={"contributes": False}
    ),
    # ---- plans
    "GET /api/admin/plans": admin("plans"),
    "GET /api/admin/plans/summary": admin("plans/summary"),
    "GET /api/admin/plans/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/plans/{stage.plans['approve']}"
    ),
    **{f"GET {prefix}": of_site(prefix) for prefix in PLANS},
    **{f"GET {prefix}/{{id}}": _one_plan(prefix) for prefix in PLANS},
    **{
        f"POST {prefix}/{{id}}/{verb}": _of_plan(f"{prefix}/{{id}}/{verb}", body)
        for prefix in PLANS
        for verb, body in (("approve", {"notes": "Go on."}), ("reject", {"reason": "Not now."}))
    },
}
