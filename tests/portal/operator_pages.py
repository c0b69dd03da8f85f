"""A line for each route of operators' pages: what is asked of it in the matrix of access."""

from collections.abc import Callable

from tests.portal import asks
from tests.portal.asks import Ask, Ids

CANDIDATE = "/operator/candidates/{candidate_id}"
RULE = "/operator/rules/{id}"
SITE = "/operator/fleet/{id}"


def _plain(path: str, form: dict[str, str] | None = None) -> Callable[[Ids], Ask]:
    return lambda _ids: Ask(path=path, form=form)


def _candidate(rest: str, form: dict[str, str] | None = None) -> Callable[[Ids], Ask]:
    purpose = rest.strip("/") or "approve"
    return lambda ids: Ask(path=f"/operator/candidates/{ids.candidate(purpose)}{rest}", form=form)


def _site(rest: str = "", form: dict[str, str] | None = None) -> Callable[[Ids], Ask]:
    return lambda ids: Ask(path=f"/operator/fleet/{ids.stage.cast.site.id}{rest}", form=form)


PAGES: dict[str, Callable[[Ids], Ask]] = {
    "GET /operator": _plain("/operator"),
    "GET /operator/overview": _plain("/operator/overview"),
    "GET /operator/learning": _plain("/operator/learning"),
    "GET /operator/learning/{id}": lambda ids: Ask(path=f"/operator/learning/{ids.stage.pair}"),
    "GET /operator/learning/{id}/approve": lambda ids: Ask(
        path=f"/operator/learning/{ids.stage.doubtful}/approve"
    ),
    "POST /operator/learning/{id}/approve": lambda ids: Ask(
        path=f"/operator/learning/{ids.stage.doubtful}/approve",
        form={"reason": "An older agent names it so."},
    ),
    "GET /operator/candidates": _plain("/operator/candidates"),
    f"GET {CANDIDATE}": _candidate(""),
    f"GET {CANDIDATE}/approve": _candidate("/approve"),
    f"POST {CANDIDATE}/approve": _candidate("/approve", {"notes": "Proven."}),
    f"GET {CANDIDATE}/reject": _candidate("/reject"),
    f"POST {CANDIDATE}/reject": _candidate("/reject", {"reason": "Handled elsewhere."}),
    f"GET {CANDIDATE}/reopen": _candidate("/reopen"),
    f"POST {CANDIDATE}/reopen": _candidate("/reopen", {"reason": "It is mended."}),
    "GET /operator/rules": _plain("/operator/rules"),
    "GET /operator/rules/health": _plain("/operator/rules/health"),
    "GET /operator/rules/new": _plain("/operator/rules/new"),
    # Whatever is wrong with it is told with the form.
    "POST /operator/rules/new": lambda ids: Ask(
        path="/operator/rules/new",
        form={
            "rule_id": "L1-CUSTOM-001",
            "name": "Own",
            "scope": "site",
            "of": ids.stage.cast.site.slug,
            "incident_type": "own_type",
            "runbook_id": "RB-WIN-SEC-001",
        },
    ),
    f"GET {RULE}": lambda ids: Ask(path=f"/operator/rules/{ids.rule}"),
    "GET /operator/rules/exclusions": _plain("/operator/rules/exclusions"),
    "GET /operator/rules/exclusions/{id}/end": lambda ids: Ask(
        path=f"/operator/rules/exclusions/{ids.stage.quarantine}/end"
    ),
    "POST /operator/rules/exclusions/{id}/end": lambda ids: Ask(
        path=f"/operator/rules/exclusions/{ids.stage.quarantine}/end", form={"reason": "Mended."}
    ),
    f"POST {RULE}/alarms/{{alarm_id}}": asks.alarm("/operator/rules", "operator"),
    f"POST {RULE}/removals": lambda ids: Ask(
        path=f"/operator/rules/{ids.rule}/removals",
        form={"site_id": ids.stage.cast.site.slug, "reason": "Deleted it."},
    ),
    f"POST {RULE}/status": lambda ids: Ask(
        path=f"/operator/rules/{ids.rule}/status", form={"enabled": "no", "reason": "Wrong."}
    ),
    f"POST {RULE}/name": lambda ids: Ask(
        path=f"/operator/rules/{ids.rule}/name", form={"name": "Spooler back on"}
    ),
    "GET /operator/runs": _plain("/operator/runs"),
    "POST /operator/runs": _plain("/operator/runs"),
    "GET /operator/fleet": _plain("/operator/fleet"),
    f"GET {SITE}": _site(),
    f"POST {SITE}/tier": _site("/tier", {"healing_tier": "standard"}),
    f"POST {SITE}/appliances/{{appliance_id}}/l2-mode": lambda ids: Ask(
        path=f"/operator/fleet/{ids.stage.cast.site.id}"
        f"/appliances/{ids.stage.cast.appliance.id}/l2-mode",
        form={"l2_mode": "manual"},
    ),
    f"GET {SITE}/appliances/{{appliance_id}}/{{verb}}": asks.removal(
        "/operator/fleet", sends=False
    ),
    f"POST {SITE}/appliances/{{appliance_id}}/{{verb}}": asks.removal(
        "/operator/fleet", sends=True
    ),
    f"POST {SITE}/orders": lambda ids: Ask(
        path=f"/operator/fleet/{ids.stage.cast.site.id}/orders",
        form={"kind": "run_drift", "appliance_id": str(ids.stage.cast.appliance.id)},
    ),
    f"GET {SITE}/orders/cancel": lambda ids: Ask(
        path=f"/operator/fleet/{ids.stage.cast.site.id}/orders/cancel?order={ids.stage.order}"
    ),
    f"POST {SITE}/orders/cancel": lambda ids: Ask(
        path=f"/operator/fleet/{ids.stage.cast.site.id}/orders/cancel",
        form={"order_id": ids.stage.order},
    ),
}
