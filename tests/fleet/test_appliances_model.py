"""Which appliance is this?"""

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from flywheel_server.fleet.model import appliances
from flywheel_server.fleet.model.appliances import Appliance, Report

MAC, OTHER_MAC = "02:00:5E:10:00:01", "02:00:5E:10:00:02"
KEY, OTHER_KEY = "a" * 64, "b" * 64
NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def known(
    number: int = 1, *, mac: str | None = None, key: str | None = None, hostname: str = "vm"
) -> Appliance:
    return Appliance(
        id=UUID(int=number),
        site_id=UUID(int=0),
        wire_id=f"site-{number}",
        mac=mac,
        agent_public_key=key,
        hostname=hostname,
        ip_addresses=(),
        agent_version="",
        nixos_version="",
        has_local_credentials=False,
        uptime_seconds=None,
        desired_l2_mode="auto",
        reported_l2_mode=None,
        reported_l2_mode_at=None,
        desired_rules_hash=None,
        reported_rules_hash=None,
        reported_rules_hash_at=None,
        last_sync_at=None,
        first_seen_at=NOW,
        last_seen_at=NOW,
    )


def test_the_mac_decides_whatever_the_name_and_key_say() -> None:
    one, two = known(1, mac=MAC, key=KEY), known(2, mac=OTHER_MAC, key=KEY)
    report = Report(hostname="renamed", mac=OTHER_MAC, agent_public_key=KEY)
    assert appliances.identify(report, [one, two]) == two


def test_another_mac_with_the_same_key_and_name_is_the_same_appliance() -> None:
    one = known(mac=MAC, key=KEY)
    report = Report(hostname="vm", mac=OTHER_MAC, agent_public_key=KEY)
    assert appliances.identify(report, [one]) == one


@pytest.mark.parametrize(
    "report",
    [
        Report(hostname="copy", mac=OTHER_MAC, agent_public_key=KEY),
        Report(hostname="vm", mac=OTHER_MAC, agent_public_key=OTHER_KEY),
        Report(hostname="vm", mac=OTHER_MAC),
        Report(hostname="", mac=OTHER_MAC, agent_public_key=KEY),
    ],
    ids=["a copy of its disk", "its name alone", "without a key", "without a name"],
)
def test_another_mac_with_less_than_that_is_another_appliance(report: Report) -> None:
    assert appliances.identify(report, [known(mac=MAC, key=KEY)]) is None


def test_of_several_with_this_key_and_name_another_mac_is_none() -> None:
    copies = [known(1, mac=MAC, key=KEY), known(2, mac=OTHER_MAC, key=KEY)]
    report = Report(hostname="vm", mac="02:00:5E:10:00:03", agent_public_key=KEY)
    assert appliances.identify(report, copies) is None


def test_key_and_name_outvote_a_card_that_moved_from_another_machine() -> None:
    one, two = known(1, mac=MAC, key=KEY), known(2, mac=OTHER_MAC, key=OTHER_KEY, hostname="b")
    report = Report(hostname="b", mac=MAC, agent_public_key=OTHER_KEY)
    assert appliances.identify(report, [one, two]) == two
    # A name or a key of its own beside the MAC: it is the one that was set up again.
    renamed = Report(hostname="vm", mac=MAC, agent_public_key=OTHER_KEY)
    assert appliances.identify(renamed, [one, two]) == one


def test_a_shared_mac_identifies_none_of_its_machines() -> None:
    one = known(1, key=KEY)
    report = Report(hostname="vm", mac=MAC, agent_public_key=KEY)
    assert appliances.identify(report, [one], mac_is_shared=True) == one
    other = replace(report, hostname="copy")
    assert appliances.identify(other, [one], mac_is_shared=True) is None


def test_a_removed_one_is_found_by_what_is_surely_its_own() -> None:
    gone = replace(known(mac=MAC, key=KEY), removed_at=NOW)
    found = Report(hostname="vm", mac=MAC, agent_public_key=KEY)
    assert appliances.identify(found, [gone]) == gone
    assert appliances.identify(replace(found, mac=OTHER_MAC), [gone]) == gone
    other = Report(hostname="b", mac=MAC, agent_public_key=OTHER_KEY)
    assert appliances.identify(other, [gone]) is None
    living = known(2, mac=OTHER_MAC, key=KEY)
    assert appliances.identify(found, [gone, living]) == living


def test_those_that_were_seen_while_the_newest_was_are_living() -> None:
    one, ghost = known(1), replace(known(2), last_seen_at=NOW - dt.timedelta(hours=25))
    assert appliances.living([one, ghost]) == [one]
    assert appliances.living([ghost]) == [ghost]
    assert appliances.living([]) == []


def test_one_without_a_mac_is_known_by_its_key_and_may_show_a_mac_later() -> None:
    one = known(key=KEY)
    assert appliances.identify(Report(hostname="new", agent_public_key=KEY), [one]) == one
    shows = Report(hostname="new", mac=MAC, agent_public_key=KEY)
    assert appliances.identify(shows, [one]) == one


def test_one_without_mac_and_key_is_known_by_its_name() -> None:
    assert appliances.identify(Report(hostname="vm"), [known()]) == known()
    assert appliances.identify(Report(hostname="vm", mac=MAC), [known()]) == known()
    assert appliances.identify(Report(hostname="vm", agent_public_key=KEY), [known()]) == known()


def test_a_lost_mac_is_the_same_appliance_while_nobody_else_has_the_name() -> None:
    one, two = known(1, mac=MAC), known(2, mac=OTHER_MAC)
    assert appliances.identify(Report(hostname="vm"), [one]) == one
    assert appliances.identify(Report(hostname="vm"), [one, two]) is None
    # Once it is registered on its own it stays so.
    three = known(3)
    assert appliances.identify(Report(hostname="vm"), [one, two, three]) == three


def test_the_same_name_with_another_key_is_another_appliance() -> None:
    one = known(key=KEY)
    assert appliances.identify(Report(hostname="vm", agent_public_key=OTHER_KEY), [one]) is None
    withmac = Report(hostname="vm", mac=MAC, agent_public_key=OTHER_KEY)
    assert appliances.identify(withmac, [one]) is None


def test_nameless_ones_do_not_become_each_other() -> None:
    nameless = known(hostname="")
    assert appliances.identify(Report(), [nameless]) == nameless
    assert appliances.identify(Report(mac=MAC), [nameless]) is None
    assert appliances.identify(Report(agent_public_key=KEY), [nameless]) is None
    assert appliances.identify(Report(), [known(mac=MAC, hostname="")]) is None


def test_copies_of_one_disk_image_are_told_apart_by_name() -> None:
    one, two = known(1, key=KEY, hostname="a"), known(2, key=KEY, hostname="b")
    assert appliances.identify(Report(hostname="b", agent_public_key=KEY), [one, two]) == two
    assert appliances.identify(Report(hostname="c", agent_public_key=KEY), [one, two]) == one


def test_wire_ids_hold_the_mac_or_are_unique_without() -> None:
    assert appliances.wire_id("site-lab-01", Report(mac=MAC), "t") == f"site-lab-01-{MAC}"
    assert appliances.wire_id("s", Report(hostname="WS test/1"), "1f2e") == "s-WS-test-1-1f2e"
    assert appliances.wire_id("s", Report(), "1f2e") == "s-appliance-1f2e"


def test_equal_reports_are_one_key() -> None:
    report = Report(hostname="vm", ip_addresses=("192.0.2.1",))
    assert {report: 1}[replace(report)] == 1
