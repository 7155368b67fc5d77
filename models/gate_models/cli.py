"""`gate-models`: build the model files once, quantise and calibrate an embedder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from gate_agent.biometrics.face.cards import default_cards, default_models, load_model, read_card
from gate_agent.biometrics.face.settings import FaceSettings
from gate_agent.cli import console
from gate_agent.cli.console import progress_bar, room, say
from gate_agent.files import write_whole
from gate_models.build import WEIGHTS, BuildError, build

app = room(__doc__ or "")

Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing unless something fails.")]
Models = Annotated[Path | None, typer.Option("--cache", help="Folder for the built models.")]
Cards = Annotated[Path | None, typer.Option("--cards", help="Folder with the model cards.")]


@app.command("build")
def build_command(quiet: Quiet = False, cache: Models = None, cards: Cards = None) -> None:
    """Convert the pinned weights to ONNX and numpy files, unless that was done before."""
    folder = cache or default_models()
    with progress_bar(quiet=quiet) as progress:
        tasks = {w.output: progress.add_task(w.output, total=1.0) for w in WEIGHTS}
        digests = build(folder, lambda name, part: progress.update(tasks[name], completed=part))
    _compare_with_cards(cards or default_cards(), digests)
    if not quiet:
        say(f"models are in {folder}", error=True)


def _compare_with_cards(cards: Path, digests: dict[str, str]) -> None:
    """A conversion that differs from what was calibrated must not look like a success."""
    for path in sorted(cards.glob("*.toml")):
        card = read_card(path)
        if digests.get(card.file, card.sha256) != card.sha256:
            raise BuildError(
                f"{card.file} was built with SHA-256 {digests[card.file]}, not the card's",
                field=str(path),
                advice="install the locked versions of onnx and numpy",
            )


@app.command("quantise")
def quantise_command(quiet: Quiet = False, cache: Models = None, cards: Cards = None) -> None:
    """Make the 8-bit variant of every card that has observed ranges beside it."""
    from gate_models.quantise import quantised  # noqa: PLC0415 (a build does not need it)

    folder, described = cache or default_models(), cards or default_cards()
    for ranges in sorted(described.glob("*.ranges.json")):
        card = read_card(described / f"{ranges.name.removesuffix('.ranges.json')}.toml")
        source = read_card(described / f"{card.id.removesuffix('-int8')}.toml")
        data = quantised(load_model(folder, source), ranges)
        digest = hashlib.sha256(data).hexdigest()
        if digest != card.sha256:
            raise BuildError(
                f"{card.file} was made with SHA-256 {digest}, not the card's",
                field=card.id,
                advice="install the locked version of onnxruntime",
            )
        write_whole(folder / card.file, data)
        if not quiet:
            say(f"{folder / card.file}", error=True)


@app.command("calibrate")
def calibrate_command(
    images: Annotated[Path, typer.Argument(help="Pictures named ID_NN.jpg, or one folder a person.")],
    data_set: Annotated[str, typer.Option(help="Name of the data set, for the card.")],
    embedder: Annotated[str, typer.Option(help="Card of the embedder.")] = "dlib-resnet-v1",
    *,
    quiet: Quiet = False,
    cache: Models = None,
    cards: Cards = None,
) -> None:
    """Measure error rates all-vs-all and write operating points into the embedder's card."""
    from gate_agent.biometrics.lab.calibrate import calibrate  # noqa: PLC0415 (a build does not need it)

    with progress_bar(quiet=quiet) as progress:
        task = progress.add_task("templates", total=1.0)
        record = calibrate(
            images,
            FaceSettings(cards=cards or default_cards(), models=cache or default_models(), embedder=embedder),
            data_set,
            lambda what, part: progress.update(task, description=what, completed=part),
        )
    for point in record:
        say(
            f"{point.augmentation}, {point.frames} frame(s), {point.id}: threshold {point.threshold:.4f}, "
            f"FNMR {point.fnmr:.2%} [{point.fnmr_low:.2%}, {point.fnmr_high:.2%}]",
            error=True,
        )


def main() -> None:
    console.main(app)


if __name__ == "__main__":
    main()
