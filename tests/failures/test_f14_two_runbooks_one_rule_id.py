"""F14: rule ids were cut to 12 characters, so that two runbooks shared one.

Broken on purpose by leaving the digest out of `rules.model.rules.rule_id`: the slugs alone collide.
"""

import itertools

from flywheel_server.rules.actions import catalogue
from tests.rules.test_agent_sync import learnt


def test_f14_every_runbook_of_the_catalogue_gets_a_rule_id_of_its_own() -> None:
    types = [
        "service_dns",
        "service-dns",
        "a_very_long_incident_type_1",
        "a_very_long_incident_type_2",
    ]
    pairs = list(itertools.product(types, [runbook_id for runbook_id, *_ in catalogue.runbooks()]))
    assert len({learnt(*pair).rule_id for pair in pairs}) == len(pairs)


def test_f14_runbooks_that_differ_only_at_the_end_do_too() -> None:
    long = ["X" * 90 + str(number) for number in range(50)]
    assert len({learnt("service_dns", runbook_id).rule_id for runbook_id in long}) == 50
