"""What every command says, and how: one kind of console, one shape of table, one way to fail.

Nothing here reads markup or emoji codes out of a text: ``[bracketed]`` and ``:100:`` are printed as they are.
Nothing is cut or folded either; a long line is left to the terminal, so that it can be copied whole. Texts
from outside are printed with their control characters escaped. rich is imported by the first line of text
that needs it, so that ``--help`` does not pay for it.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

import typer
from typer.core import TyperGroup

from gate_agent.errors import GateError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

Cell: TypeAlias = str | tuple[str, str]
"""A cell of a table: a text, or a text and its style. It may have several lines."""

INDENT = "  "


def room(
    about: str = "", *, name: str = "", cls: type[TyperGroup] = TyperGroup, completion: bool = False
) -> typer.Typer:
    """The commands of one room. Help and usage errors are plain text, which takes a third of the time."""
    return typer.Typer(
        name=name or None,
        cls=cls,
        help=about,
        no_args_is_help=True,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def console(*, stderr: bool = False) -> Console:
    """The one kind of console; styles are given by argument, never by text."""
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=stderr, emoji=False, highlight=False, markup=False, soft_wrap=True)


def plain(text: str) -> str:
    """`text` without what a terminal would obey: every character that cannot be printed is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(*texts: str, style: str = "", error: bool = False) -> None:
    """Print each text on a line of its own."""
    to = console(stderr=error)
    for text in texts:
        to.print(plain(text), style=style or None)


def print_json(value: object, indent: int | None = 2) -> None:
    """Print `value` as JSON (RFC 8259: a number that is none becomes null)."""
    typer.echo(json.dumps(_finite(value), indent=indent, allow_nan=False))


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in cast("dict[Any, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in cast("Sequence[object]", value)]
    return value


# ---------------------------------------------------------------- failing


def fail(error: BaseException, code: int = 1, *, what: str = "") -> NoReturn:
    """Say everything that `error` says on stderr, one line each behind `what`, and leave with `code`."""
    say(*(f"{what}: {line}" if what else line for line in _lines(error)), style="red", error=True)
    raise typer.Exit(code) from None


def _let_go_of_output() -> None:
    """To run at exit: drop what the output still holds where a full disk or a closed pipe does not take it.

    The interpreter would try to write it once more, and end with 120 when it cannot (`sys.exit`): a service
    manager would read another status than the agent's own.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def main(app: typer.Typer) -> None:
    """Run a program's commands; an error on purpose that none of them took is said like the others."""
    atexit.register(_let_go_of_output)
    try:
        app()
    except (GateError, OSError) as error:
        say(*_lines(error), style="red", error=True)
        raise SystemExit(1) from None


@contextmanager
def told(code: int = 1) -> Generator[None]:
    """What goes wrong on purpose (GateError) or in the file system is said, and the command ends."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads has left, as in `| head`: there is nobody to tell
    except (GateError, OSError) as error:
        fail(error, code)


def _lines(error: BaseException) -> list[str]:
    """An error as lines: each problem of a file, each member of a group."""
    if isinstance(error, BaseExceptionGroup):
        members = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return [line for each in members for line in _lines(each)]
    problems = cast("Sequence[object]", getattr(error, "problems", ()))
    if problems:
        return [str(problem) for problem in problems]
    if isinstance(error, OSError) and error.filename is not None:
        return [f"{error.filename}: {error.strerror}"]
    return [str(error) or type(error).__name__]


# ---------------------------------------------------------------- tables


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str = "") -> None:
    """Print rows under their columns; where those do not fit, each row as a block of ``column: value``.

    Without any column name there is neither head nor frame. Output that is not a terminal is as wide as it
    needs to be, unless COLUMNS says otherwise.
    """
    from rich.cells import cell_len  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    to = console()
    limit = to.width if to.is_terminal or os.environ.get("COLUMNS", "").isdigit() else math.inf
    head = [[[(name, "bold")] for name in columns]] if any(columns) else []
    body = [[_cell_lines(cell) for cell in row] for row in rows]
    widths = [
        max(cell_len(text) for cell in column for text, _ in cell)
        for column in zip(*head, *body, strict=True)
    ]
    if title:
        to.print(plain(title), style="bold")
    left, gap, right = ("│ ", " │ ", " │") if head else ("", INDENT, "")
    if len(left) + sum(widths) + len(gap) * (len(columns) - 1) + len(right) > limit:
        for row in body:
            to.print(_block(columns, row))
        return
    for row in (*head, *body):
        for lines in zip_longest(*row, fillvalue=("", "")):
            line = Text(left)
            for index, ((text, style), width) in enumerate(zip(lines, widths, strict=True)):
                line.append(gap if index else "").append(text, style or None)
                line.append(" " * (width - cell_len(text)))
            line.append(right).rstrip()
            to.print(line)


def _block(columns: Sequence[str], row: Sequence[Sequence[tuple[str, str]]]) -> Any:
    from rich.text import Text  # noqa: PLC0415

    block = Text()
    for index, (name, lines) in enumerate(zip(columns, row, strict=True)):
        label = f"{name}: " if name and index else ""
        for text, style in lines:
            if text:
                block.append("\n" if block else "").append(INDENT if index else "").append(label)
                block.append(text, style or ("bold" if not index else None))
    return block


def _cell_lines(cell: Cell) -> list[tuple[str, str]]:
    text, style = (cell, "") if isinstance(cell, str) else cell
    return [(plain(line), style) for line in text.split("\n")]


# ---------------------------------------------------------------- progress


def progress_bar(*, quiet: bool = False, transient: bool = False) -> Progress:
    """A bar on stderr: what is done, how much of it, since when and until when."""
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=transient,
        disable=quiet,
    )
