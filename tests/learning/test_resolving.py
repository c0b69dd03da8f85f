"""Which rule is meant: asked for all sites at once, the answer is that of each site."""

import random
from typing import Any

import pytest

from tests.cast import Cast

Owner = Any

_TYPES = ("type_1", "type_2", "type_3")
_RUNBOOKS = ("RB-WIN-SEC-001", "RB-WIN-SEC-002", "RB-WIN-SVC-003")
_RULE = """
INSERT INTO l1_rules (
    rule_id, source, scope, partner_id, organization_id, site_id, tier, incident_type, runbook_id,
    name, conditions, action, priority, cooldown_seconds, enabled
)
VALUES (
    $1, $8, $2, CASE WHEN $2 = 'partner' THEN $3::uuid END,
    CASE WHEN $2 = 'organization' THEN $3::uuid END, CASE WHEN $2 = 'site' THEN $3::uuid END, $4,
    $5, $6, 'A rule',
    jsonb_build_array(
        jsonb_build_object('field', 'check_type', 'operator', 'eq', 'value', $5::text)
    ),
    'run_windows_runbook', 10, 60, $7
)
"""
_APPLIANCE = """
INSERT INTO appliances (site_id, wire_id, agent_version) VALUES ($1, $2, $3)
"""
_ANSWERS = """
SELECT t.kind, u.reported, s.id AS site, e.rule AS everywhere, e.found, r.rule AS of_site
FROM sites s
CROSS JOIN unnest($1::text[]) AS t (kind)
CROSS JOIN unnest($2::text[]) AS u (reported)
CROSS JOIN LATERAL resolved_rule(s.id, t.kind, u.reported) r
LEFT JOIN LATERAL (
    SELECT w.rule, true AS found FROM resolved_everywhere(t.kind, u.reported) w
) e ON true
"""


@pytest.mark.parametrize("seed", range(8))
async def test_what_means_the_same_everywhere_means_it_on_every_site(
    owner: Owner, cast: Cast, seed: int
) -> None:
    """Broken by leaving the scope, the tier or the source of a rule out of the question."""
    chance = random.Random(seed)
    reported = [*_RUNBOOKS, "an-alias", "nobody-knows"]
    for number in range(chance.randint(2, 7)):
        site = chance.choice(cast.sites)
        scope, of = chance.choice(
            [
                ("platform", None),
                ("platform", None),
                ("partner", site.partner_id),
                ("organization", site.organization_id),
                ("site", site.id),
            ]
        )
        tier = chance.choice([None, None, "standard", "full_coverage"])
        rule_id = f"rule-{chance.randrange(3)}-{number}"
        # A compiled rule and a served one may have one id.
        sources = [["custom"], ["builtin"], ["synced"], ["builtin", "synced"]]
        for source in chance.choice(sources) if scope == "platform" else ["custom"]:
            kind, runbook = chance.choice(_TYPES), chance.choice(_RUNBOOKS)
            on = chance.random() < 0.8
            of_tier = None if source == "builtin" else tier
            await owner.execute(_RULE, rule_id, scope, of, of_tier, kind, runbook, on, source)
        reported.append(rule_id)
    for number, site in enumerate(cast.sites):
        for version in chance.choice([[], ["0.3.9"], ["0.4.2"], ["1.0.51"], ["0.4.2", "1.0.51"]]):
            await owner.execute(_APPLIANCE, site.id, f"{number}-{version}", version)
    await owner.execute(
        "INSERT INTO aliases (alias, rule_id, source) VALUES ('an-alias', $1, 'operator')",
        chance.choice(reported[5:]),
    )

    answers = await owner.fetch(_ANSWERS, _TYPES, reported)

    assert [dict(a) for a in answers if a["found"] and a["everywhere"] != a["of_site"]] == []
    assert {answer["found"] for answer in answers} >= {True}
