"""``gate-agent chip read`` and ``chip inspect``: one passport, by hand.

Exit codes: 0 every check that the document allows passed, 1 one did not, 2 the command was used wrongly or
the reader failed.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gate_agent.cli.console import Cell, console, fail, print_json, print_table, room
from gate_agent.devices import CardLost, ChipReader
from gate_agent.devices.registry import load_driver
from gate_agent.emrtd.chip.access import AccessPolicy
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.password import Password
from gate_agent.emrtd.chip.protocol import Progress
from gate_agent.emrtd.chip.terminal_auth import Terminal, load_terminal
from gate_agent.emrtd.dump import inspect_files, load_dump, write_dump
from gate_agent.emrtd.inspection import Inspection, inspect, interrupted
from gate_agent.emrtd.lds.mrz import Mrz, MrzKey, parse
from gate_agent.emrtd.reading import Plan, Reading
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.errors import BadInput, GateError
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.words import english

app = room()

_COLOURS = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.NOT_DONE: "dim",
}

_MAX_KEY_FILE = 16 * 1024

Trust = Annotated[Path | None, typer.Option("--trust", help="directory of the trust store", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="print the results as JSON")]
MrzFile = Annotated[Path | None, typer.Option("--mrz", help="file with the printed lines", metavar="FILE")]


class ReaderSpecError(BadInput):
    """``--reader`` names no reader."""


@app.command("read")
def read(
    reader: Annotated[str, typer.Option(help="pcsc:[NAME] or vpcd:HOST:PORT", metavar="KIND:WHERE")],
    mrz: MrzFile = None,
    document: Annotated[str, typer.Option(help="document number, in place of --mrz")] = "",
    birth: Annotated[str, typer.Option(help="date of birth, YYMMDD")] = "",
    expiry: Annotated[str, typer.Option(help="date of expiry, YYMMDD")] = "",
    can: Annotated[str, typer.Option(help="card access number, for chips with PACE")] = "",
    pin: Annotated[bool, typer.Option("--pin", help="ask for the holder's PIN, for chips with PACE")] = False,
    certificates: Annotated[
        list[Path] | None,
        typer.Option("--certificate", help="card verifiable certificates of this station", metavar="FILE"),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="the station's private key, PKCS #8 DER", metavar="FILE")
    ] = None,
    trust: Trust = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="write the files read here", metavar="DIR")
    ] = None,
    groups: Annotated[str, typer.Option(help="further data groups: 7,11,12")] = "",
    allow_bac: Annotated[
        bool, typer.Option("--bac-after-pace", help="let BAC follow a failed PACE; it is evidence")
    ] = False,
    wait_s: Annotated[float, typer.Option("--wait", help="seconds to wait for a document")] = 30.0,
    as_json: Json = False,
) -> None:
    """Wait for a document, open its chip, read it, and say what became of each check."""
    try:
        printed = None if mrz is None else _zone(mrz)
        terminal = _terminal(certificates or [], key)
        plan = Plan(AccessPolicy(bac_after_pace=allow_bac), _numbers(groups), terminal)
        password = _password(printed, document, birth, expiry, can, ask_pin=pin)
        store = _store(trust)
        device = open_reader(reader)
    except (GateError, OSError, ValueError) as error:
        fail(error, 2)
    reading = Reading()
    try:
        inspection = _watched(device, password, printed, store, plan, reading, wait_s, quiet=as_json)
        if out is not None:
            write_dump(out, reading.files)
    except (GateError, OSError) as error:
        fail(error, 2)
    finally:
        device.close()
    _report(inspection.results, as_json, {"access": inspection.access, "files": dict(inspection.digests)})


@app.command("inspect")
def inspect_directory(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    mrz: MrzFile = None,
    trust: Trust = None,
    as_json: Json = False,
) -> None:
    """Judge the files of a chip that were written before: signatures, hashes, contents."""
    try:
        files = load_dump(directory)
        printed = None if mrz is None else _zone(mrz)
        results = inspect_files(files, printed, _store(trust), datetime.now(UTC))
    except (GateError, OSError) as error:
        fail(error, 2)
    _report(results, as_json, {"files": sorted(files)})


def open_reader(spec: str) -> ChipReader:
    """The opened chip reader that ``pcsc:NAME`` or ``vpcd:HOST:PORT`` means. Raises GateError."""
    kind, separator, where = spec.partition(":")
    settings: dict[str, Any] = {}
    if kind == "pcsc" and separator:
        settings["reader"] = where
    elif kind == "vpcd" and where.count(":") == 1 and where.rpartition(":")[2].isdigit():
        host, _, port = where.rpartition(":")
        settings = {"host": host, "port": int(port)}
    else:
        raise ReaderSpecError("is neither pcsc:[NAME] nor vpcd:HOST:PORT", field="--reader")
    driver: Any = load_driver(kind)
    device: ChipReader = driver(driver.Config(**settings))
    device.open()
    return device


def _zone(path: Path) -> Mrz:
    with path.open("rb") as file:
        text = file.read(512).decode("ascii", "replace")
    return parse([line.strip() for line in text.splitlines() if line.strip()])


def _password(
    printed: Mrz | None, document: str, birth: str, expiry: str, can: str, *, ask_pin: bool
) -> Password:
    if ask_pin:
        # Never an argument: those are for everybody on this machine to see.
        return Password.from_pin(typer.prompt("PIN", hide_input=True, err=True))
    if can:
        return Password.from_can(can)
    if printed is not None:
        return Password.from_mrz(printed.key())
    if not (document and birth and expiry):
        raise ReaderSpecError(
            "is needed: --mrz FILE, or --document, --birth and --expiry, or --can, or --pin", field="a key"
        )
    return Password.from_mrz(MrzKey(document.upper(), birth, expiry))


def _terminal(certificates: list[Path], key: Path | None) -> Terminal | None:
    """The station's own proof, with which chips that ask for one open DG3 and DG4."""
    if not certificates and key is None:
        return None
    if not certificates or key is None:
        raise ReaderSpecError("are needed together", field="--certificate and --key")
    return load_terminal(tuple(_content(path) for path in certificates), _content(key))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_KEY_FILE)
    except OSError as error:
        raise ReaderSpecError(error.strerror or "cannot be read", field=str(path)) from error


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(",") if part)
    if not all(1 <= number <= 16 for number in numbers):
        raise ReaderSpecError("are not numbers from 1 to 16", field="--groups")
    return numbers


