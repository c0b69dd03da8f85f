"""The text that is signed, and the moves an order may make."""

import dataclasses
import datetime as dt
import json
from uuid import UUID

import pytest

from flywheel_server.core import errors
from flywheel_server.orders.model import orders

NOON = dt.datetime(2026, 2, 24, 12, tzinfo=dt.UTC)
# As both agents verify it: sorted keys, ", " and ": ", ASCII.
GOLDEN = (
    '{"created_at": "2026-02-24T12:00:00Z", "expires_at": "2026-02-25T12:00:00Z", '
    '"nonce": "000102030405060708090a0b0c0d0e0f", "order_id": "a::b:c", "order_type": "healing", '
    '"parameters": {"runbook_id": "RB-WIN-SEC-001", "target_host": "W\\u00e9"}, '
    '"runbook_id": "RB-WIN-SEC-001", "target_appliance_id": "site-lab-01-02:00:5E:10:00:01"}'
)


def payload(draft: orders.Draft) -> str:
    return orders.payload(
        draft,
        order_id="a::b:c",
        target="site-lab-01-02:00:5E:10:00:01",
        nonce="000102030405060708090a0b0c0d0e0f",
        created_at=NOON,
        expires_at=NOON + draft.lifetime,
    )


def order(text: str) -> orders.Order:
    return orders.Order(
        id="a::b:c",
        site_id=UUID(int=1),
        appliance_id=UUID(int=2),
        kind="healing",
        order_type="healing",
        object_key="",
        rule=None,
        priority=5,
        created_at=NOON,
        expires_at=NOON + orders.LIFETIME,
        nonce="000102030405060708090a0b0c0d0e0f",
        signed_payload=text,
        signature="00" * 64,
        issued_by="law",
        state="pending",
        changed_at=NOON,
        handed_out_at=None,
        acknowledged_at=None,
        finished_at=None,
        reported_at=None,
        success=None,
        result=None,
        error_message=None,
        outcome=None,
        standing=None,
        proof_source=None,
        proof_reference=None,
        proof_seen_at=None,
    )


def test_the_signed_text_is_exactly_what_agents_verify() -> None:
    draft = orders.draft("healing", {"target_host": "Wé"}, runbook_id="RB-WIN-SEC-001")
    assert payload(draft) == GOLDEN


def test_what_stands_beside_the_signed_text_is_read_from_it() -> None:
    wire = orders.wire(order(GOLDEN))
    signed = json.loads(GOLDEN)
    for name in ("order_id", "order_type", "parameters", "nonce", "created_at", "expires_at"):
        assert wire[name] == signed[name]
    assert wire["runbook_id"] == wire["parameters"]["runbook_id"] == "RB-WIN-SEC-001"
    assert wire["signed_payload"] == GOLDEN


def test_an_order_without_a_runbook_has_no_such_field() -> None:
    text = payload(orders.draft("run_drift", {}))
    assert "runbook_id" not in orders.wire(order(text))
    assert json.loads(text)["parameters"] == {}


def test_what_is_over_never_moves_again_and_nothing_moves_back() -> None:
    for state in orders.STATES:
        assert not orders.may_become(state, "pending")
        if state not in orders.LIVE:
            assert not any(orders.may_become(state, other) for other in orders.STATES)
    assert orders.may_become("pending", "completed")
    assert orders.may_become("acknowledged", "expired")


@pytest.mark.parametrize(
    ("kind", "parameters", "changes"),
    [
        ("healing", {}, {}),
        ("healing", {"runbook_id": 7}, {}),
        ("healing", {"runbook_id": "RB-1"}, {"runbook_id": "RB-2"}),
        ("run_drift", {}, {"runbook_id": "RB-1"}),
        ("run_drift", {}, {"order_type": "healing"}),
        ("custom", {}, {}),
        ("custom", {}, {"order_type": "healing"}),
        ("custom", {}, {"order_type": "two words"}),
        ("run_drift", {}, {"lifetime": dt.timedelta(days=31)}),
        ("run_drift", {}, {"lifetime": dt.timedelta(seconds=1)}),
    ],
)
def test_what_no_agent_could_follow_is_refused(
    kind: orders.Kind, parameters: dict[str, object], changes: dict[str, object]
) -> None:
    with pytest.raises(errors.InvalidInput):
        orders.draft(kind, parameters, **changes)  # type: ignore[arg-type]


def test_an_order_over_64_kib_is_refused() -> None:
    with pytest.raises(errors.InvalidInput):
        payload(orders.draft("diagnostic", {"text": "x" * 70_000}))


def test_secrets_are_shown_to_nobody() -> None:
    secret = orders.draft("update_credentials", {"password": "hunter2"})
    text = payload(secret)
    shown = order(text)
    assert orders.shown_parameters(shown) == {"password": "hunter2"}
    hidden = dataclasses.replace(shown, kind="update_credentials")
    assert orders.shown_parameters(hidden) is None
