"""Model cards: what a model file is, what it takes and gives, and which error rates it was measured at.

A card is a TOML file (`models/cards/<id>.toml`). The model file beside it is accepted only when its
SHA-256 is the card's, and a threshold exists only as an operating point with the FMR it stands for
(ISO/IEC 19795-1 terms: FMR, FNMR, failure to acquire).
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from gate_agent import networks
from gate_agent.biometrics.face.errors import ModelError
from gate_agent.settings import Settings

MAX_MODEL_BYTES = 512 * 1024 * 1024
Rate = Annotated[float, Field(ge=0, le=1)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Colour = tuple[float, float, float]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,63}$")]


class ModelKind(StrEnum):
    DETECTOR = "detector"
    LANDMARKS = "landmarks"
    EMBEDDER = "embedder"
    PAD = "pad"


class Source(Settings):
    """Where the weights come from."""

    package: str = Field(description="package and version, name==version")
    file: str = Field(description="weight file inside the package")
    sha256: Digest = Field(description="SHA-256 of the weight file")


class InputContract(Settings):
    """What the model must be given."""

    layout: str = Field(description="array layout, for example NHWC uint8")
    colour: str = Field(description="channel order, RGB")
    width: int = Field(default=0, ge=0, le=1024, description="pixels; 0 = any")
    height: int = Field(default=0, ge=0, le=1024, description="pixels; 0 = any")
    alignment: str = Field(default="", description="landmark template that the chip is aligned to")
    padding: float = Field(
        default=0.0, ge=0, le=1, description="margin around the template, share of its side"
    )
    mean: Colour = Field(default=(0, 0, 0), description="subtracted from each channel before the model")
    scale: float = Field(default=1.0, gt=0, description="then multiplied with the values")
    normalisation: str = Field(default="", description="what the model itself does to the values")


class OutputContract(Settings):
    """What the model gives, and how a template is made of it."""

    description: str = ""
    dimension: int = Field(default=0, ge=0, le=4096, description="length of an embedding")
    metric: str = Field(default="", pattern="^(|euclidean)$", description="distance between templates")
    normalised: bool = Field(default=False, description="templates are scaled to unit length")
    bona_fide: int = Field(default=0, ge=0, le=63, description="pad: the class of live faces")
    attack_threshold: float = Field(
        default=0.5, gt=0, lt=1, description="pad: a score at or above this is an attack"
    )


class View(Settings):
    """One way to cut the chip: margin around the face, and a shift right and down, as shares of the chip."""

    padding: float = Field(ge=0, le=1)
    right: float = Field(default=0.0, ge=-0.25, le=0.25)
    down: float = Field(default=0.0, ge=-0.25, le=0.25)


class Augmentation(Settings):
    """Which views of one face make its template (test-time augmentation): the mean of their embeddings."""

    id: Identifier
    views: tuple[View, ...] = Field(min_length=1, max_length=16)
    mirrored: bool = Field(description="each view also counts with its mirror image")


class OperatingPoint(Settings):
    """A threshold and the error rates that it was measured at; `*_low`/`*_high` bound 95 % confidence."""

    id: Identifier
    augmentation: Identifier = Field(default="single", description="views that the templates were made of")
    frames: int = Field(default=1, ge=1, le=16, description="pictures fused in one of the two templates")
    agreement: float = Field(
        default=0.0, ge=0, le=1, description="least agreement of a template's views; less is not acquired"
    )
    threshold: float = Field(gt=0, description="templates match at this distance or less")
    fmr: Rate = Field(description="false match rate the threshold stands for")
    fmr_low: Rate
    fmr_high: Rate
    fnmr: Rate = Field(description="false non-match rate measured at the threshold")
    fnmr_low: Rate
    fnmr_high: Rate
    genuine: int = Field(gt=0, description="N of genuine comparisons")
    impostor: int = Field(gt=0, description="N of impostor comparisons")
    identities: int = Field(gt=1)
    images: int = Field(gt=1)
    failure_to_acquire: Rate = Field(description="share of pictures that gave no template")
    split_factor: float = Field(
        default=0.0,
        ge=0,
        description="a threshold set on half of the people keeps its FMR on the others within this factor, "
        "in 90 % of splits; 0: not measured",
    )
    data_set: str
    method: str = Field(description="protocol and how the confidence interval was found")


class ModelCard(Settings):
    """One model, as `models/cards/<id>.toml` describes it."""

    id: Identifier
    kind: ModelKind
    title: str
    variant: str = Field(default="fp32", pattern="^(fp32|fp16|int8)$", description="number format")
    file: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", description="model file in the model folder"
    )
    sha256: Digest = Field(description="SHA-256 of the model file")
    licence: str
    source: Source
    input: InputContract
    output: OutputContract
    limitations: str = ""
    augmentations: tuple[Augmentation, ...] = ()
    operating_points: tuple[OperatingPoint, ...] = ()

    @property
    def model(self) -> str:
        """The card and the exact weights."""
        return f"{self.id}#{self.sha256[:12]}"

    def augmentation(self, augmentation: str = "") -> Augmentation:
        """The one so named, or the card's first. Raises ModelError when the card has none of the name."""
        known = self.augmentations or (
            Augmentation(id="single", views=(View(padding=self.input.padding),), mirrored=False),
        )
        if not augmentation:
            return known[0]
        found = next((a for a in known if a.id == augmentation), None)
        if found is None:
            advice = f"known: {', '.join(a.id for a in known)}"
            raise ModelError(f"no augmentation {augmentation!r}", field=self.id, advice=advice)
        return found

    def template_model(self, augmentation: str) -> str:
        """The identity that templates carry: card, exact weights, and the views that were averaged."""
        return f"{self.model}/{augmentation}"

    def operating_point(self, point: str, augmentation: str = "", frames: int = 1) -> OperatingPoint:
        """The point calibrated for these templates. Raises ModelError when the card has none.

        Fusing pictures moves every distance down. A template of two pictures is therefore judged at the
        threshold for the next larger number that was calibrated, which can only be stricter.
        """
        name = self.augmentation(augmentation).id
        fitting = [
            p for p in self.operating_points if (p.id, p.augmentation) == (point, name) and p.frames >= frames
        ]
        if not fitting:
            known = ", ".join(f"{p.id} ({p.augmentation}, {p.frames})" for p in self.operating_points)
            raise ModelError(
                f"no operating point {point!r} for {name!r} templates of {frames} pictures",
                field=self.id,
                advice=f"calibrated points: {known or 'none'}",
            )
        return min(fitting, key=lambda p: p.frames)

    def point_within(self, fmr: float, augmentation: str = "", frames: int = 1) -> OperatingPoint:
        """The least strict point of at most this rate, for these templates. Raises ModelError."""
        name = self.augmentation(augmentation).id
        fitting = [
            p
            for p in self.operating_points
            if p.augmentation == name and p.frames >= frames and p.fmr <= fmr * (1 + 1e-9)
        ]
        if not fitting:
            raise ModelError(
                f"no operating point of at most FMR {fmr:g} for {name!r} templates of {frames} pictures",
                field=self.id,
                advice="calibrate one, or allow fewer comparisons",
            )
        return min(fitting, key=lambda p: (p.frames, -p.fmr))


