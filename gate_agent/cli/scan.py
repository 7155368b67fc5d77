"""``gate-agent scan``: lint DICOS files, look at scans, hold them against a manifest, render them.

Exit codes: 0 in order, 1 something is wrong and was said, 2 the command was used wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from pydicom.uid import generate_uid

from gate_agent.cargo.lot import LotFinding
from gate_agent.cargo.manifest import Manifest, read_manifest
from gate_agent.cargo.observed import observe
from gate_agent.cargo.scanned import ScannedContainer, compare_all, compare_lot, container_of, look
from gate_agent.cargo.settings import CargoSettings
from gate_agent.cli import cargo as manifest_cli
from gate_agent.cli.console import Cell, plain, print_json, print_table, progress_bar, room, say, told
from gate_agent.errors import GateError
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_lint import Severity, lint
from gate_agent.scans.dicos_tdr import write_tdr
from gate_agent.scans.image import Geometry
from gate_agent.scans.intake import load_scan
from gate_agent.scans.pictures import PictureFacts
from gate_agent.scans.render import grey, picture, write_png
from gate_agent.scans.triage.curves import MaterialCurves, load_curves
from gate_agent.scans.triage.detector import Detector, default_card, load_default_detector, load_detector
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.report import TriageReport, triage
from gate_agent.vehicle.weighing import TruckWeight
from gate_agent.words import english

app = room()
app.add_typer(manifest_cli.app, name="manifest")

Rows: TypeAlias = list[tuple[Cell, Cell]]
Files = Annotated[list[Path], typer.Argument(help="scan files", metavar="FILE…", exists=True, dir_okay=False)]
Linear = Annotated[bool, typer.Option("--linear", help="16-bit pictures are proportional to dose")]
Inverted = Annotated[bool, typer.Option("--inverted", help="in pictures, air is black")]
Pixel = Annotated[float, typer.Option(help="pixel size of pictures, mm", min=0, max=1000)]
Peak = Annotated[float, typer.Option(help="beam energy of pictures, keV", min=0, max=50_000)]
Curves = Annotated[
    Path | None, typer.Option(help="step wedge calibration (JSON)", exists=True, dir_okay=False)
]


@app.command("lint")
def lint_command(
    files: Files, as_json: Annotated[bool, typer.Option("--json", help="findings as JSON")] = False
) -> None:
    """Name every missing or wrong attribute of DICOS files. Exit 1 when one has an error."""
    found = {str(path): lint(path) for path in files}
    wrong = any(f.severity is Severity.ERROR for findings in found.values() for f in findings)
    if as_json:
        print_json({name: [f.to_json() for f in fs] for name, fs in found.items()})
        raise typer.Exit(1 if wrong else 0)
    for name, findings in found.items():
        for finding in findings:
            say(f"{name}: {finding}", style="red" if finding.severity is Severity.ERROR else "yellow")
        if not findings:
            say(f"{name}: in order", style="green")
    raise typer.Exit(1 if wrong else 0)


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Where a report goes besides the screen."""

    as_json: bool
    render: Path | None
    tdr: Path | None


