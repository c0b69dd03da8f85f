"""Example requests about evidence: of appliances, of those who read it, of operators."""

from tests import bundles
from tests.routes.stage import ADMIN, SITE, Builder, Example, admin

UNKNOWN_ANCHOR = "01934f3a-7c1e-7c3a-9c2d-3f1a5b7c9d1e"


def _evidence(rest: str) -> Builder:
    return lambda _stage, site: Example(path=bundles.read_url(site, rest))


def _of_key(which: int, verb: str) -> Builder:
    return lambda stage, _site: Example(
        path=bundles.read_url(stage.cast.site, f"keys/{stage.evidence_keys[which]}/{verb}"),
        body={"reason": "Looked at."},
    )


EXAMPLES: dict[str, Builder] = {
    "POST /api/evidence/sites/{site_id}/submit": lambda stage, site: Example(
        path=bundles.submit_url(site), body=stage.agent.go_body(site_id=site.slug)
    ),
    "POST /api/evidence/sites/{site_id}/keys": lambda stage, site: Example(
        path=bundles.read_url(site, "keys"),
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
        path=bundles.read_url(site, f"bundles/{stage.bundle_id}")
    ),
    "GET /api/evidence/sites/{site_id}/keys": _evidence("keys"),
    "GET /api/evidence/sites/{site_id}/waiting": _evidence("waiting"),
    "POST /api/evidence/sites/{site_id}/keys/{id}/approve": _of_key(0, "approve"),
    "POST /api/evidence/sites/{site_id}/keys/{id}/refuse": _of_key(1, "refuse"),
    "GET /api/admin/evidence/keys": admin("evidence/keys"),
    "GET /api/admin/evidence/anchors": admin("evidence/anchors"),
    # None failed: tests/evidence/test_evidence_anchors.py tries one again.
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
