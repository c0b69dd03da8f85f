"""A line for each route of operators' administration, and of webhooks, in the matrix of access."""

from tests.candidates import ASIDE, UNKNOWN
from tests.hooks import NOWHERE
from tests.portal.asks import Ask, Builder, Ids

TENANTS = "/operator/tenants"
PERSON = "/operator/people/{id}"
HOOK = "/operator/webhooks/{id}"


def _plain(path: str, form: dict[str, str] | None = None) -> Builder:
    return lambda _ids: Ask(path=path, form=form)


def _person(rest: str = "", form: dict[str, str] | None = None) -> Builder:
    return lambda ids: Ask(
        path=f"/operator/people/{ids.stage.colleagues['partner']}{rest}", form=form
    )


def _partner(ids: Ids) -> str:
    return f"{TENANTS}/partners/{ids.stage.cast.partners[0].id}"


def _organization(ids: Ids) -> str:
    return f"{TENANTS}/organizations/{ids.stage.cast.site.organization_id}"


def _site(ids: Ids) -> str:
    return f"{TENANTS}/sites/{ids.stage.cast.site.id}"


def _key(verb: str, form: dict[str, str] | None = None) -> Builder:
    """Return a request about a waiting evidence key."""
    return lambda ids: Ask(
        path=f"/operator/evidence/keys/{ids.stage.evidence_keys[verb == 'refuse']}/{verb}",
        form=form,
    )


def _hook(home: str, rest: str = "", form: dict[str, str] | None = None) -> Builder:
    root = {"operator": "/operator", "partner": "/partner"}[home]

    def ask(ids: Ids) -> Ask:
        kept, spare = ids.stage.webhooks[home]
        id = spare.id if rest == "/delete" else kept.id
        path = f"{root}/webhooks/{id}{rest.format(delivery_id=kept.delivery_id)}"
        return Ask(path=path, form=form)

    return ask


NEW_HOOK = {"url": NOWHERE, "kinds": "rule.withdrawn", "label": "chat"}