def load_card(folder: Path, card: str, kind: ModelKind) -> ModelCard:
    """The card `<folder>/<card>.toml`. Raises ModelError when it is another model's or malformed."""
    path = folder / f"{card}.toml"
    loaded = read_card(path)
    if loaded.id != card or loaded.kind is not kind:
        raise ModelError(f"this is the card of {loaded.kind} {loaded.id!r}", field=str(path))
    return loaded


def read_card(path: Path) -> ModelCard:
    """A card of any kind. Raises ModelError naming the file and the field."""
    advice = "set face.cards to the folder with the model cards"
    return networks.read_card(path, ModelCard, ModelError, advice=advice)


def load_model(folder: Path, card: ModelCard) -> bytes:
    """The model file's bytes. Raises ModelError unless they are exactly what the card pins."""
    advice = "run `gate-models build`, or install the model that the card describes"
    path = folder / card.file
    return networks.read_network(path, card.sha256, ModelError, max_bytes=MAX_MODEL_BYTES, advice=advice)


def default_models() -> Path:
    """$GATE_AGENT_MODELS, or `.cache/models` of the checkout, or of the working directory."""
    named = os.environ.get("GATE_AGENT_MODELS")
    return Path(named) if named else _root() / ".cache" / "models"


def default_cards() -> Path:
    """`models/cards` of the checkout, or of the working directory."""
    return _root() / "models" / "cards"


def _root() -> Path:
    checkout = networks.project_root()
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
