"""``gate-agent yard``: check container codes, and read them in pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape

from gate_agent.errors import GateError
from gate_agent.yard.cards import RecogniserSettings
from gate_agent.yard.errors import ContainerCodeError, PictureError
from gate_agent.yard.iso6346 import CATEGORIES, OWNERS, check_digit, parse
from gate_agent.yard.recogniser import CodeRead, CodeRecogniser
from gate_agent.yard.voting import vote

MAX_FILE_BYTES = 64 * 1024 * 1024
app = typer.Typer(help="Container codes (ISO 6346).", no_args_is_help=True)


@app.command()
def code(text: Annotated[str, typer.Argument(help="a container code, spaced or not")]) -> None:
    """Check a container code: structure, check digit, owner. Exit 1: it does not hold."""
    try:
        found = parse(text)
    except ContainerCodeError as error:
        _fail(error)
    owner = OWNERS.get(found.owner, "owner not listed here")
    console = Console()
    console.print(f"{found.spaced}: {CATEGORIES[found.category]}, {owner}")
    if not found.valid:
        computed = check_digit(str(found)[:10])
        console.print(f"[red]the check digit is {computed}, not {found.check_digit}[/red]")
        raise typer.Exit(1)


@app.command()
def read(
    pictures: Annotated[list[Path], typer.Argument(help="pictures of one container, one side each")],
    declared: Annotated[str, typer.Option(help="the code that the manifest expects")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Read the code in pictures of one container; each picture counts as a view. Exit 1: not confirmed."""
    try:
        recogniser = CodeRecogniser.load(RecogniserSettings())
        reads = {str(path): recogniser.read(_pixels(path)) for path in pictures}
        expected = (str(parse(declared)),) if declared else ()
    except (GateError, OSError) as error:
        _fail(error)
    result = vote(reads, expected)
    if as_json:
        views = {view: [_told(one) for one in found] for view, found in reads.items()}
        told = {"code": str(result.code) if result.code else None, "support": result.support.value}
        print(json.dumps({**told, "against": result.against, "views": views}, indent=2))
    else:
        console = Console()
        for view, found in reads.items():
            best = found[0] if found else None
            seen = "no code" if best is None else f"{best.code.spaced} ({best.confidence:.2f})"
            console.print(f"{escape(view)}: {seen}", highlight=False)
        spoken = result.code.spaced if result.code else "no code"
        console.print(f"[bold]{spoken}[/bold]: {result.support.value}", highlight=False)
    raise typer.Exit(0 if result.confirmed else 1)


def _told(read: CodeRead) -> dict[str, object]:
    return {
        "code": str(read.code),
        "confidence": round(read.confidence, 4),
        "repairs": read.repairs,
        "vertical": read.vertical,
        "size_type": read.size_type,
        "quad": read.quad.round(1).tolist(),
    }


def _pixels(path: Path) -> NDArray[np.uint8]:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise PictureError(f"larger than {MAX_FILE_BYTES} bytes", field=str(path))
    decoded = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise PictureError("not a picture that OpenCV can read", field=str(path))
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def _fail(error: Exception) -> NoReturn:
    Console(stderr=True).print(f"[red]{escape(str(error))}[/red]", highlight=False)
    raise typer.Exit(2)