PAGES: dict[str, Builder] = {
    "GET /operator/unresolved": _plain("/operator/unresolved"),
    "POST /operator/unresolved": _plain(
        "/operator/unresolved", {"alias": "fix-firewall", "runbook_id": "RB-WIN-SEC-001"}
    ),
    "GET /operator/unresolved/alias": _plain("/operator/unresolved/alias?id=fix-firewall"),
    "GET /operator/unresolved/alias/choose": _plain(
        "/operator/unresolved/alias/choose?id=fix-firewall&runbook_id=RB-WIN-SEC-001"
    ),
    "GET /operator/unresolved/set-aside": _plain(
        f"/operator/unresolved/set-aside?id={UNKNOWN['reported_id']}&level={UNKNOWN['level']}"
    ),
    "POST /operator/unresolved/set-aside": _plain(
        "/operator/unresolved/set-aside", {**UNKNOWN, "reason": "It names no runbook."}
    ),
    "POST /operator/unresolved/take-up": _plain("/operator/unresolved/take-up", dict(ASIDE)),
    "GET /operator/unresolved/aliases": _plain("/operator/unresolved/aliases"),
    "GET /operator/runbooks": _plain("/operator/runbooks"),
    "POST /operator/runbooks": _plain(
        "/operator/runbooks", {"runbook_id": "RB-X-1", "name": "X", "platform": "linux"}
    ),
    "GET /operator/policy": _plain("/operator/policy"),
    "POST /operator/policy": _plain(
        "/operator/policy", {"site_max_age_days": "8", "reason": "More time."}
    ),
    f"GET {TENANTS}": _plain(TENANTS),
    f"POST {TENANTS}": _plain(TENANTS, {"name": "East IT"}),
    f"GET {TENANTS}/organizations": _plain(f"{TENANTS}/organizations"),
    f"POST {TENANTS}/organizations": lambda ids: Ask(
        path=f"{TENANTS}/organizations",
        form={"partner_id": str(ids.stage.cast.partners[0].id), "name": "Harbour Dental"},
    ),
    f"GET {TENANTS}/sites": _plain(f"{TENANTS}/sites"),
    f"POST {TENANTS}/sites": lambda ids: Ask(
        path=f"{TENANTS}/sites",
        form={
            "organization_id": str(ids.stage.cast.site.organization_id),
            "site_id": "harbour-dental-main",
            "name": "Main practice",
            "healing_tier": "standard",
        },
    ),
    f"GET {TENANTS}/partners/{{id}}": lambda ids: Ask(path=_partner(ids)),
    f"POST {TENANTS}/partners/{{id}}/keys": lambda ids: Ask(
        path=f"{_partner(ids)}/keys", form={"label": "tickets"}
    ),
    f"GET {TENANTS}/organizations/{{id}}": lambda ids: Ask(path=_organization(ids)),
    f"GET {TENANTS}/organizations/{{id}}/opt-out": lambda ids: Ask(
        path=f"{_organization(ids)}/opt-out"
    ),
    f"POST {TENANTS}/organizations/{{id}}": lambda ids: Ask(
        path=_organization(ids), form={"contributes": "no"}
    ),
    f"GET {TENANTS}/sites/{{id}}": lambda ids: Ask(path=_site(ids)),
    f"POST {TENANTS}/sites/{{id}}": lambda ids: Ask(path=_site(ids), form={"name": "Main"}),
    f"POST {TENANTS}/sites/{{id}}/keys": lambda ids: Ask(
        path=f"{_site(ids)}/keys", form={"label": "rack 2"}
    ),
    f"GET {TENANTS}/keys/{{id}}/revoke": lambda ids: Ask(
        path=f"{TENANTS}/keys/{ids.stage.spare.id}/revoke"
    ),
    f"POST {TENANTS}/keys/{{id}}/revoke": lambda ids: Ask(
        path=f"{TENANTS}/keys/{ids.stage.spare.id}/revoke", form={"back": TENANTS}
    ),
    "GET /operator/people": _plain("/operator/people"),
    "POST /operator/people": _plain(
        "/operator/people", {"email": "new@example.com", "role": "operator viewer"}
    ),
    f"GET {PERSON}": _person(),
    f"POST {PERSON}/role": _person("/role", {"role": "technician"}),
    f"POST {PERSON}/sign-out": _person("/sign-out"),
    f"GET {PERSON}/disable": _person("/disable"),
    f"POST {PERSON}/disable": _person("/disable"),
    f"POST {PERSON}/enable": _person("/enable"),
    f"POST {PERSON}/invitation": _person("/invitation"),
    f"POST {PERSON}/link": _person("/link"),
    "GET /operator/audit": _plain("/operator/audit"),
    "GET /operator/audit/chain": _plain("/operator/audit/chain"),
    "GET /operator/plans": _plain("/operator/plans"),
    "GET /operator/plans/{id}": lambda ids: Ask(
        path=f"/operator/plans/{ids.stage.plans['approve']}"
    ),
    "GET /operator/evidence": _plain("/operator/evidence"),
    "GET /operator/evidence/anchors": _plain("/operator/evidence/anchors"),
    "POST /operator/evidence/anchors/{id}/retry": _plain(
        "/operator/evidence/anchors/01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e/retry",
        {"reason": "The calendar is back."},
    ),
    "GET /operator/evidence/keys/{id}/{verb}": _key("approve"),
    "POST /operator/evidence/keys/{id}/{verb}": _key("approve", {"reason": "Set up anew."}),
    **{
        line: builder
        for home in ("operator", "partner")
        for line, builder in {
            f"GET /{home}/webhooks": _plain(f"/{home}/webhooks"),
            f"POST /{home}/webhooks": _plain(f"/{home}/webhooks", NEW_HOOK),
            f"GET /{home}/webhooks/{{id}}": _hook(home),
            f"POST /{home}/webhooks/{{id}}": _hook(home, "", {"enabled": "no"}),
            f"POST /{home}/webhooks/{{id}}/delete": _hook(home, "/delete"),
            f"GET /{home}/webhooks/{{id}}/delete": _hook(home, "/delete"),
            f"POST /{home}/webhooks/{{id}}/rotate": _hook(home, "/rotate", {"overlap_hours": "24"}),
            f"POST /{home}/webhooks/{{id}}/test": _hook(home, "/test"),
            f"POST /{home}/webhooks/{{id}}/deliveries/{{delivery_id}}/retry": _hook(
                home, "/deliveries/{delivery_id}/retry"
            ),
        }.items()
    },
}
