"""Somebody without a credential, who has a few bytes and many connections."""

import asyncio
from pathlib import Path

import pytest

from flywheel_server.core import embedded
from tests.attacks import beside, strangers
from tests.attacks.beside import Scene
from tests.cast import Cast


@pytest.mark.parametrize("name", strangers.ATTACKS)
async def test_a_stranger_does_not_stop_check_ins(
    tmp_path: Path, address: embedded.Address, cast: Cast, name: str
) -> None:
    async with beside.scene(tmp_path, address, cast) as scene:
        effect = await beside.measure(scene, strangers.ATTACKS[name])
    effect.check()


async def test_idle_connections_keep_nobody_out(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    async with beside.scene(tmp_path, address, cast, max_connections=150) as scene:
        effect = await beside.measure(scene, strangers.idle_connections)
        log = scene.log.read_text("utf-8")
    effect.check()
    assert log.count("too many connections") == 1


async def test_one_address_keeps_no_other_from_signing_in(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    """Before, one address with many connections kept seven of nine others out."""
    body = b'{"email": "%s@example.com", "password": "a wrong one that is long"}'

    def sign_in(forwarded: str, name: bytes) -> bytes:
        content = body % name
        head = (
            "POST /api/auth/sign-in HTTP/1.1\r\nHost: server\r\nConnection: close\r\n"
            f"X-Forwarded-For: {forwarded}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    async def attack(scene: Scene, number: int) -> None:
        for attempt in range(1_000_000):
            name = b"victim-%d-%d" % (number, attempt)
            # Every address of one IPv6 network.
            await beside.ask(scene.port, sign_in(f"2001:db8:0:1::{number:x}", name))

    async with beside.scene(tmp_path, address, cast) as scene:
        attacking = [asyncio.create_task(attack(scene, number)) for number in range(40)]
        await asyncio.sleep(0.3)
        victims = [
            beside.ask(scene.port, sign_in(f"198.51.100.{number}", b"person-%d" % number))
            for number in range(5)
        ]
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*victims)
        for task in attacking:
            task.cancel()
        await asyncio.gather(*attacking, return_exceptions=True)
    # Wrong, but tried: not turned away for what another address did.
    assert [answer.split()[1] for answer in answers] == [b"401"] * 5
