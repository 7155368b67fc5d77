"""An evaluation as a page: tables and two plots, drawn as SVG in the page; it loads nothing from anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

from gate_agent.biometrics.lab.evaluate import Evaluation
from gate_agent.biometrics.lab.scores import SPAN, Rates
from gate_agent.errors import BadInput
from gate_agent.files import write_whole

WIDTH, HEIGHT, MARGIN = 640, 380, 72
Point = tuple[float, float]
_STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#16202a, #e6edf3); --quiet: light-dark(#5b6b7a, #93a3b3);
  --line: light-dark(#d5dde5, #33414f); --one: #1769aa; --two: #c2571a; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: light-dark(#fff, #0f1720);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p, figcaption { color: var(--quiet); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
figure { margin: 1rem 0; } svg { width: 100%; height: auto; }
svg text { fill: var(--quiet); font-size: 12px; } .axis { stroke: var(--line); }
.one { stroke: var(--one); fill: none; stroke-width: 2; }
.two { stroke: var(--two); fill: none; stroke-width: 2; }
.mark { stroke: var(--ink); stroke-dasharray: 4 4; } .dot { fill: var(--two); }
.key-one { fill: var(--one) !important; } .key-two { fill: var(--two) !important; }
"""


def write_report(folder: Path, evaluation: Evaluation) -> tuple[Path, Path]:
    """`report.json` and `report.html` in `folder`. Raises BadInput when they cannot be written."""
    machine, page = folder / "report.json", folder / "report.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(machine, json.dumps(evaluation.to_json(), indent=1, allow_nan=False).encode() + b"\n")
        write_whole(page, to_html(evaluation).encode())
    except OSError as error:
        raise BadInput(f"cannot write the report: {error}", field=str(folder)) from error
    return machine, page


def to_html(e: Evaluation) -> str:
    sections = (
        f"<h1>Face verification: {escape(e.model)}</h1>",
        f"<p>ISO/IEC 19795-1, {e.protocol}. {e.pictures} pictures of {e.people} people; "
        f"{e.genuine:,} genuine and {e.impostor:,} impostor comparisons; 95 % intervals by resampling "
        f"people. {e.seconds:.0f} s.</p>",
        "<h2>At the card's operating point</h2>",
        _stated(e),
        "<h2>FNMR at fixed FMR</h2>",
        _table(
            ("FMR", "threshold", "FNMR", "95 % interval"), (_rates_row(n, r) for n, r in e.at_fmr.items())
        ),
        _figure(_det(e), "Detection error trade-off. The dot is the card's threshold on these people."),
        _figure(
            _distances(e),
            "Distances of comparisons, each curve scaled to its peak; the line is the threshold.",
        ),
        _groups(e),
        "<h2>Acquisition and time</h2>",
        _table(
            ("", "value"),
            (
                ("no face found", f"{e.no_face}"),
                ("views disagree (quality gate)", f"{e.unclear}"),
                ("failure to acquire", _percent(e.failure_to_acquire)),
                (
                    "FNMR without the gate, at the same FMR",
                    _percent(e.ungated_fnmr) if e.ungated_fnmr >= 0 else "–",
                ),
                ("a template, median", f"{e.template_ms_median:.1f} ms"),
                ("a template, 95th percentile", f"{e.template_ms_p95:.1f} ms"),
            ),
        ),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Face verification report</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(sections) + "\n</body></html>\n"
    )


def _stated(e: Evaluation) -> str:
    a = e.actual
    factor = f"{a.fmr / e.stated.fmr:.2f}"
    return _table(
        ("", "stated by the card", "measured here", "95 % interval"),
        (
            ("threshold", f"{e.stated.threshold:.4f}", "", ""),
            (
                "FMR",
                f"{e.stated.fmr:.2g}",
                f"{a.fmr:.2g} ({factor} x)",
                f"{a.fmr_low:.2g} – {a.fmr_high:.2g}",
            ),
            (
                "FNMR",
                _percent(e.stated.fnmr),
                _percent(a.fnmr),
                f"{_percent(a.fnmr_low)} – {_percent(a.fnmr_high)}",
            ),
            ("failure to acquire", _percent(e.stated.failure_to_acquire), _percent(e.failure_to_acquire), ""),
            ("FRR = FTA + (1 − FTA) FNMR", "", _percent(e.frr), ""),
        ),
    )


