"""F15: two tenants shared a rule id; approving one re-activated the other's.

Broken on purpose by leaving the scope's owner out of the digest in `rules.model.rules.rule_id`: the
first test fails; by an `l1_rules_scope_rule_id_key` on `(rule_id)` alone: the second fails; and by
`set_enabled` on the rule's text id instead of its row: the third fails.
"""

from dataclasses import replace

import httpx

from flywheel_server.core import db
from tests.cast import Cast
from tests.rules.test_agent_sync import add, fetch, ids, learnt, switch


def test_f15_the_same_lesson_of_two_sites_has_two_ids(cast: Cast) -> None:
    made = [learnt(scope="site", scope_id=site.id).rule_id for site in cast.sites]
    assert len(set(made)) == len(cast.sites)


async def test_f15_an_id_that_people_chose_may_live_in_two_scopes(
    cast: Cast, database: db.Database
) -> None:
    for site in (cast.site, cast.foreign_site):
        rule = learnt(scope="site", scope_id=site.id)
        await add(database, replace(rule, rule_id="MY-RULE", source="custom"))


async def test_f15_switching_one_tenants_rule_leaves_the_others_alone(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    made = [
        await add(
            database,
            replace(learnt(scope="site", scope_id=site.id), rule_id="MY-RULE", source="custom"),
        )
        for site in (cast.site, cast.foreign_site)
    ]
    for rule in made:
        await switch(database, rule, enabled=False)
    await switch(database, made[0], enabled=True)
    assert "MY-RULE" in ids(await fetch(client, cast.site))
    assert "MY-RULE" not in ids(await fetch(client, cast.foreign_site))
