"""Settings are taken as people and tools write them, and what is none is told."""

import pytest

from flywheel_server.core import errors, settings
from tests.anywhere import commands


def _load(**given: str) -> settings.Settings:
    with commands.environment({f"FLYWHEEL_{name.upper()}": each for name, each in given.items()}):
        return settings.load()


def test_what_is_set_to_nothing_is_not_set() -> None:
    """Broken by "String should match pattern", for the variables that Compose passes on empty."""
    chosen = _load(
        **dict.fromkeys(["database_url", "public_url", "smtp_url", "app_password"], ""),
        **dict.fromkeys(["l2_base_url", "l2_model", "l2_api_key", "ots_calendars"], ""),
        **dict.fromkeys(["bitcoin_headers", "port", "loop", "log_level", "data_dir"], ""),
    )

    assert chosen == _load()


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("public_url", "https://flywheel.example.com/", "https://flywheel.example.com"),
        ("l2_base_url", " https://llm.example.com/v1/ ", "https://llm.example.com/v1"),
        ("ots_calendars", "https://a.example.com/", "https://a.example.com"),
        ("log_level", "info", "INFO"),
        ("log_level", "Warning ", "WARNING"),
        ("log_format", "JSON", "json"),
        ("mail_from", "Fly Wheel <a@example.com>", "Fly Wheel <a@example.com>"),
        ("mail_from", '"Wheel, Fly" <a@example.com>', '"Wheel, Fly" <a@example.com>'),
        ("mail_from", " a@example.com ", "a@example.com"),
        ("database_url", "postgresql://u@h/x\n", "postgresql://u@h/x"),
        # As Kubernetes sets it beside a service that is called `flywheel`.
        ("port", "tcp://10.0.0.1:8000", 8000),
        ("loop", "No", False),
    ],
)
def test_a_value_is_taken_as_it_is_written(name: str, given: str, taken: object) -> None:
    more = {"l2_model": "m"} if name == "l2_base_url" else {}

    assert getattr(_load(**{name: given}, **more), name) == taken


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("mail_from", "Flywheel"),
        ("mail_from", "a@b, c@d"),
        ("mail_from", "<>"),
        ("public_url", "https://flywheel.example.com/path"),
        ("public_url", "100% flywheel"),
        ("smtp_url", "%s"),
        ("ots_calendars", "%(here)s"),
        ("database_url", "postgresql://u:100%@host/db"),
    ],
)
def test_a_wrong_value_is_told_in_words(name: str, given: str) -> None:
    """Broken by showing the pattern: "should match '^https?://[^/?#\\s]+$'"."""
    with pytest.raises(errors.SetupError) as refused:
        _load(**{name: given})

    assert f"FLYWHEEL_{name.upper()}" in str(refused.value)
    assert not set("^$\\") & set(str(refused.value))


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    names = ["FLYWHEEL_DATABSE_URL", "flywheel_log_levle", "FLYWHEEL_ZZZ", "FLYWHEEL_PUBLISH"]

    assert settings.unknown([*names, "FLYWHEEL_PORT", "flywheel_port", "PATH"]) == {
        "FLYWHEEL_DATABSE_URL": "FLYWHEEL_DATABASE_URL",
        "flywheel_log_levle": "FLYWHEEL_LOG_LEVEL",
        "FLYWHEEL_ZZZ": None,
    }


def test_a_command_warns_of_it_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    _, told = commands.run(
        capsys, "migrate", databse_url="x", database_url="postgresql://u@127.0.0.1:1/x"
    )

    assert '"variable": "FLYWHEEL_DATABSE_URL", "nearest": "FLYWHEEL_DATABASE_URL"' in told
    assert "cannot be reached" in told