def _rates_row(name: str, rates: Rates) -> tuple[str, ...]:
    interval = f"{_percent(rates.fnmr_low)} – {_percent(rates.fnmr_high)}"
    return name, f"{rates.threshold:.4f}", _percent(rates.fnmr), interval


def _groups(e: Evaluation) -> str:
    if not e.groups:
        return ""
    head = ("group", "people", "pictures", "FTA", "genuine", "FNMR", "impostor within", "FMR within")
    rows = (
        (
            f"{g.attribute}: {g.group}",
            f"{g.people}",
            f"{g.pictures}",
            _percent(g.failure_to_acquire),
            f"{g.genuine:,}",
            _percent(g.fnmr),
            f"{g.impostor:,}",
            f"{g.fmr:.2g}",
        )
        for g in e.groups
    )
    return "<h2>By group, at the card's threshold</h2>" + _table(head, rows)


def _percent(rate: float) -> str:
    return f"{rate:.2%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _det(e: Evaluation) -> str:
    """FNMR over FMR, both logarithmic."""
    floor = 1e-4
    across = _scale(-5.5, -2.0, MARGIN, WIDTH - 16)
    down = _scale(math.log10(floor), 0.0, HEIGHT - MARGIN, 16)

    def place(fmr: float, fnmr: float) -> Point:
        return across(math.log10(min(max(fmr, 10**-5.5), 1e-2))), down(math.log10(max(fnmr, floor)))

    marks = [_tick(across(k), None, f"1e{k}") for k in range(-5, -1)]
    marks += [_tick(None, down(math.log10(v)), f"{v:.2%}") for v in (0.001, 0.01, 0.03, 0.1, 0.3)]
    x, y = place(e.actual.fmr, e.actual.fnmr)
    dot = f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    return _svg(
        "FNMR over FMR", [*marks, _line("one", [place(*p) for p in e.curve]), dot, *_titles("FMR", "FNMR")]
    )


def _distances(e: Evaluation) -> str:
    """Both histograms, each scaled to its own peak, because impostors are a thousand times as many."""
    across = _scale(0.0, 1.2, MARGIN, WIDTH - 16)
    down = _scale(0.0, 1.0, HEIGHT - MARGIN, 24)
    parts = [_tick(across(k / 10), None, f"{k / 10:.1f}") for k in range(0, 13, 2)]
    for kind, counts in (("one", e.genuine_histogram), ("two", e.impostor_histogram)):
        peak, width = max([*counts, 1]), SPAN / max(len(counts), 1)
        places = [
            (across((n + 0.5) * width), down(c / peak)) for n, c in enumerate(counts) if n * width < 1.2
        ]
        parts.append(_line(kind, places))
    x = across(e.stated.threshold)
    parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="{HEIGHT - MARGIN}"/>')
    parts.append(f'<text class="key-one" x="{MARGIN + 12}" y="30">genuine</text>')
    parts.append(f'<text class="key-two" x="{MARGIN + 12}" y="48">impostor</text>')
    return _svg("Distances of comparisons", [*parts, *_titles("distance", "share")])


def _scale(low: float, high: float, begin: float, end: float) -> Callable[[float], float]:
    return lambda value: begin + (value - low) / (high - low) * (end - begin)


def _line(kind: str, places: Sequence[Point]) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'


def _tick(x: float | None, y: float | None, label: str) -> str:
    if x is not None:
        low = HEIGHT - MARGIN
        line = f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="{low}"/>'
        return line + f'<text x="{x:.1f}" y="{low + 18}" text-anchor="middle">{label}</text>'
    line = f'<line class="axis" x1="{MARGIN}" x2="{WIDTH - 16}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + f'<text x="{MARGIN - 6}" y="{(y or 0) + 4:.1f}" text-anchor="end">{label}</text>'


def _titles(across: str, down: str) -> tuple[str, str]:
    middle = (HEIGHT - MARGIN + 16) / 2
    return (
        f'<text x="{(WIDTH + MARGIN) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{across}</text>',
        f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{down}</text>',
    )


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        + "".join(parts)
        + "</svg>"
    )
