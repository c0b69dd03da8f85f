"""The catalogue holds every case that the demonstration is there to show."""

import random
import tomllib
from importlib import resources

import pytest

from simulator import catalogue

DRAWS = 4_000


def chance() -> random.Random:
    return random.Random(7)


def known_runbooks() -> dict[str, tuple[str, bool]]:
    """Return platform and executability of each runbook that the server is delivered with."""
    text = resources.files("flywheel_server").joinpath("catalogue/runbooks.toml").read_text()
    return {
        runbook_id: (group["platform"], group["executable"])
        for group in tomllib.loads(text).values()
        for runbook_id in group["runbooks"]
    }


def served_check_types() -> set[str]:
    text = resources.files("flywheel_server").joinpath("catalogue/rules.toml").read_text()
    return {
        rule["check_type"]
        for tier, rules in tomllib.loads(text).items()
        if tier in {"standard", "full_coverage"}
        for rule in rules.values()
    }


def test_several_kinds_are_good_enough_for_the_platform_on_each_platform() -> None:
    runbooks = known_runbooks()
    for platform in ("windows", "linux"):
        good = [
            kind
            for kind in catalogue.CATALOGUE
            if kind.platform == platform
            and kind.success_rate >= 0.95
            and not kind.builtin
            and kind.only_site is None
            and runbooks.get(kind.runbook_id or "") == (platform, True)
        ]
        assert len(good) >= 4


def test_each_case_that_must_not_be_promoted_is_there() -> None:
    runbooks = known_runbooks()
    kinds = catalogue.CATALOGUE
    assert any(kind.success_rate == 0.3 for kind in kinds), "a bad one"
    assert any(0.5 <= kind.success_rate < 0.8 for kind in kinds), "a mediocre one"
    assert any((kind.runbook_id or "").startswith("AUTO-") for kind in kinds), "a placeholder"
    assert any(
        kind.runbook_id in runbooks and not runbooks[kind.runbook_id][1] for kind in kinds
    ), "one that no appliance can execute"
    assert any(kind.no_credentials > 0 for kind in kinds), "one without credentials"
    assert any(kind.only_site is not None for kind in kinds), "one of a single site"
    assert any(kind.runbook_id is None for kind in kinds), "one that needs a person"


def test_only_the_builtin_kinds_are_healed_by_a_served_rule_from_the_first_day() -> None:
    served = served_check_types()
    for kind in catalogue.CATALOGUE:
        assert (kind.check_type in served) == kind.builtin, kind.check_type


def test_a_check_type_stands_in_the_catalogue_once() -> None:
    assert len(catalogue.BY_CHECK_TYPE) == len(catalogue.CATALOGUE)


@pytest.mark.parametrize("kind", catalogue.CATALOGUE, ids=lambda kind: kind.check_type)
def test_the_right_runbook_heals_at_its_true_rate(kind: catalogue.IncidentType) -> None:
    luck = chance()
    healed = sum(catalogue.heals(luck, kind, kind.runbook_id) for _ in range(DRAWS))
    assert healed / DRAWS == pytest.approx(kind.success_rate, abs=0.03)


def test_a_runbook_made_for_something_else_hardly_ever_heals() -> None:
    luck, kind = chance(), catalogue.BY_CHECK_TYPE["print_spooler"]
    healed = sum(catalogue.heals(luck, kind, "RB-WIN-SEC-020") for _ in range(DRAWS))
    assert healed / DRAWS < 0.1


def test_a_single_sites_kind_happens_there_only() -> None:
    luck = chance()
    there = {catalogue.draw(luck, "windows", 0).check_type for _ in range(DRAWS)}
    elsewhere = {catalogue.draw(luck, "windows", 6).check_type for _ in range(DRAWS)}
    assert "legacy_backup" in there
    assert elsewhere == there - {"legacy_backup"}


def test_the_same_seed_draws_the_same_incidents() -> None:
    one, other = chance(), chance()
    draws = [[catalogue.draw(luck, "linux").check_type for _ in range(50)] for luck in (one, other)]
    assert draws[0] == draws[1]
