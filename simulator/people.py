"""The demonstration's people: invited once through the operator API, remembered with passwords.

A password is written down as soon as it works; one that an interruption lost is replaced.
"""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flywheel_server.core import errors
from simulator.operator_api import OperatorApi
from simulator.world import World

_PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody to sign in as; with neither partner nor organization, an operator."""

    email: str
    role: str
    # What one sees as them, in a few words.
    sees: str
    partner: str | None = None
    organization: str | None = None


PEOPLE = (
    Person(email="admin@demo.invalid", role="admin", sees="operator: the whole platform"),
    Person(
        email="owner@harbor-it.demo.invalid",
        role="owner",
        partner="Harbor IT",
        sees="partner: everything of Harbor IT",
    ),
    Person(
        email="tech@harbor-it.demo.invalid",
        role="technician",
        partner="Harbor IT",
        sees="partner: decides, but manages no people",
    ),
    Person(
        email="admin@lakeside.demo.invalid",
        role="admin",
        organization="Lakeside Dental",
        sees="client: full coverage, decides itself",
    ),
    Person(
        email="admin@maple-street.demo.invalid",
        role="admin",
        organization="Maple Street Clinic",
        sees="client: standard, its partner decides",
    ),
)


async def complete(world: World, api: OperatorApi) -> int:
    """Invite whoever is missing, once their partner or organization is there; return how many."""
    missing = [person for person in PEOPLE if person.email not in world.people]
    for person in missing:
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        link = await _invitation(world, api, person)
        (token,) = parse_qs(urlsplit(link).query)["token"]
        await api.accept_invitation(token, password)
        world.people[person.email] = password
        world.save()
    return len(missing)


async def _invitation(world: World, api: OperatorApi, person: Person) -> str:
    """Invite somebody, or again whom an interrupted start invited without writing it down."""
    body: dict[str, Any] = {"email": person.email, "role": person.role}
    if person.partner is not None:
        body["partner_id"] = world.partners[person.partner]
    if person.organization is not None:
        body["organization_id"] = world.organizations[person.organization]
    try:
        return str((await api.post("users", body))["invitation_link"])
    except errors.AlreadyExists:
        async for user in api.pages("users", text=person.email):
            if user["email"] == person.email:
                return str(
                    (await api.post(f"users/{user['id']}/invitation", {}))["invitation_link"]
                )
        raise
