"""The results as a table for people, as JSON for programs, and as a chart."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.results import Goal, Measure, Sample

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
_COLORS = ("#3b6ea5", "#c98a2b", "#7a9a5b", "#8a6fa8")
_ROW, _LEFT, _WIDTH = 20, 330, 420


def machine() -> dict[str, str]:
    """Say on what kind of machine this ran, without naming it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "PostgreSQL": "18, embedded",
        **{name: version(name) for name in ("uvicorn", "uvloop", "fastapi", "asyncpg", "msgspec")},
        "load average at the start": f"{os.getloadavg()[0]:.1f}",
    }


def table(measures: Sequence[Measure]) -> str:
    """Return every contender's figures, and each ratio with its goal, as Markdown."""
    lines = [
        "| measure | contender | median | min | max | p50 ms | p99 ms | errors |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for measure in measures:
        lines += [_line(measure, name, rows) for name, rows in measure.samples.items()]
    lines += [
        "",
        "| measure | ratio, pair by pair | median | min | max | goal | |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for measure in measures:
        lines += [_goal(measure, goal) for goal in measure.goals]
        lines += [_limit(measure, name, most) for name, most in measure.limits.items()]
    return "\n".join(lines)


def document(measures: Sequence[Measure], host: dict[str, str]) -> str:
    """Return everything as JSON."""
    return json.dumps({"machine": host, "measures": [_plain(each) for each in measures]}, indent=1)


def chart(measures: Sequence[Measure]) -> str:
    """Return bars of the medians, each measure on a scale of its own, as SVG."""
    parts: list[str] = []
    y = 10
    for measure in measures:
        parts.append(_text(10, y + 12, f"{measure.name} ({measure.unit})", "bold"))
        y += _ROW
        most = max(measure.median(name) for name in measure.samples) or 1
        for number, name in enumerate(measure.samples):
            value = measure.median(name)
            width = max(1, round(_WIDTH * value / most))
            parts.append(_text(20, y + 12, name))
            parts.append(
                f'<rect x="{_LEFT}" y="{y + 2}" width="{width}" height="13" '
                f'fill="{_COLORS[number % len(_COLORS)]}"/>'
            )
            parts.append(_text(_LEFT + width + 6, y + 12, _short(value)))
            y += _ROW
        y += 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 100}" height="{y}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(parts)}</svg>\n"
    )


def write(folder: Path, measures: Sequence[Measure], host: dict[str, str]) -> None:
    """Write results.json, table.md and chart.svg."""
    folder.mkdir(exist_ok=True)
    (folder / "results.json").write_text(document(measures, host), encoding="utf-8")
    (folder / "table.md").write_text(table(measures) + "\n", encoding="utf-8")
    (folder / "chart.svg").write_text(chart(measures), encoding="utf-8")


def publish(page: Path, measures: Sequence[Measure], host: dict[str, str]) -> None:
    """Put the table between the marks of a page, and the chart beside the page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    facts = ", ".join(f"{name} {text}" for name, text in host.items())
    notes = [f"- {measure.name}: {note}" for measure in measures for note in measure.notes]
    told = "\n\n".join(
        [f"Measured with: {facts}.", table(measures), "Notes of the run:", "\n".join(notes)]
    )
    page.write_text(f"{before}{_BEGIN}\n\n{told}\n\n{_END}{after}", encoding="utf-8")
    chart_of = page.with_suffix(".svg")
    if chart_of.name in before + after:
        chart_of.write_text(chart(measures), encoding="utf-8")


def _line(measure: Measure, name: str, rows: Sequence[Sample]) -> str:
    values = [row.value for row in rows]
    by = f" ({measure.client})" if measure.client else ""
    cells = [
        f"{measure.name}, {measure.unit}{by}",
        name,
        *(_short(each) for each in (statistics.median(values), min(values), max(values))),
        _times([row.p50_ms for row in rows]),
        _times([row.p99_ms for row in rows]),
        str(sum(row.errors for row in rows)),
    ]
    return f"| {' | '.join(cells)} |"


def _goal(measure: Measure, goal: Goal) -> str:
    ratios = measure.ratios(goal)
    median = statistics.median(ratios)
    met = median <= goal.ratio if goal.at_most else median >= goal.ratio
    what = (
        f"{goal.baseline} / {goal.contender}"
        if goal.inverse
        else (f"{goal.contender} / {goal.baseline}")
    )
    sign = "≤" if goal.at_most else "≥"
    figures = " | ".join(f"{each:.2f}" for each in (median, min(ratios), max(ratios)))
    verdict = "reached" if met else "**missed**"
    return f"| {measure.name} | {what} | {figures} | {sign} {goal.ratio:g} | {verdict} |"


def _limit(measure: Measure, name: str, most: float) -> str:
    values = [sample.value for sample in measure.samples[name]]
    median = statistics.median(values)
    figures = " | ".join(f"{each:.1f}" for each in (median, min(values), max(values)))
    verdict = "reached" if median <= most else "**missed**"
    return f"| {measure.name} | {name}, {measure.unit} | {figures} | ≤ {most:g} | {verdict} |"


def _times(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.2f}" if known else ""


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def _text(x: int, y: int, text: str, weight: str = "normal") -> str:
    return f'<text x="{x}" y="{y}" font-weight="{weight}">{escape(text)}</text>'


def _plain(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "unit": measure.unit,
        "client": measure.client,
        "notes": measure.notes,
        "samples": {
            name: [
                {"value": s.value, "p50_ms": s.p50_ms, "p99_ms": s.p99_ms, "errors": s.errors}
                for s in rows
            ]
            for name, rows in measure.samples.items()
        },
        "ratios": [
            {
                "contender": goal.contender,
                "baseline": goal.baseline,
                "goal": goal.ratio,
                "at_most": goal.at_most,
                "inverse": goal.inverse,
                "by_round": measure.ratios(goal),
            }
            for goal in measure.goals
        ],
        "limits": measure.limits,
    }
