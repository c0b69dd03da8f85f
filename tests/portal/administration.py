"""What operators administer, on a stage: ids nobody knows, plans, keys that wait, webhooks."""

from dataclasses import dataclass
from uuid import UUID

from flywheel_server.core import clock, db
from flywheel_server.learning.actions import set_aside
from tests import bundles, planning, telemetry
from tests.cast import STAGE, CastPerson, make_appliance
from tests.hooks import NOWHERE, Made, make_endpoint
from tests.portal.stage import Stage

LIKE_A_RUNBOOK = "win-svc-003-restart"
LIKE_A_RULE = "AUTO-firewall-status-7"
LIKE_NOTHING = "L2-decision-77"
# Set aside by then.
ASIDE = "L2-run_linux_runbook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """What is there to look at."""

    webhook: Made
    # An evidence key that waits, and a plan that does.
    keys: tuple[UUID, UUID]
    plan: UUID


def admin(stage: Stage) -> CastPerson:
    return stage.cast.people["operator admin"]


def viewer(stage: Stage) -> CastPerson:
    return stage.cast.people["operator viewer"]


async def unresolved(stage: Stage) -> None:
    """Report under ids that nobody knows, and let the loop see it."""
    reports = [
        *telemetry.executions(6, runbook_id=LIKE_A_RUNBOOK),
        *telemetry.executions(3, runbook_id=LIKE_NOTHING),
        *telemetry.executions(2, runbook_id=ASIDE),
        *telemetry.executions(
            2, runbook_id=LIKE_A_RULE, rule_id=LIKE_A_RULE, resolution_level="L1"
        ),
    ]
    await telemetry.send(stage.http, stage.site, reports)
    await telemetry.turn(stage.http, stage.cast.admin)
    async with db.transaction(stage.database, STAGE) as connection:
        await set_aside.add(
            connection, STAGE, ASIDE, "L2", reason="It names no runbook.", now=clock.now()
        )


async def keys(stage: Stage) -> tuple[UUID, UUID]:
    """Let two appliances show a second key each."""
    waiting = []
    for _ in range(2):
        appliance = await make_appliance(stage.database, stage.site)
        await bundles.agent_of(stage.database, appliance)
        later = await bundles.agent_of(stage.database, appliance)
        waiting.append((await bundles.keys(stage.database, stage.site))[later.public_key][1])
    return waiting[0], waiting[1]


async def fill(stage: Stage) -> Administration:
    """Put something on every list."""
    await unresolved(stage)
    await planning.ask(stage.http, stage.site, incident_type="unheard_of", host_id="WS-TEST-9")
    return Administration(
        webhook=await make_endpoint(stage.database, STAGE),
        keys=await keys(stage),
        plan=await planning.make_waiting(stage.database, stage.cast.appliance),
    )


def paths(stage: Stage, filled: Administration) -> list[str]:
    """Return the address of every page of administration."""
    organization = stage.site.organization_id
    person = stage.cast.people["partner technician"].id
    return [
        "/operator/unresolved",
        "/operator/unresolved?aside=yes",
        f"/operator/unresolved/set-aside?id={LIKE_NOTHING}&level=L2",
        "/operator/unresolved?text=nothing-has-this",
        f"/operator/unresolved/alias?id={LIKE_A_RUNBOOK}&text=SVC",
        "/operator/unresolved/aliases?source=all&limit=5",
        "/operator/unresolved/aliases",
        "/operator/runbooks?limit=5",
        "/operator/runbooks?text=nothing-has-this",
        "/operator/policy",
        "/operator/tenants",
        "/operator/tenants/organizations",
        "/operator/tenants/sites?text=nothing-has-this",
        "/operator/tenants/sites",
        f"/operator/tenants/partners/{stage.cast.partners[0].id}",
        f"/operator/tenants/organizations/{organization}",
        f"/operator/tenants/sites/{stage.site.id}",
        "/operator/people",
        "/operator/people?text=nothing-has-this",
        f"/operator/people/{person}",
        "/operator/audit?limit=5",
        "/operator/audit?text=nothing-has-this",
        "/operator/audit/chain",
        "/operator/plans",
        "/operator/plans?text=nothing-has-this&days=7",
        f"/operator/plans/{filled.plan}",
        "/operator/evidence",
        "/operator/evidence?state=all",
        "/operator/evidence/anchors",
        f"/operator/evidence/keys/{filled.keys[0]}/approve",
        f"/operator/evidence/keys/{filled.keys[0]}/refuse",
        "/operator/webhooks",
        f"/operator/webhooks/{filled.webhook.id}",
        f"/operator/webhooks/{filled.webhook.id}?state=dead",
    ]


async def hostile(stage: Stage, text: str) -> None:
    """Have everything that comes from outside say what pages must not run."""
    long = (text + "x" * 200)[:200]
    headers = stage.cast.admin.headers
    reports = telemetry.executions(6, runbook_id=text + "i" * 80, incident_type=text[:80])
    await telemetry.send(stage.http, stage.site, reports)
    await planning.ask(
        stage.http, stage.site, incident_type=text[:80], host_id=text, severity=text[:20]
    )
    partner = stage.cast.partners[0].id
    for path, body in (
        ("partners", {"name": long}),
        ("organizations", {"partner_id": str(partner), "name": long}),
        ("runbooks", {"runbook_id": "RB-X", "name": long, "platform": "linux", "executable": True}),
        (f"partners/{partner}/keys", {"label": long}),
        (f"sites/{stage.site.slug}/keys", {"label": long}),
        ("aliases", {"alias": text + "a" * 200, "runbook_id": "RB-X"}),
        ("webhooks", {"url": NOWHERE, "kinds": ["rule.promoted"], "label": long}),
    ):
        answer = await stage.http.post(f"/api/admin/{path}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
    for path, body in (
        (f"sites/{stage.site.slug}", {"name": long}),
        (f"organizations/{stage.site.organization_id}", {"name": long}),
    ):
        answer = await stage.http.patch(f"/api/admin/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    change = {"reason": text + "r" * 1_900, "values": {"site_max_age_days": 8}}
    answer = await stage.http.put("/api/admin/flywheel/policy", json=change, headers=headers)
    assert answer.status_code == 200, answer.text