@app.command("triage")
def triage_command(
    files: Files,
    manifest: Annotated[
        Path | None,
        typer.Option(help="compare with what this manifest declares", exists=True, dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="reports as JSON lines")] = False,
    render: Annotated[Path | None, typer.Option(help="folder for rendered pictures (PNG)")] = None,
    tdr: Annotated[Path | None, typer.Option(help="folder for threat detection reports (DICOS)")] = None,
    curves: Curves = None,
    pair: Annotated[bool, typer.Option("--pair", help="the two files are the energies of one scan")] = False,
    detector: Annotated[
        Path | None,
        typer.Option(help="card of a threat detector; else the built-in one", exists=True, dir_okay=False),
    ] = None,
    scanner: Annotated[
        str, typer.Option(help="this scanner, as the detector's card names it: else its marks are advice")
    ] = "",
    without: Annotated[bool, typer.Option("--no-detector", help="physics and geometry only")] = False,
    container: Annotated[str, typer.Option(help="container code, where scan and file name tell none")] = "",
    weight_kg: Annotated[float, typer.Option(help="gross weight by the scale", min=0, max=200_000)] = 0.0,
    linear: Linear = False,
    inverted: Inverted = False,
    pixel_mm: Pixel = 0.0,
    peak_kev: Peak = 0.0,
) -> None:
    """Look at scans by physics, geometry and a threat detector. Every file is one scan, unless --pair.

    With a manifest each container is compared with its consignment, and with its sisters among the files.
    Exit 1 when a file could not be read or a comparison failed.
    """
    groups = _groups(files, pair)
    if len(groups) > 1 and (container or weight_kg):
        raise typer.BadParameter("--container and --weight-kg are of one scan, and several were given")
    facts = PictureFacts(linear, inverted, peak_kev, Geometry(pixel_mm, pixel_mm))
    outputs = _Outputs(as_json, render, tdr)
    with told():
        wedge = load_curves(curves) if curves is not None else None
        declared = read_manifest(manifest) if manifest is not None else None
        found = None if without else _detector(detector, scanner)
    reports = _Looking(groups, facts, wedge, found)
    if declared is None:
        for path, report in reports:
            _deliver(path, report, outputs, ())
        raise typer.Exit(1 if reports.failed else 0)
    weight = TruckWeight(weight_kg, True, 1, 0.0, False, 0.0) if weight_kg else None
    wrong = _compared(reports, declared, outputs, container, weight)
    raise typer.Exit(1 if wrong or reports.failed else 0)


def _detector(card: Path | None, scanner: str) -> Detector | None:
    """The card's detector, or the built-in one where its network is installed."""
    if card is not None:
        return load_detector(card, scanner=scanner)
    return load_default_detector(scanner) if default_card().is_file() else None


def _groups(files: Sequence[Path], pair: bool) -> list[Sequence[Path]]:
    return [files] if pair else [[path] for path in files]


class _Looking:
    """The reports of scans, one after the other; a scan that cannot be read is told and left out."""

    def __init__(
        self,
        groups: Sequence[Sequence[Path]],
        facts: PictureFacts,
        wedge: MaterialCurves | None = None,
        detector: Detector | None = None,
    ) -> None:
        self.groups, self.facts, self.wedge, self.detector = groups, facts, wedge, detector
        self.failed = False

    def __iter__(self) -> Iterator[tuple[Path, TriageReport]]:
        with progress_bar(quiet=len(self.groups) < 2, transient=True) as bar:
            for group in bar.track(self.groups, description="looking"):
                try:
                    yield group[0], triage(load_scan(group, self.facts), self.wedge, self.detector)
                except GateError as error:
                    self.failed = True
                    bar.console.print(plain(f"{group[0]}: {error}"), style="red")


def _compared(
    reports: _Looking, manifest: Manifest, outputs: _Outputs, container: str, weight: TruckWeight | None
) -> bool:
    """Deliver reports with their comparisons. Whether one failed.

    Sisters must all have been seen, so every report is held back; its maps are not: they would fill memory.
    """
    scans: list[ScannedContainer] = []
    held: list[Callable[[Sequence[CheckResult]], None]] = []
    for path, report in reports:
        code = container_of(container, report.image.container, path.stem)
        scans.append(ScannedContainer(str(path), code, observe(report), weight))
        held.append(_held(path, report, outputs))
    wrong = False
    compared = compare_all(scans, manifest, CargoSettings(), datetime.now(UTC))
    for deliver, checks in zip(held, compared, strict=True):
        deliver(checks)
        wrong |= any(check.outcome is Outcome.FAILED for check in checks)
    return wrong


def _held(path: Path, report: TriageReport, outputs: _Outputs) -> Callable[[Sequence[CheckResult]], None]:
    """What remains to be told once the checks are known."""
    _write(path, report, outputs)
    found, rows = report.to_json(), _rows(report)
    return lambda checks: _tell(path, found, rows, outputs, checks)


def _deliver(path: Path, report: TriageReport, outputs: _Outputs, checks: Sequence[CheckResult]) -> None:
    _write(path, report, outputs)
    _tell(path, report.to_json(), _rows(report), outputs, checks)


def _write(path: Path, report: TriageReport, outputs: _Outputs) -> None:
    if outputs.render is not None:
        outputs.render.mkdir(parents=True, exist_ok=True)
        write_png(picture(report), outputs.render / f"{path.stem}.png")
    if outputs.tdr is not None:
        outputs.tdr.mkdir(parents=True, exist_ok=True)
        _write_report(report, outputs.tdr / f"{path.stem}.tdr.dcs")


