"""Dockerfile and compose file parse, and everything they name exists; no engine is needed."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from flywheel_server import __main__ as command
from flywheel_server.app import create_app
from flywheel_server.core import db
from flywheel_server.core.settings import Settings

ROOT = Path(__file__).parents[2]
OURS = {f"FLYWHEEL_{name.upper()}" for name in Settings.model_fields}
# What the image of PostgreSQL documents.
THEIRS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"}
# Read by compose alone.
COMPOSE = {"POSTGRES_PASSWORD", "FLYWHEEL_APP_PASSWORD", "FLYWHEEL_PUBLISH"}
INSTRUCTIONS = {
    "FROM", "WORKDIR", "ENV", "COPY", "RUN", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD",
}  # fmt: skip


def _dockerfile() -> list[tuple[str, str]]:
    """Return instruction and arguments of each step, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    plain = re.sub(r"(?m)^\s*#.*\n", "", text)
    lines = [line for line in re.sub(r"\\\n\s*", " ", plain).splitlines() if line.strip()]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return loaded


def _environment(service: str) -> dict[str, str]:
    return {k: str(v) for k, v in _compose()["services"][service].get("environment", {}).items()}


def test_the_dockerfile_is_made_of_known_instructions_in_two_stages() -> None:
    steps = _dockerfile()

    assert {name for name, _ in steps} <= INSTRUCTIONS
    assert steps[0][0] == "FROM"
    stages = [arguments for name, arguments in steps if name == "FROM"]
    assert len(stages) == 2
    assert all("-slim" in stage for stage in stages)
    assert re.fullmatch(r"\S+ AS build", stages[0])


def test_the_image_runs_the_server_as_nobody_special() -> None:
    steps = _dockerfile()
    final = steps[max(i for i, (name, _) in enumerate(steps) if name == "FROM") :]
    named = dict(final)

    assert named["USER"] == "flywheel"
    assert any(name == "RUN" and "useradd" in text and "flywheel" in text for name, text in final)
    assert _known_command(json.loads(named["CMD"]))
    assert named["EXPOSE"] == "8000"
    assert not any(name == "RUN" and "pip" in text for name, text in final)


def test_every_file_that_the_dockerfile_copies_exists_and_reaches_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [
        source
        for name, text in _dockerfile()
        if name == "COPY" and "--from" not in text
        for source in text.split()[:-1]
    ]

    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored, source


def test_the_wheel_is_built_from_what_the_build_gets() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    for named in ("README.md", "src"):
        assert f'"{named}"' in project
    for named in ("README.md", "setup.py", "src", "migrations", "simulator"):
        assert f"!{named}" in (ROOT / ".dockerignore").read_text(encoding="utf-8")
    runs = " ".join(text for name, text in _dockerfile() if name == "RUN")
    assert runs.count("--require-hashes") == 2
    assert "flywheel_server-*.whl" in runs


def test_every_variable_of_the_image_is_a_setting() -> None:
    names = [
        word.split("=", 1)[0]
        for name, text in _dockerfile()
        if name == "ENV"
        for word in shlex.split(text)
    ]

    assert {name for name in names if name.startswith("FLYWHEEL")} <= OURS
    assert "FLYWHEEL_HOST" in names


def test_the_health_check_of_the_image_asks_a_path_that_exists() -> None:
    check = dict(_dockerfile())["HEALTHCHECK"]
    program = json.loads(check[check.index("[") :])

    assert program[:2] == ["python", "-c"]
    compile(program[2], "HEALTHCHECK", "exec")
    assert _paths(program[2]) <= _routes()


def test_every_variable_of_every_service_is_known() -> None:
    """Broken by FLYWHEEL_LISTEN in the server's environment: it is named here."""
    for service in ("migrate", "server"):
        # The owner's password is blank there: see below.
        assert set(_environment(service)) - {"POSTGRES_PASSWORD"} <= OURS, service
    assert set(_environment("database")) <= THEIRS
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == COMPOSE


