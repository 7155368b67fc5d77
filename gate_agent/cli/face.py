"""``gate-agent face``: try, judge, measure and calibrate face verification.

Exit codes: 0 fine (for ``verify``: the faces match), 1 the input is wrong or nothing usable was found,
2 the command was used wrongly, 3 ``verify``: the faces do not match.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gate_agent.biometrics.face.cards import default_cards, default_models
from gate_agent.biometrics.face.settings import FaceSettings
from gate_agent.cli.console import print_json, print_table, progress_bar, room, say, told
from gate_agent.words import english

app = room()

Picture = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JPEG or JPEG 2000")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar.")]
Images = Annotated[
    Path,
    typer.Option(exists=True, file_okay=False, help="Pictures named ID_NN.jpg, or one folder a person."),
]
Cards = Annotated[Path | None, typer.Option(help="Folder with the model cards.")]
Models = Annotated[Path | None, typer.Option(help="Folder with the built models.")]
Embedder = Annotated[str, typer.Option(help="Card of the embedder.")]
Augmentation = Annotated[str, typer.Option(help="Views of a face; empty: the card's first.")]
Point = Annotated[str, typer.Option(help="Operating point of the card.")]
DEFAULTS = FaceSettings.model_fields
DEFAULT_EMBEDDER: str = DEFAULTS["embedder"].default
DEFAULT_POINT: str = DEFAULTS["operating_point"].default


def _settings(
    cards: Path | None, models: Path | None, embedder: str, augmentation: str, point: str
) -> FaceSettings:
    return FaceSettings(
        cards=cards or default_cards(),
        models=models or default_models(),
        embedder=embedder,
        augmentation=augmentation,
        operating_point=point,
        smallest_face_share=0.15,
    )


@app.command()
def verify(
    a: Picture,
    b: Picture,
    as_json: Json = False,
    cards: Cards = None,
    models: Models = None,
    embedder: Embedder = DEFAULT_EMBEDDER,
    augmentation: Augmentation = "",
    operating_point: Point = DEFAULT_POINT,
) -> None:
    """Compare the one face of each of two pictures; exit code 0 if they match, 3 if not."""
    from gate_agent.biometrics.face.chain import FaceChain  # noqa: PLC0415 (loads OpenCV and onnxruntime)
    from gate_agent.biometrics.face.portrait import decode_portrait  # noqa: PLC0415

    with told():
        chain = FaceChain.load(_settings(cards, models, embedder, augmentation, operating_point))
        pictures = [decode_portrait(path.read_bytes(), str(path)) for path in (a, b)]
        live, other = (chain.template(p, chain.single(chain.find(p))) for p in pictures)
        result = chain.compare(live, other)
        live.wipe()
        other.wipe()
    if as_json:
        print_json(asdict(result), None)
    else:
        say(
            f"{'match' if result.matched else 'no match'}: distance {result.distance:.4f}, threshold "
            f"{result.threshold:.4f} (FMR {result.fmr:g}, {result.operating_point} of {result.model})"
        )
    raise typer.Exit(0 if result.matched else 3)


@app.command()
def quality(
    image: Picture,
    portrait: Annotated[bool, typer.Option("--portrait", help="Judge it as a document's portrait.")] = False,
    as_json: Json = False,
    cards: Cards = None,
    models: Models = None,
) -> None:
    """Quality components of the face in a picture, and what to tell its owner."""
    from gate_agent.biometrics.face.chain import FaceChain  # noqa: PLC0415
    from gate_agent.biometrics.face.portrait import decode_portrait  # noqa: PLC0415
    from gate_agent.biometrics.face.quality import CAPTURE, PORTRAIT, advise  # noqa: PLC0415

    with told():
        chain = FaceChain.load(_settings(cards, models, DEFAULT_EMBEDDER, "", ""))
        pixels = decode_portrait(image.read_bytes(), str(image))
        faces = chain.find(pixels)
        face = chain.single(faces[:1])
        measured = chain.quality(pixels, face, len(faces))
        advice = advise(measured, PORTRAIT if portrait else CAPTURE)
    if as_json:
        print_json({**asdict(measured), "advice": [a.value for a in advice]}, None)
        return
    rows = (
        (name, str(value) if isinstance(value, bool) else f"{value:.4g}")
        for name, value in asdict(measured).items()
    )
    print_table(("component", "value"), rows)
    say(*(f"{instruction.value}: {english().instruction(instruction.value)}" for instruction in advice))


@app.command()
def evaluate(
    images: Images,
    out: Annotated[Path, typer.Option(help="Folder for report.json and report.html.")],
    everyone: Annotated[bool, typer.Option("--all", help="Every picture against every other.")] = False,
    pairs: Annotated[Path | None, typer.Option(exists=True, help="LFW's pairs.txt.")] = None,
    by: Annotated[Path | None, typer.Option(exists=True, help="CSV: person,attribute,...")] = None,
    quiet: Quiet = False,
    cards: Cards = None,
    models: Models = None,
    embedder: Embedder = DEFAULT_EMBEDDER,
    augmentation: Augmentation = "",
    operating_point: Point = DEFAULT_POINT,
) -> None:
    """Measure error rates on a data set; an interrupted run resumes where it was."""
    from gate_agent.biometrics.lab.dataset import list_samples, read_groups, read_pairs  # noqa: PLC0415
    from gate_agent.biometrics.lab.evaluate import evaluate as measure  # noqa: PLC0415
    from gate_agent.biometrics.lab.report import write_report  # noqa: PLC0415

    if everyone == (pairs is not None):
        raise typer.BadParameter("give either --all or --pairs FILE")
    with told(), progress_bar(quiet=quiet) as progress:
        samples = list_samples(images)
        task = progress.add_task("templates", total=1.0)
        out.mkdir(parents=True, exist_ok=True)
        keep = out / "templates.partial.npz"
        result = measure(
            _settings(cards, models, embedder, augmentation, operating_point),
            samples,
            pairs=read_pairs(pairs, samples) if pairs else None,
            groups=read_groups(by, samples) if by else None,
            keep=keep,
            progress=lambda what, part: progress.update(task, description=what, completed=part),
        )
        machine, page = write_report(out, result)
        keep.unlink(missing_ok=True)
    rates = result.actual
    say(
        f"FMR {rates.fmr:.2e} (stated {result.stated.fmr:.0e}), FNMR {rates.fnmr:.2%} "
        f"[{rates.fnmr_low:.2%}, {rates.fnmr_high:.2%}], failure to acquire {result.failure_to_acquire:.2%}"
    )
    say(str(machine), str(page))


@app.command()
def calibrate(
    images: Images,
    data_set: Annotated[str, typer.Option(help="Name of the data set, for the card.")],
    quiet: Quiet = False,
    cards: Cards = None,
    models: Models = None,
    embedder: Embedder = DEFAULT_EMBEDDER,
) -> None:
    """Measure operating points on a data set and write them into the embedder's card."""
    from gate_agent.biometrics.lab.calibrate import calibrate as measure  # noqa: PLC0415

    with told(), progress_bar(quiet=quiet) as progress:
        task = progress.add_task("templates", total=1.0)
        points = measure(
            images,
            _settings(cards, models, embedder, "", ""),
            data_set,
            lambda what, part: progress.update(task, description=what, completed=part),
        )
    rows = (
        (
            p.augmentation,
            str(p.frames),
            p.id,
            f"{p.threshold:.4f}",
            f"{p.fnmr:.2%}",
            f"{p.fnmr_low:.2%} – {p.fnmr_high:.2%}",
            f"x {p.split_factor:.2f}" if p.split_factor else "–",
        )
        for p in points
    )
    print_table(("views", "frames", "point", "threshold", "FNMR", "95 % interval", "holds within"), rows)