def _tell(
    path: Path, found: dict[str, object], rows: Rows, outputs: _Outputs, checks: Sequence[CheckResult]
) -> None:
    if outputs.as_json:
        compared = {"checks": [check.to_json() for check in checks]} if checks else {}
        print_json({"file": str(path), **found, **compared}, None)
        return
    print_table(("", ""), rows, title=str(path))
    if checks:
        manifest_cli.print_comparison(checks)


def _write_report(report: TriageReport, path: Path) -> None:
    at = datetime.now(UTC)
    found = threat_report(report)
    scan = Scan(found.container, found.study_uid or generate_uid(), "triage")
    write_tdr(found, path, scan=scan, equipment=Equipment("gate-agent", "triage", "0", "agent", at), at=at)


def _rows(report: TriageReport) -> Rows:
    rows: Rows = [
        ("container", report.image.container or "(not told)"),
        ("format", f"{report.image.provenance.format}, calibration {report.image.calibration}"),
    ]
    if report.fill is not None:
        fill = report.fill
        cover = f"{fill.cover:.1%} of the side view, {fill.floor_cover:.1%} of the floor"
        rows.append(("fill", f"{fill.fill} ({cover})"))
    if report.materials is not None:
        shares = {k.name.lower(): v for k, v in report.materials.shares.items() if v >= 0.01}
        rows.append(
            ("materials", ", ".join(f"{name} {share:.0%}" for name, share in shares.items()) or "none")
        )
        if report.materials.mass_kg is not None:
            least = "at least " if report.materials.mass_at_least else ""
            rows.append(("mass of the load", f"{least}{report.materials.mass_kg:.0f} kg"))
    if report.inspectable is not None:
        rows.append(("not inspectable", f"{report.inspectable.not_inspectable:.1%} of the loading space"))
    for anomaly in report.anomalies:
        thick = f"{anomaly.thickness_mm:.0f} mm" if anomaly.thickness_mm is not None else "thick"
        rows.append(("construction", f"{anomaly.side}: {thick} over {anomaly.share:.0%} of its length"))
    for area in report.threats.areas if report.threats is not None else ():
        place = f"{area.box.width} x {area.box.height} pixels at {area.box.left}, {area.box.top}"
        rows.append(("suspicious", f"{place}, score {area.score:.2f}"))
    rows.extend((reason, english().reason(reason)) for reason in report.reasons)
    return rows


@app.command("lot")
def lot_command(
    files: Files,
    as_json: Annotated[bool, typer.Option("--json", help="findings as JSON lines")] = False,
    linear: Linear = False,
    inverted: Inverted = False,
    pixel_mm: Pixel = 0.0,
    peak_kev: Peak = 0.0,
) -> None:
    """Compare scans of sister containers, which should look alike; the least alike comes first.

    Pictures that were cut to the container are compared whole.
    """
    facts = PictureFacts(linear, inverted, peak_kev, Geometry(pixel_mm, pixel_mm))
    reports = _Looking(_groups(files, pair=False), facts)
    seen = [(path, look(report)) for path, report in reports]
    findings = compare_lot([each for _, each in seen])
    ranked = sorted(
        ((path, found) for (path, _), found in zip(seen, findings, strict=True)),
        key=lambda each: -1.0 if each[1] is None else each[1].distance,
        reverse=True,
    )
    if as_json:
        for path, found in ranked:
            print_json({"file": str(path)} | ({} if found is None else found.to_json()), None)
    else:
        rows = (_lot_row(path, found) for path, found in ranked)
        print_table(("file", "distance", "others' distance", "local excess"), rows)
    raise typer.Exit(1 if reports.failed else 0)


def _lot_row(path: Path, found: LotFinding | None) -> tuple[str, ...]:
    if found is None:
        return str(path), "not comparable", "", ""
    mutual = "" if found.mutual is None else f"{found.mutual:.3f}"
    excess = "" if found.excess is None else f"{found.excess.share:.2f}"
    return str(path), f"{found.distance:.3f}", mutual, excess


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
    with told():
        image = load_scan(files)
        if plain:
            write_png(grey(image.high, gamma=gamma, low=low, high=high), out)
            return
        wedge = load_curves(curves) if curves is not None else None
        write_png(picture(triage(image, wedge, _detector(None, ""))), out)
