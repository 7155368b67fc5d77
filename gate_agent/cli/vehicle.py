"""``gate-agent yard``: check container codes and size codes, read codes in pictures.

Exit codes: 0 in order or confirmed, 1 not, 2 it could not be looked at or the command was used wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from gate_agent.cli.console import fail, print_json, print_table, room, say
from gate_agent.errors import GateError
from gate_agent.vehicle.cards import RecogniserSettings
from gate_agent.vehicle.errors import ContainerCodeError, PictureError
from gate_agent.vehicle.iso6346 import (
    CATEGORIES,
    CODE_LENGTH,
    OWNERS,
    check_digit,
    complete,
    parse,
    parse_size_type,
)
from gate_agent.vehicle.recogniser import CodeRead, CodeRecogniser
from gate_agent.vehicle.voting import CodeVote, container_code_check, vote

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_PICTURES = 64
app = room()
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]


@app.command()
def code(
    texts: Annotated[list[str], typer.Argument(help="container codes, spaced or not", metavar="CODE…")],
    as_json: AsJson = False,
) -> None:
    """Check container codes: structure, check digit, owner. Of ten characters the digit is computed.

    Exit 1: a check digit does not hold; 2: one is no container code at all.
    """
    found = [_checked(text) for text in texts]
    if as_json:
        print_json(found)
    else:
        for each in found:
            say(_spoken(each), style="" if each["valid"] else "red")
    if any("code" not in each for each in found):
        raise typer.Exit(2)
    raise typer.Exit(0 if all(each["valid"] for each in found) else 1)


def _checked(text: str) -> dict[str, object]:
    try:
        plain = "".join(text.split()).upper()
        code = complete(plain[:4], plain[4:]) if len(plain) == CODE_LENGTH - 1 else parse(text)
    except ContainerCodeError as error:
        return {"text": text[:64], "valid": False, "problem": str(error)}
    computed = check_digit(str(code)[:10])
    problem = "" if code.valid else f"the check digit is {computed}, not {code.check_digit}"
    return {
        "text": text[:64],
        "valid": code.valid,
        "code": str(code),
        "spaced": code.spaced,
        "category": CATEGORIES[code.category],
        "owner": OWNERS.get(code.owner, ""),
        "problem": problem,
    }


def _spoken(checked: dict[str, object]) -> str:
    if "code" not in checked:
        return f"{checked['text']}: {checked['problem']}"
    owner = checked["owner"] or "owner not listed here"
    problem = f"; {checked['problem']}" if checked["problem"] else ""
    return f"{checked['spaced']}: {checked['category']}, {owner}{problem}"


@app.command()
def size(
    text: Annotated[str, typer.Argument(help="a size and type code, such as 22G1")], as_json: AsJson = False
) -> None:
    """Say what a size and type code means (ISO 6346 clause 4). Exit 1: nothing."""
    try:
        found = parse_size_type(text)
    except ContainerCodeError as error:
        fail(error)
    if as_json:
        told = {"length_mm": found.length_mm, "height_mm": found.height_mm, "width_mm": found.width_mm}
        print_json({"code": found.code, "description": found.description, **told}, None)
        return
    sizes = f"{found.length_mm} x {found.width_mm} x {found.height_mm} mm"
    say(f"{found.code}: {found.description}; {sizes}")


@app.command()
def read(
    pictures: Annotated[list[str], typer.Argument(help="pictures of one container", metavar="[VIEW=]FILE…")],
    declared: Annotated[str, typer.Option(help="the code that the manifest expects")] = "",
    as_json: AsJson = False,
) -> None:
    """Read the code in pictures of one container. Exit 1: not confirmed.

    Views confirm each other, pictures of one view do not: name the views that have several pictures
    (left=1.jpg left=2.jpg). A picture without a name is a view of its own.
    """
    if len(pictures) > MAX_PICTURES:
        raise typer.BadParameter(f"more than {MAX_PICTURES} pictures")
    try:
        expected = (str(parse(declared)),) if declared else ()
        recogniser = CodeRecogniser.load(RecogniserSettings())
        seen = [(*_view(each), recogniser.read(_pixels(_view(each)[1]))) for each in pictures]
    except (GateError, OSError) as error:
        fail(error, 2)
    views: dict[str, list[CodeRead]] = {}
    for view, _, reads in seen:
        views.setdefault(view, []).extend(reads)
    result = vote(views, expected)
    if as_json:
        print_json(_result_json(result, seen, declared))
    else:
        _print(result, seen)
    raise typer.Exit(0 if result.confirmed else 1)


Seen = tuple[str, Path, tuple[CodeRead, ...]]
"""View, picture, and what was read there."""


def _view(argument: str) -> tuple[str, Path]:
    view, sign, path = argument.partition("=")
    named = bool(sign) and view.isidentifier() and not Path(argument).exists()
    return (view, Path(path)) if named else (argument, Path(argument))


def _print(result: CodeVote, seen: Sequence[Seen]) -> None:
    rows = (
        (
            str(path),
            view if view != str(path) else "",
            *(_row(reads[0]) if reads else ("no code", "", "", "")),
        )
        for view, path, reads in seen
    )
    print_table(("picture", "view", "code", "confidence", "repairs", "size"), rows)
    spoken = result.code.spaced if result.code else "no code"
    against = f", against {result.against}" if result.against else ""
    say(f"{spoken}: {result.support.value}{against}", style="green" if result.confirmed else "red")


def _row(read: CodeRead) -> tuple[str, str, str, str]:
    return read.code.spaced, f"{read.confidence:.2f}", str(read.repairs), read.size_type


def _result_json(result: CodeVote, seen: Sequence[Seen], declared: str) -> dict[str, object]:
    expected = str(parse(declared)) if declared else ""
    return {
        "code": str(result.code) if result.code else None,
        "support": result.support.value,
        "against": result.against,
        "check": container_code_check(result, expected).to_json(),
        "pictures": [
            {"file": str(path), "view": view, "reads": [_told(one) for one in reads]}
            for view, path, reads in seen
        ],
    }


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
