"""Field by field: what a planner may be told, whose names are hidden, and what is secret.

Broken on purpose by taking one field out of each list, and by adding ``hostname`` to the first.
"""

import json
from collections.abc import Mapping

import pytest

from flywheel_server.plans.model import scrubbing

TOLD = [
    "actual", "agent_platform", "architecture", "category", "check_name", "check_type",
    "current_state", "current_value", "desired_state", "drift_detected", "error_category",
    "error_code", "exit_code", "expected", "expected_value", "hipaa_control", "os", "os_version",
    "policy_name", "port", "profile", "protocol", "service", "service_name", "service_state",
    "setting", "start_type", "state", "status",
]  # fmt: skip
NAMING = [
    "agent_id", "appliance_id", "client_name", "computer_name", "domain", "domain_name", "email",
    "full_name", "host", "host_id", "hostname", "organization", "owner", "patient", "patient_name",
    "site_id", "user", "user_name", "username",
]  # fmt: skip
SECRET = [
    "api_key", "apikey", "auth", "client_secret", "connection_string", "cookie", "credentials",
    "license", "passphrase", "password", "passwd", "private_key", "pwd", "session", "ssh_user",
    "token", "winrm_user",
]  # fmt: skip
NAME = "Zanzibar"


def _told(raw: Mapping[str, object]) -> dict[str, object]:
    found = scrubbing.incident_input(
        incident_type="service_stopped", severity="high", platform="windows", raw=raw
    )
    details: dict[str, object] = found["details"]
    return details


@pytest.mark.parametrize("field", TOLD)
def test_a_field_that_a_planner_needs_is_told(field: str) -> None:
    assert _told({field: "Running"}) == {field: "Running"}


def test_no_other_field_is_told() -> None:
    assert sorted(scrubbing.ALLOWED) == TOLD


@pytest.mark.parametrize("field", [*NAMING, *SECRET])
def test_what_a_field_names_or_keeps_secret_stays_here(field: str) -> None:
    for key in (field, field.upper()):
        for value in (NAME, {"value": NAME}, [NAME]):
            raw = {key: value, "actual": f"seen on {NAME} today"}
            if isinstance(value, str) or key in SECRET:
                assert NAME not in json.dumps(_told(raw)), (key, value)
            assert field not in json.dumps(_told(raw))
