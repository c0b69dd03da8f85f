"""Ids that are alike: what a person would try first comes first."""

from flywheel_server.rules.model.similar_ids import Known

KNOWN = Known(
    {
        "RB-WIN-SVC-003": False,
        "LIN-SVC-003": False,
        "RB-WIN-SEC-003": False,
        "RB-MAC-DISK-001": False,
        "L1-FIREWALL-001": True,
        "L1-SVC-003": True,
    }
)


def test_the_id_with_the_same_words_comes_before_one_with_similar_letters() -> None:
    assert KNOWN.closest("win-svc-003-restart", 3)[0] == "RB-WIN-SVC-003"
    assert KNOWN.closest("run_powershell:RB-WIN-SVC-003", 1) == ["RB-WIN-SVC-003"]


def test_nothing_is_suggested_that_is_not_alike() -> None:
    assert KNOWN.closest("zzz", 3) == []
    assert KNOWN.closest("", 3) == []
    assert "RB-MAC-DISK-001" not in KNOWN.closest("win-svc-003", 9)


def test_only_what_fits_is_suggested_where_only_a_rule_or_a_runbook_does() -> None:
    for rules, first in ((True, "L1-SVC-003"), (False, "LIN-SVC-003")):
        found = KNOWN.closest("svc-003", 3, rules=rules)
        assert found[0] == first
        assert all(KNOWN.is_rule(id) is rules for id in found)


def test_an_id_is_never_suggested_for_itself_and_order_is_stable() -> None:
    assert "RB-WIN-SVC-003" not in KNOWN.closest("RB-WIN-SVC-003", 9)
    assert KNOWN.closest("svc-003", 9) == KNOWN.closest("svc-003", 9)
