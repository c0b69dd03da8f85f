"""Places go round: by tenant first, then by sender."""

import asyncio

import pytest

from flywheel_server.core import errors
from flywheel_server.core.settings import Settings
from flywheel_server.web import limits
from flywheel_server.web.gates import Claim, Gate, Kind


def gate(**changes: object) -> Gate:
    values: dict[str, object] = {
        "name": "law",
        "most": 4,
        "waiting": 100,
        "rate": 1,
        "burst": 100,
        "refusal": errors.Busy,
    }
    return Gate(Kind(**(values | changes)))  # type: ignore[arg-type]


async def _asked(opened: Gate, claim: Claim) -> asyncio.Task[None]:
    task = asyncio.create_task(opened.enter(claim))
    await asyncio.sleep(0)
    return task


async def test_one_tenant_leaves_places_for_others_and_one_person_for_colleagues() -> None:
    opened = gate(tenant_most=3, sender_most=2)
    loops = [await _asked(opened, Claim("north", "ann")) for _ in range(40)]
    assert sum(task.done() for task in loops) == 2
    assert (await _asked(opened, Claim("north", "bob"))).done()
    assert not (await _asked(opened, Claim("north", "cid"))).done()
    assert (await _asked(opened, Claim("south", "dot"))).done()
    assert opened.free == 0
    for task in loops:
        task.cancel()
    await asyncio.gather(*loops, return_exceptions=True)


async def test_a_free_place_goes_to_the_next_tenant_and_within_it_to_the_next_person() -> None:
    opened = gate(most=1)
    await opened.enter(Claim("north", "ann"))
    order: list[str] = []

    async def visit(claim: Claim) -> None:
        await opened.enter(claim)
        order.append(str(claim.sender))
        opened.leave(claim)

    asked = [Claim("north", "ann")] * 3 + [Claim("north", "bob"), Claim("south", "dot")]
    tasks = [await _asked_by(visit(claim)) for claim in asked]
    opened.leave(Claim("north", "ann"))
    await asyncio.gather(*tasks)
    assert order == ["ann", "dot", "bob", "ann", "ann"]
    assert opened.free == 1


async def _asked_by(visit: object) -> asyncio.Task[None]:
    task: asyncio.Task[None] = asyncio.create_task(visit)  # type: ignore[arg-type]
    await asyncio.sleep(0)
    return task


async def test_a_sender_waits_with_so_many_and_no_more_while_others_still_may() -> None:
    opened = gate(most=1, sender_waiting=2)
    await opened.enter(Claim("north", "ann"))
    waiting = [await _asked(opened, Claim("north", "ann")) for _ in range(2)]
    with pytest.raises(errors.Busy):
        await opened.enter(Claim("north", "ann"))
    waiting.append(await _asked(opened, Claim("south", "dot")))
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no:address", "no:address"),
    ],
)
def test_a_network_of_one_subscriber_is_one_address(host: str, address: str) -> None:
    assert limits.address({"client": (host, 1)}) == address


def test_places_that_need_the_database_are_no_more_than_its_connections() -> None:
    kinds = limits.kinds(Settings(loop=False))
    names = ("reports", "orders", "people", "operators")
    assert sum(kinds[name].most for name in names) <= Settings(loop=False).pool_size
