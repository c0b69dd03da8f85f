"""One site's key, beside another site: what it sends slowly, and what it sends too much of."""

import asyncio
import contextlib
import json
from pathlib import Path

from flywheel_server.core import embedded
from tests.attacks import beside
from tests.attacks.beside import Scene
from tests.cast import Cast


def _post(path: str, key: str, *lines: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: server", f"Authorization: Bearer {key}", *lines]
    return "\r\n".join([*head, "", ""]).encode()


async def _whole(scene: Scene, path: str, key: str, body: bytes) -> bytes:
    length = f"Content-Length: {len(body)}"
    return await beside.ask(scene.port, _post(path, key, length, "Connection: close") + body)


async def test_slow_bodies_of_one_key_hold_no_place_and_no_room_of_others(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    """Each declares 8 MiB and sends a little; another site's large batch is taken meanwhile."""
    attacker = _post("/api/logs/ingest", cast.neighbour.key, "Content-Length: 8000000")

    async def attack(scene: Scene) -> None:
        await asyncio.gather(
            *(beside.pour(scene.port, attacker, b" " * 40_000, 0.3) for _ in range(60))
        )

    async with beside.scene(tmp_path, address, cast) as scene:
        effect = await beside.measure(scene, attack)
        attacking = asyncio.create_task(attack(scene))
        await asyncio.sleep(0.5)
        large = json.dumps({"batch": [{"msg": "x" * 8_000}] * 400}).encode()
        answer = await _whole(scene, "/api/logs/ingest", cast.site.key, large)
        attacking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await attacking
    assert answer.split()[1] == b"200"
    effect.check()


async def test_a_flood_of_one_keys_reports_leaves_places_for_others(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    line = json.dumps({"batch": [{"msg": "x" * 2_000}] * 500}).encode()

    async def attack(scene: Scene) -> None:
        async def one() -> None:
            while True:
                # What is refused is closed, also while it is sent.
                with contextlib.suppress(ConnectionError):
                    await _whole(scene, "/api/logs/ingest", cast.neighbour.key, line)
                await asyncio.sleep(0)

        await asyncio.gather(*(one() for _ in range(30)))

    async with beside.scene(tmp_path, address, cast) as scene:
        attacking = asyncio.create_task(attack(scene))
        await asyncio.sleep(0.5)
        small = json.dumps({"batch": [{"msg": "hello"}]}).encode()
        async with asyncio.timeout(15):
            answers = [
                await _whole(scene, "/api/logs/ingest", cast.site.key, small) for _ in range(5)
            ]
        attacking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await attacking
    assert [answer.split()[1] for answer in answers] == [b"200"] * 5
