"""/openapi.json tells every field, every parameter, every refusal, with examples.

Broken on purpose by removing a field's description, and by not installing ``web.openapi``.
"""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from flywheel_server.app import create_app
from flywheel_server.core.settings import Settings

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings(), "postgresql://nobody@127.0.0.1:1/nowhere").openapi()


def _operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def test_the_version_is_the_packages(document: dict[str, Any]) -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    assert document["info"]["version"] == project["version"]


def test_every_field_is_described(document: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, told in schema.get("properties", {}).items()
        # What a reference points at has a description of its own.
        if "description" not in told and "$ref" not in told
    ]
    assert silent == []


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    silent = [
        (name, parameter["name"])
        for name, operation in _operations(document)
        for parameter in operation.get("parameters", [])
        if "description" not in parameter
    ]
    assert silent == []


def test_every_route_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        assert operation.get("description"), name
        refused = operation["responses"]["default"]["content"]["application/problem+json"]
        assert refused["schema"]["$ref"].endswith("/Problem"), name
        assert "422" not in operation["responses"], name


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    bare = []
    for name, operation in _operations(document):
        for told in operation.get("requestBody", {}).get("content", {}).values():
            schema = told["schema"]
            named = schema.get("$ref") or next(
                (each["$ref"] for each in schema.get("anyOf", []) if "$ref" in each), ""
            )
            fields = schemas.get(named.rsplit("/", 1)[-1], {}).get("properties", {})
            examples = [field for field in fields.values() if "example" in str(field)]
            if "example" not in str(told) and not examples:
                bare.append(name)
    assert bare == []
