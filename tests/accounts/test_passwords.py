"""How passwords are hashed, and that an older, weaker hash is renewed at the next sign-in.

Broken on purpose: with weaker parameters, and with hashes that are never outdated, these fail.
"""

from collections.abc import Iterator
from typing import Any

import argon2
import httpx
import pytest

from flywheel_server.accounts.actions.passwords import Passwords
from tests.cast import Cast

PASSWORD = "nine words make a better password than one"
# RFC 9106, second recommendation: Argon2id, 64 MiB, three passes, four lanes.
PARAMETERS = "$argon2id$v=19$m=65536,t=3,p=4$"


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    opened = Passwords()
    yield opened
    opened.close()


async def test_a_password_is_hashed_as_rfc_9106_recommends(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)
    salt, digest = hashed.removeprefix(PARAMETERS).split("$")
    assert hashed.startswith(PARAMETERS)
    # Base64 without padding: 16 and 32 bytes.
    assert (len(salt), len(digest)) == (22, 43)
    assert await passwords.hash(PASSWORD) != hashed
    assert not passwords.outdated(hashed)


@pytest.mark.parametrize("weaker", [{"time_cost": 2}, {"memory_cost": 32_768}, {"hash_len": 16}])
def test_a_weaker_hash_is_outdated(passwords: Passwords, weaker: dict[str, int]) -> None:
    hashed = argon2.PasswordHasher(**weaker).hash(PASSWORD)  # type: ignore[arg-type]
    assert passwords.outdated(hashed)


async def test_signing_in_renews_a_weaker_hash_and_keeps_the_password(
    client: httpx.AsyncClient, owner: Any, cast: Cast
) -> None:
    person = cast.people["partner owner"]
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8_192).hash(PASSWORD)
    await owner.execute("UPDATE users SET password_hash = $2 WHERE id = $1", person.id, weak)
    stored = "SELECT password_hash FROM users WHERE id = $1"
    body = {"email": person.email, "password": PASSWORD}

    wrong = await client.post("/api/auth/sign-in", json=body | {"password": "another password"})
    assert wrong.status_code == 401
    assert await owner.fetchval(stored, person.id) == weak

    for _ in range(2):
        client.cookies.clear()
        answer = await client.post("/api/auth/sign-in", json=body)
        assert answer.status_code == 200, answer.text
    assert (await owner.fetchval(stored, person.id)).startswith(PARAMETERS)