def _store(directory: Path | None) -> TrustStore:
    return TrustStore(()) if directory is None else load_trust_directory(directory)


def _watched(
    device: ChipReader,
    password: Password,
    printed: Mrz | None,
    store: TrustStore,
    plan: Plan,
    reading: Reading,
    wait_s: float,
    *,
    quiet: bool,
) -> Inspection:
    """Inspect under a live view; a document that was lost may be presented again until `wait_s` is over."""
    from rich.live import Live  # noqa: PLC0415

    deadline = time.monotonic() + wait_s
    view: dict[str, Progress] = {}
    with Live(console=console(stderr=True), refresh_per_second=8, transient=True) as live:

        def progressed(progress: Progress) -> None:
            view[progress.step] = progress
            if not quiet:
                live.update("\n".join(_step(each) for each in view.values()))

        error: GateError = CardLost("no document was presented", field="reader")
        while _present(device, deadline):
            protocol = inspect(password, printed, store, datetime.now(UTC), plan=plan, reading=reading)
            try:
                return run(protocol, device.transmit, on_progress=progressed)
            except CardLost as lost:
                error = lost
            except GateError as failed:
                return interrupted(failed)
        return interrupted(error)


def _present(device: ChipReader, deadline: float) -> bool:
    """Wait for a chip in the field."""
    while time.monotonic() < deadline:
        change = device.read()
        if change is not None and change.present:
            return True
    return False


def _step(progress: Progress) -> str:
    share = f"{progress.done} / {progress.total} bytes" if progress.total > 1 else ""
    done = "done" if progress.total and progress.done >= progress.total else "..."
    return f"{progress.step:<28}{share:>24}  {done}"


def _report(results: tuple[CheckResult, ...], as_json: bool, more: dict[str, object]) -> None:
    if as_json:
        print_json({**more, "checks": [result.to_json() for result in results]})
    else:
        print_table(("check", "verdict", "why", "measured"), map(_row, results))
    good = all(_is_well(result) for result in results)
    raise typer.Exit(0 if good else 1)


def _is_well(result: CheckResult) -> bool:
    not_offered = result.outcome is Outcome.NOT_DONE and not result.reasons
    not_compared = result.reasons == ("MRZ_NOT_READ",)
    return result.outcome is Outcome.PASSED or not_offered or not_compared


def _row(result: CheckResult) -> tuple[Cell, ...]:
    why = "\n".join(f"{reason}: {english().reason(reason)}" for reason in result.reasons)
    measured = "\n".join(f"{name} {value}" for name, value in result.measured.items() if value != "")
    not_offered = result.outcome is Outcome.NOT_DONE and not result.reasons
    verdict = "not offered" if not_offered else result.outcome.value.replace("_", " ")
    return f"{result.check}\n{result.clause}", (verdict, _COLOURS[result.outcome]), why, measured
