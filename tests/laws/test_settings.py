"""Every setting is documented, nothing else is, and a wrong value is named at once."""

import re
from pathlib import Path

import pytest

from flywheel_server import __main__ as command
from flywheel_server.core.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
# Any text may be right: what it names is looked for when it is used.
ANY_TEXT = {"host", "data_dir", "bitcoin_headers", "l2_api_key"}
WRONG = {
    "port": "65536",
    "database_url": "mysql://localhost/flywheel",
    "app_password": "short",
    "loop": "perhaps",
    "webhook_allow_private": "perhaps",
    "loop_interval": "0",
    "pool_size": "1",
    "writer_pool_size": "many",
    "statement_timeout": "-1",
    "execution_retention_days": "7",
    "log_retention_days": "0",
    "max_connections": "99",
    "trusted_proxies": "10.0.0.1/8",
    "signing_secret": "short",
    "metrics_token": "short",
    "metrics_from": "everybody",
    "public_url": "flywheel.example.com",
    "insecure_cookies": "maybe",
    "session_idle_hours": "0",
    "session_hours": "never",
    "smtp_url": "mail.example.com",
    "mail_from": "nobody",
    "smtp_allow_plain": "perhaps",
    "telemetry_rate": "10",
    "ots_calendars": "calendar.example.com",
    "evidence_batch_minutes": "-1",
    "l2_base_url": "llm.example.com",
    "l2_model": "m" * 201,
    "l2_timeout": "60",
    "l2_answer_tokens": "1",
    "l2_min_confidence": "80",
    "l2_calls_per_day": "-1",
    "l2_usd_per_day": "much",
    "l2_input_price": "-1",
    "l2_output_price": "free",
    "l2_cache_seconds": "-1",
    "plan_approval_hours": "0",
    "log_level": "TRACE",
    "log_format": "xml",
}


def _rows() -> dict[str, tuple[str, str]]:
    """Return default and meaning of each documented variable."""
    return {
        name: (default.strip(), meaning.strip())
        for name, default, meaning in re.findall(
            r"(?m)^\| `(FLYWHEEL_\w+)` \|([^|]*)\|([^|]*)\|$", PAGE.read_text("utf-8")
        )
    }


def test_the_page_lists_every_setting_and_nothing_else() -> None:
    assert set(_rows()) == {f"FLYWHEEL_{name.upper()}" for name in Settings.model_fields}
    mentioned = re.findall(r"FLYWHEEL_[A-Z0-9_]*[A-Z0-9]", PAGE.read_text(encoding="utf-8"))
    assert set(mentioned) == set(_rows())


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_page_tells_the_default_and_the_meaning(name: str) -> None:
    default, meaning = _rows()[f"FLYWHEEL_{name.upper()}"]
    field = Settings.model_fields[name]

    expected = "unset" if field.default is None else f"`{str(field.default).lower()}`"
    assert default.lower() == expected
    assert field.description
    assert meaning.startswith(field.description[0].upper() + field.description[1:])


@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - ANY_TEXT))
def test_a_wrong_value_ends_serve_with_its_name(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken by catching ValidationError around `Settings()`: the traceback names no variable."""
    monkeypatch.setenv(f"FLYWHEEL_{name.upper()}", WRONG[name])
    monkeypatch.setattr("sys.argv", ["flywheel-server", "serve"])

    with pytest.raises(SystemExit) as ended:
        command.main()

    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert f"FLYWHEEL_{name.upper()}" in told
    assert "Traceback" not in told