def test_no_password_has_a_default_anywhere() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

    for use in re.findall(r"\$\{(\w*PASSWORD\w*)([^}]*)\}", text):
        assert use[1].startswith(":?"), use
    assert not re.search(r'PASSWORD: +(?!"")[^$\s]', text)
    example = dict(_example())
    assert set(example) == COMPOSE
    assert [name for name, value in example.items() if "PASSWORD" in name and value] == []


def test_settings_take_what_compose_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("migrate", "server"):
        for name, value in _environment(service).items():
            monkeypatch.setenv(name, re.sub(r"\$\{\w+:\?[^}]*\}", "0123456789abcdef", value))
        settings = Settings()
        assert settings.database_url is not None
        assert "@database:5432/flywheel" in settings.database_url
    assert settings.host == "0.0.0.0"
    assert f"//{db.APP_ROLE}:" in str(settings.database_url)


def test_the_server_waits_for_the_schema_and_the_schema_for_the_database() -> None:
    services = _compose()["services"]

    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert (
        services["server"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    )
    assert services["migrate"]["restart"] == "no"
    assert {"database", "server"} == {
        name for name, service in services.items() if "test" in service["healthcheck"]
    }


def test_the_database_is_postgresql_18_on_its_volume_and_nothing_hides_the_application() -> None:
    services = _compose()["services"]

    assert services["database"]["image"] == "postgres:18"
    assert services["database"]["volumes"] == ["database:/var/lib/postgresql"]
    assert "database" in _compose()["volumes"]
    assert all("volumes" not in services[name] for name in ("migrate", "server"))
    assert services["migrate"]["image"] == services["server"]["image"]
    assert (ROOT / services["migrate"]["build"]).is_dir()


def test_ports_commands_and_paths_of_compose_exist() -> None:
    services = _compose()["services"]
    server = services["server"]

    assert _known_command(services["migrate"]["command"])
    assert "command" not in server
    published = server["ports"][0].rsplit(":", 1)[1]
    assert published == _environment("server")["FLYWHEEL_PORT"] == dict(_dockerfile())["EXPOSE"]
    check = server["healthcheck"]["test"]
    compile(check[3], "healthcheck", "exec")
    assert _paths(check[3]) <= _routes()
    assert f":{published}/" in check[3]
    seconds = int(server["stop_grace_period"].removesuffix("s"))
    assert seconds > 10


def _example() -> Iterator[tuple[str, str]]:
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value


def _known_command(words: list[str]) -> bool:
    names = typer.main.get_command(command.cli).commands  # type: ignore[attr-defined]
    return words[0] == "flywheel-server" and words[1] in names


def _paths(code: str) -> set[str]:
    return set(re.findall(r"(?<=\d|\})(/[a-z]+)", code))


def _routes() -> set[str]:
    app = create_app(Settings(loop=False), "postgresql://nowhere/nothing")
    return set(app.openapi()["paths"])


def test_settings_of_the_env_file_reach_the_server_but_not_the_owners_password() -> None:
    """Broken by leaving `env_file` out: a setting in .env did nothing."""
    server = _compose()["services"]["server"]
    assert [given["path"] for given in server["env_file"]] == [".env"]
    assert server["environment"]["POSTGRES_PASSWORD"] == ""
    # What the file must not change, compose sets itself: that comes after the file.
    assert {"FLYWHEEL_HOST", "FLYWHEEL_PORT", "FLYWHEEL_DATABASE_URL"} <= set(server["environment"])
    named = re.findall(r"(?m)^#(FLYWHEEL_\w+)=", (ROOT / ".env.example").read_text("utf-8"))
    assert set(named) <= OURS
    assert {"FLYWHEEL_PUBLIC_URL", "FLYWHEEL_TRUSTED_PROXIES"} <= set(named)
