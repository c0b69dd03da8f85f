"""Example requests of operators."""

from tests.candidates import ASIDE, UNKNOWN
from tests.cast import CastSite
from tests.routes.stage import ADMIN, APPROVAL, SITE, Builder, Example, Stage, admin


def _of_appliance(which: int, verb: str, status: int = 200, entries: int = 1) -> Builder:
    """Return an example about one of the appliances that are there for such."""

    def build(stage: Stage, _site: CastSite) -> Example:
        one = stage.ghosts[which]
        # Alike in name and key, they are one machine.
        into = {"into": str(stage.ghosts[2].id)} if verb == "merge" else {}
        return Example(
            path=f"/api/sites/{one.site.slug}/appliances/{one.id}/{verb}",
            body={"reason": "It is gone."} | into,
            status=status,
            entries=entries,
        )

    return build


def _of_alarm(root: str, kind: str) -> Builder:
    return lambda stage, _site: Example(
        path=f"{root}/rule-alarms/{stage.alarms[kind]}/answer", body={"reason": "It heals well."}
    )


EXAMPLES: dict[str, Builder] = {
    "GET /api/sites/{site_id}/quotas": lambda stage, _site: Example(
        path=f"/api/sites/{stage.cast.site.slug}/quotas"
    ),
    "POST /api/sites/{site_id}/appliances/{appliance_id}/remove": _of_appliance(0, "remove"),
    "POST /api/sites/{site_id}/appliances/{appliance_id}/merge": _of_appliance(1, "merge"),
    # Nothing to tell apart: tests/field/test_identity_ghosts.py does it.
    "POST /api/sites/{site_id}/appliances/{appliance_id}/split": _of_appliance(2, "split", 409, 0),
    "POST /api/admin/partners": admin("partners", {"name": "East IT"}, 201),
    "GET /api/admin/partners": admin("partners"),
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
    "GET /api/admin/organizations": admin("organizations"),
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
    "GET /api/admin/sites": admin("sites"),
    "POST /api/admin/sites/{site_id}/keys": lambda stage, _site: Example(
        path=f"{ADMIN}/sites/{stage.cast.site.slug}/keys", body={"label": "rack 2"}, status=201
    ),
    "DELETE /api/admin/keys/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/keys/{stage.spare.id}", status=204
    ),
    "GET /api/admin/keys": admin("keys"),
    "GET /api/admin/operators": admin("operators"),
    "GET /api/admin/appliances": admin("appliances"),
    "GET /api/admin/audit": admin("audit"),
    "GET /api/admin/audit/chain": admin("audit/chain"),
    "POST /api/admin/runbooks": admin(
        "runbooks",
        {
            "runbook_id": "RB-WIN-PRINT-001",
            "name": "Clear the print queue",
            "platform": "windows",
            "executable": True,
        },
        201,
    ),
    "GET /api/admin/runbooks": admin("runbooks"),
    "POST /api/admin/aliases": admin(
        "aliases", {"alias": "fix-firewall", "runbook_id": "RB-WIN-SEC-001"}, 201
    ),
    "GET /api/admin/aliases": admin("aliases"),
    "GET /api/admin/rules": admin("rules"),
    "GET /api/admin/rules/{rule_id}": admin("rules/L1-FIREWALL-002"),
    "GET /api/admin/rules/{rule_id}/figures": admin("rules/L1-FIREWALL-002/figures"),
    "POST /api/admin/rules/{rule_id}/disable": admin(
        "rules/L1-FIREWALL-002/disable", {"reason": "Handled by the domain's policy."}
    ),
    "POST /api/admin/rules/{rule_id}/enable": admin(
        "rules/L1-FIREWALL-002/enable", {"reason": "The domain's policy is gone."}
    ),
    "POST /api/admin/rules/{rule_id}/removals": lambda stage, site: Example(
        path=f"{ADMIN}/rules/{stage.rules_off[site.id]}/removals",
        body={SITE: site.slug, "reason": "Deleted the file, restarted the agent."},
    ),
    "GET /api/admin/rule-exclusions": admin("rule-exclusions"),
    "POST /api/admin/rule-exclusions/{exclusion_id}/end": lambda stage, _site: Example(
        path=f"{ADMIN}/rule-exclusions/{stage.quarantine}/end",
        body={"reason": "Its proxy is mended."},
    ),
    **{
        f"POST {root}/rule-alarms/{{alarm_id}}/answer": _of_alarm(root, kind)
        for kind, root in (
            ("operator", ADMIN),
            ("partner", "/api/partners/me"),
            ("client", "/api/client"),
        )
    },
    "GET /api/admin/flywheel/policy": admin("flywheel/policy"),
    "PUT /api/admin/flywheel/policy": admin(
        "flywheel/policy", {"platform_min_occurrences": 30, "reason": "More evidence."}
    ),
    "GET /api/admin/patterns": admin("patterns"),
    "GET /api/admin/platform-patterns": admin("platform-patterns"),
    "GET /api/admin/platform-patterns/{id}": lambda stage, _site: Example(
        path=f"{ADMIN}/platform-patterns/{stage.pair}"
    ),
    "POST /api/admin/platform-patterns/{id}/approve": lambda stage, _site: Example(
        path=f"{ADMIN}/platform-patterns/{stage.doubtful}/approve",
        body={"reason": "An older agent names it so."},
    ),
    "GET /api/admin/unclassified-errors": admin("unclassified-errors"),
    "GET /api/admin/unresolved-ids": admin("unresolved-ids"),
    "POST /api/admin/unresolved-ids/set-aside": admin(
        "unresolved-ids/set-aside", {**UNKNOWN, "reason": "It names no runbook."}
    ),
    "POST /api/admin/unresolved-ids/take-up": admin("unresolved-ids/take-up", dict(ASIDE)),
    "GET /api/admin/flywheel/runs": admin("flywheel/runs"),
    "POST /api/admin/flywheel/run": admin("flywheel/run"),
    "GET /api/admin/flywheel/overview": admin("flywheel/overview"),
    "GET /api/admin/flywheel/wheel": admin("flywheel/wheel"),
    "GET /api/admin/flywheel/loop": admin("flywheel/loop"),
    "GET /api/admin/candidates": admin("candidates"),
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
    "POST /api/admin/candidates/{candidate_id}/reopen": lambda stage, site: Example(
        path=f"{ADMIN}/candidates/{stage.candidate(site, 'reopen')}/reopen",
        body={"reason": "The vendor mended it."},
    ),
    "PATCH /api/admin/rules/{rule_id}": admin(
        "rules/L1-FIREWALL-002", {"name": "Firewall back on"}
    ),
    "POST /api/admin/rules": admin(
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
}
