"""A simulated appliance's evidence is what a newer daemon sends, and joins the site's chain."""

import dataclasses
import random

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flywheel_server.core import clock, db
from simulator import evidence
from simulator.appliance import Appliance, Host, Identity
from simulator.link import Link
from simulator.messages import Dialect
from tests import bundles as chains
from tests.cast import Cast

SECRET = b"s" * 32


def identity(site_id: str, dialect: Dialect = Dialect.GO_NEWER) -> Identity:
    return Identity(
        site_id=site_id,
        site_index=1,
        hostname="vm",
        mac="02:00:5e:10:00:aa",
        public_key=Ed25519PrivateKey.from_private_bytes(SECRET)
        .public_key()
        .public_bytes_raw()
        .hex(),
        dialect=dialect,
        hosts=(Host(name="WS-1", platform="windows"), Host(name="srv-1", platform="linux")),
        secret=SECRET,
    )


async def test_what_it_signs_joins_the_sites_chain(
    client: httpx.AsyncClient, cast: Cast, database: db.Database
) -> None:
    key = cast.appliance.credential.key
    line = Link(client, key, Appliance(identity(cast.site.slug), random.Random(1)))
    await line.check_in(1)
    await line.submit_evidence(clock.now())
    assert line.faults == {}
    (bundle,) = await chains.chain(database, cast.site)
    assert (bundle["position"], bundle["appliance_id"]) == (1, cast.appliance.id)
    assert bundle["checks"] == sum(bundle["results"].values()) == 6


async def test_the_private_half_of_its_key_is_never_sent_nor_shown(cast: Cast) -> None:
    one = identity(cast.site.slug)
    sent = str(evidence.bundle(one, random.Random(1), clock.now()))
    sent += str(Appliance(one, random.Random(1)).check_in(1)) + repr(one)
    assert SECRET.hex() not in sent
    assert repr(SECRET) not in sent


def test_only_newer_daemons_that_have_their_key_submit_any() -> None:
    signing = [each for each in Dialect if evidence.signs(identity("site-1", each))]
    assert signing == [Dialect.GO_NEWER]
    assert not evidence.signs(dataclasses.replace(identity("site-1"), secret=None))


def test_most_checks_hold_and_some_do_not() -> None:
    luck, now = random.Random(3), clock.now()
    told = [evidence.bundle(identity("site-1"), luck, now)["summary"] for _ in range(200)]
    failed = sum(each["fail"] for each in told)
    assert 0 < failed < 0.1 * sum(each["pass"] for each in told)
