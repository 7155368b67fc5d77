"""Every performance claim, side by side with its peer: what `make bench` runs.

    python benchmarks/run.py [--only NAME ...] [--list] [--json FILE]

Runs each `benchmarks/*/bench_*.py` in a process of its own, one after the other, prints one table and writes
`report/bench.json`. What a benchmark has to print is in `benchmarks/README.md`. Exit status: 0 when every
benchmark ran, whatever it found; 1 when one could not run. A goal that is missed is shown, not hidden.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

HERE = Path(__file__).resolve().parent
LIMIT_S = 600
"""No benchmark may take longer."""


@dataclass(frozen=True, slots=True)
class Run:
    """One benchmark's outcome: its JSON, or why there is none."""

    name: str
    seconds: float
    result: dict[str, Any] | None
    trouble: str = ""


def benchmarks(only: list[str]) -> list[Path]:
    """All benchmarks, or those whose `folder/name` contains one of `only`."""
    found = sorted(HERE.glob("*/bench_*.py"))
    return [path for path in found if not only or any(word in name_of(path) for word in only)]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem.removeprefix('bench_')}"


def run_one(path: Path) -> Run:
    """Run one benchmark; its last line on stdout is its result."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, str(path)],
            cwd=HERE.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Run(name_of(path), time.monotonic() - started, None, f"longer than {LIMIT_S} s")
    took = time.monotonic() - started
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        return Run(name_of(path), took, None, said[-1] if said else f"exit status {done.returncode}")
    try:
        result: Any = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return Run(name_of(path), took, None, "its last line is not JSON")
    if not isinstance(result, dict):
        return Run(name_of(path), took, None, "its last line is not a JSON object")
    return Run(name_of(path), took, result)


def claims(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The claims; a benchmark without any shows each of its figures."""
    if "claims" in result:
        yield from result["claims"]
        return
    for name, value in result.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield {"claim": name.replace("_", " "), "measured": value, "unit": ""}


def machine() -> dict[str, Any]:
    """Where the figures were taken: they mean little elsewhere, and less on a busy machine."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": [round(n, 2) for n in os.getloadavg()],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


# ---------------------------------------------------------------- for people


def table(runs: list[Run]) -> Table:
    shown = Table(title="every claim beside its peer", title_justify="left", expand=True)
    shown.add_column("benchmark", style="dim", ratio=3)
    shown.add_column("claim", ratio=6)
    shown.add_column("measured", justify="right", ratio=3)
    shown.add_column("peer", ratio=4)
    shown.add_column("measured", justify="right", ratio=3)
    for name in ("ratio", "goal", "met"):
        shown.add_column(name, justify="right", ratio=2)
    for run in runs:
        if run.result is None:
            shown.add_row(run.name, f"[red]cannot run: {run.trouble}[/]", *[""] * 5, "[red]-[/]")
            continue
        for number, claim in enumerate(claims(run.result)):
            shown.add_row(run.name if number == 0 else "", *_cells(claim))
        shown.add_section()
    return shown


def _cells(claim: dict[str, Any]) -> list[str]:
    unit = claim.get("unit", "")
    met = claim.get("met")
    return [
        str(claim["claim"]),
        _figure(claim.get("measured"), unit),
        str(claim.get("peer", "")),
        _figure(claim.get("peer_measured"), unit),
        _figure(claim.get("ratio"), ""),
        str(claim.get("goal", "")),
        "" if met is None else "[green]yes[/]" if met else "[bold red]no[/]",
    ]


def _figure(value: object, unit: str) -> str:
    if not isinstance(value, int | float):
        return ""
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{digits} {unit}".strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="egate, journal/commits, ..."
    )
    parser.add_argument("--list", action="store_true", help="only name them")
    parser.add_argument("--json", type=Path, default=Path("report/bench.json"), metavar="FILE")
    arguments = parser.parse_args()
    chosen = benchmarks(arguments.only)
    if not chosen:
        parser.error(f"no benchmark is called like {', '.join(arguments.only)}")
    if arguments.list:
        print("\n".join(map(name_of, chosen)))
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    where, runs = machine(), run_all(chosen, console)
    console.print(table(runs))
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": where,
        "benchmarks": [
            {"name": r.name, "seconds": round(r.seconds, 1), "trouble": r.trouble, "result": r.result}
            for r in runs
        ],
    }
    arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    missed = [c for r in runs if r.result for c in claims(r.result) if c.get("met") is False]
    console.print(
        f"{where['cpu']}, {where['cores']} cores, load {where['load_average'][0]} at the start; "
        f"{len(missed)} goal{'' if len(missed) == 1 else 's'} missed; {arguments.json}",
        style="dim",
        highlight=False,
    )
    sys.exit(any(run.result is None for run in runs))


def run_all(chosen: list[Path], console: Console) -> list[Run]:
    """One after the other, so that they do not measure each other."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    runs: list[Run] = []
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=len(chosen))
        for path in chosen:
            progress.update(task, description=name_of(path))
            runs.append(run_one(path))
            progress.advance(task)
    return runs


if __name__ == "__main__":
    main()
