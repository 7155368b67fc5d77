"""``gate-agent scan``: lint DICOS files, look at scans, render them.

Exit codes: 0 in order, 1 something is wrong and was said, 2 the command was used wrongly.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydicom.uid import generate_uid
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gate_agent.errors import GateError
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_lint import Severity, lint
from gate_agent.scans.dicos_tdr import write_tdr
from gate_agent.scans.image import Geometry
from gate_agent.scans.intake import load_scan
from gate_agent.scans.pictures import PictureFacts
from gate_agent.scans.render import grey, picture, write_png
from gate_agent.scans.triage.curves import MaterialCurves, load_curves
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.report import REASONS, TriageReport, triage

app = typer.Typer(name="scan", help="Lint, look at and render scans of cargo.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(help="scan files", metavar="FILE…", exists=True, dir_okay=False)]
Linear = Annotated[bool, typer.Option("--linear", help="16-bit pictures are proportional to dose")]
Inverted = Annotated[bool, typer.Option("--inverted", help="in pictures, air is black")]
Pixel = Annotated[float, typer.Option(help="pixel size of pictures, mm", min=0, max=1000)]
Peak = Annotated[float, typer.Option(help="beam energy of pictures, keV", min=0, max=50_000)]
Curves = Annotated[
    Path | None, typer.Option(help="step wedge calibration (JSON)", exists=True, dir_okay=False)
]


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except GateError as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, markup=False)
        raise typer.Exit(1) from None


@app.command("lint")
def lint_command(
    files: Files, as_json: Annotated[bool, typer.Option("--json", help="findings as JSON")] = False
) -> None:
    """Name every missing or wrong attribute of DICOS files. Exit 1 when one has an error."""
    found = {str(path): lint(path) for path in files}
    wrong = any(f.severity is Severity.ERROR for findings in found.values() for f in findings)
    if as_json:
        typer.echo(json.dumps({name: [f.to_json() for f in fs] for name, fs in found.items()}, indent=1))
        raise typer.Exit(1 if wrong else 0)
    console = Console(soft_wrap=True)
    for name, findings in found.items():
        for finding in findings:
            style = "red" if finding.severity is Severity.ERROR else "yellow"
            console.print(f"{name}: {finding}", style=style, highlight=False, markup=False)
        if not findings:
            console.print(f"{name}: in order", style="green", highlight=False, markup=False)
    raise typer.Exit(1 if wrong else 0)


@app.command("triage")
def triage_command(
    files: Files,
    as_json: Annotated[bool, typer.Option("--json", help="reports as JSON lines")] = False,
    render: Annotated[Path | None, typer.Option(help="folder for rendered pictures (PNG)")] = None,
    tdr: Annotated[Path | None, typer.Option(help="folder for threat detection reports (DICOS)")] = None,
    curves: Curves = None,
    pair: Annotated[bool, typer.Option("--pair", help="the two files are the energies of one scan")] = False,
    linear: Linear = False,
    inverted: Inverted = False,
    pixel_mm: Pixel = 0.0,
    peak_kev: Peak = 0.0,
) -> None:
    """Look at scans by physics and geometry. Every file is one scan, unless --pair."""
    facts = PictureFacts(linear, inverted, peak_kev, Geometry(pixel_mm, pixel_mm))
    groups: list[Sequence[Path]] = [files] if pair else [[path] for path in files]
    failed = False
    with _told():
        wedge = load_curves(curves) if curves is not None else None
    shown = track(groups, "looking", console=Console(stderr=True), transient=True, disable=len(groups) < 2)
    for group in shown:
        try:
            _one(group, facts, wedge, as_json, render, tdr)
        except GateError as error:
            failed = True
            told = f"{group[0]}: {error}"
            Console(stderr=True).print(told, style="red", highlight=False, markup=False)
    raise typer.Exit(1 if failed else 0)


def _one(
    group: Sequence[Path],
    facts: PictureFacts,
    wedge: MaterialCurves | None,
    as_json: bool,
    render: Path | None,
    tdr: Path | None,
) -> None:
    report = triage(load_scan(group, facts), wedge)
    name = group[0].stem
    if render is not None:
        render.mkdir(parents=True, exist_ok=True)
        write_png(picture(report), render / f"{name}.png")
    if tdr is not None:
        tdr.mkdir(parents=True, exist_ok=True)
        _write_report(report, tdr / f"{name}.tdr.dcs")
    if as_json:
        typer.echo(json.dumps({"file": str(group[0]), **report.to_json()}))
    else:
        _print(group[0], report)


def _write_report(report: TriageReport, path: Path) -> None:
    at = datetime.now(UTC)
    found = threat_report(report)
    scan = Scan(found.container, found.study_uid or generate_uid(), "triage")
    write_tdr(found, path, scan=scan, equipment=Equipment("gate-agent", "triage", "0", "agent", at), at=at)


def _print(path: Path, report: TriageReport) -> None:
    table = Table(title=str(path), show_header=False, box=None, title_justify="left")
    table.add_row("container", report.image.container or "(not told)")
    table.add_row("format", f"{report.image.provenance.format}, calibration {report.image.calibration}")
    if report.fill is not None:
        fill = report.fill
        cover = f"{fill.cover:.1%} of the side view, {fill.floor_cover:.1%} of the floor"
        table.add_row("fill", f"{fill.fill} ({cover})")
    if report.materials is not None:
        shares = {k.name.lower(): v for k, v in report.materials.shares.items() if v >= 0.01}
        table.add_row(
            "materials", ", ".join(f"{name} {share:.0%}" for name, share in shares.items()) or "none"
        )
        if report.materials.mass_kg is not None:
            least = "at least " if report.materials.mass_at_least else ""
            table.add_row("mass of the load", f"{least}{report.materials.mass_kg:.0f} kg")
    if report.inspectable is not None:
        table.add_row("not inspectable", f"{report.inspectable.not_inspectable:.1%} of the loading space")
    for anomaly in report.anomalies:
        thick = f"{anomaly.thickness_mm:.0f} mm" if anomaly.thickness_mm is not None else "thick"
        table.add_row("construction", f"{anomaly.side}: {thick} over {anomaly.share:.0%} of its length")
    for reason in report.reasons:
        table.add_row(reason, REASONS[reason])
    Console().print(table)


@app.command("render")
def render_command(
    files: Files,
    out: Annotated[Path, typer.Option("--out", help="PNG to write")],
    curves: Curves = None,
    plain: Annotated[bool, typer.Option("--plain", help="grey values only")] = False,
    gamma: Annotated[float, typer.Option(min=0.1, max=5, help="gamma of --plain")] = 0.5,
    low: Annotated[float, typer.Option(min=0, max=1, help="transmission shown black by --plain")] = 0.0,
    high: Annotated[float, typer.Option(min=0, max=4, help="transmission shown white by --plain")] = 1.0,
) -> None:
    """Render one scan (one file, or both energies): pseudo-colour with findings, or plain grey."""
    with _told():
        image = load_scan(files)
        if plain:
            write_png(grey(image.high, gamma=gamma, low=low, high=high), out)
            return
        write_png(picture(triage(image, load_curves(curves) if curves is not None else None)), out)
