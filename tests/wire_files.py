"""Writes what others see of the server as files to compare: ``python -m tests.wire_files``.

Routes, the OpenAPI document and the metrics stand in ``tests/data/wire/``, so a change of the wire
is a line in a diff.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry

from flywheel_server.app import create_app
from flywheel_server.core.metrics import Metrics
from flywheel_server.core.settings import Settings
from flywheel_server.web import access, traffic
from flywheel_server.web.traffic import Traffic

FOLDER = Path(__file__).parent / "data" / "wire"
_TRAFFIC = {each: name for name, each in vars(traffic).items() if isinstance(each, Traffic)}


def render() -> dict[str, str]:
    """Return the text of each file by its name."""
    app = create_app(Settings(), "postgresql://nobody@127.0.0.1:1/nowhere")
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    return {
        "routes.txt": _lines(_routes(routes)),
        "openapi.json": json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False)
        + "\n",
        "metrics.txt": _lines(_metrics()),
    }


def _routes(routes: list[APIRoute]) -> Iterator[str]:
    for route in routes:
        let_in = access.audience(route)
        assert let_in is not None, route.path
        for method in route.methods or ():
            # The path first: what concerns one thing stands together.
            kind = _TRAFFIC[access.traffic(route)].lower()
            yield f"{route.path}  {method}  for: {let_in.name}  traffic: {kind}"


def _metrics() -> Iterator[str]:
    metrics = Metrics(CollectorRegistry())
    for instrument in vars(metrics).values():
        for family in instrument.collect():
            # The library's instruments know their labels themselves, families made by hand carry
            # them.
            holder: Any = instrument if hasattr(instrument, "_labelnames") else family
            yield f"{family.name}  {family.type}  labels: {', '.join(holder._labelnames) or 'none'}"


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(lines))


def write() -> None:
    """Replace the stored files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in render().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
