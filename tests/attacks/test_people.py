"""Somebody who may look, with many loops, beside people of other tenants and an operator."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from flywheel_server.core import db, embedded, errors
from tests.attacks import beside
from tests.attacks.beside import Scene
from tests.cast import Cast

LOOPS = 40
PAGES = 15


def _asking(path: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: server", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


async def test_a_viewer_with_forty_loops_makes_no_other_tenant_and_no_operator_wait(
    tmp_path: Path, address: embedded.Address, cast: Cast
) -> None:
    """Before, everybody waited for ten seconds and was then refused."""
    attacker = _asking("/partner/learning", cast.people["partner viewer"].cookie)
    victims = {
        "/partner/learning": cast.foreign_people["partner owner"].cookie,
        "/operator/learning": cast.people["operator admin"].cookie,
    }

    async def attack(scene: Scene) -> None:
        async def one() -> None:
            while True:
                await beside.ask(scene.port, attacker)

        await asyncio.gather(*(one() for _ in range(LOOPS)))

    async def visits(scene: Scene, path: str) -> list[float]:
        taken = []
        for _ in range(PAGES):
            begun = time.perf_counter()
            answer = await beside.ask(scene.port, _asking(path, victims[path]))
            taken.append(time.perf_counter() - begun)
            assert answer.startswith(b"HTTP/1.1 200 "), answer[:300]
        return sorted(taken)

    async with beside.scene(tmp_path, address, cast) as scene:
        quiet = {path: await visits(scene, path) for path in victims}
        attacking = asyncio.create_task(attack(scene))
        await asyncio.sleep(0.3)
        attacked = {path: await visits(scene, path) for path in victims}
        attacking.cancel()
        await asyncio.gather(attacking, return_exceptions=True)
    for path in victims:
        bound = quiet[path][-2] * beside.MOST_TIMES + beside.MOST_MORE_SECONDS
        assert attacked[path][-2] <= bound, (path, quiet[path], attacked[path])


async def test_a_statement_of_a_person_ends_in_time_and_one_of_an_appliance_is_not_cut_short(
    address: embedded.Address, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "PEOPLE_SECONDS", 0.05)
    opened = await db.open_database(address.app_url, pool_size=2)
    try:
        for person in (cast.people["partner viewer"], cast.people["operator admin"]):
            with pytest.raises(errors.DatabaseUnavailable) as caught:
                async with db.transaction(opened, person.scope) as connection:
                    await connection.execute("SELECT pg_sleep(5)")
            assert isinstance(caught.value.__cause__, asyncpg.QueryCanceledError)
        async with db.transaction(opened, cast.site.scope) as connection:
            await connection.execute("SELECT pg_sleep(0.2)")
    finally:
        await opened.close()
