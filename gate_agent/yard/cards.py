"""Model cards of the code recogniser: what a network is, what it takes, and which rates it was measured at.

A card is ``<name>.toml`` beside ``<name>.onnx``; the network is used only when its SHA-256 is the card's.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

import gate_agent
from gate_agent.settings import Settings
from gate_agent.yard.errors import RecogniserError

MAX_CARD_BYTES = 64 * 1024
MAX_MODEL_BYTES = 16 * 1024 * 1024
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,63}$")]


def default_models() -> Path:
    """Where the networks are: in the checkout, or beside the installed agent."""
    root = Path(gate_agent.__file__).resolve().parents[1]
    checkout = root / "models" / "gate_models" / "container_codes"
    return checkout if checkout.is_dir() else root / "gate_models" / "container_codes"


class RecogniserSettings(Settings):
    """How container codes are read."""

    models: Path = Field(
        default_factory=default_models, description="folder with the networks and their cards"
    )
    finder: Name = Field(default="container-code-finder", description="card of the network that finds lines")
    row_reader: Name = Field(
        default="container-code-reader-rows", description="card of the network that reads a line"
    )
    column_reader: Name = Field(
        default="container-code-reader-columns",
        description="card of the network that reads a column of upright characters",
    )
    threads: int = Field(default=1, ge=1, le=64, description="threads of one inference")
    search_sides: tuple[Annotated[int, Field(ge=160, le=4096)], ...] = Field(
        default=(640, 1280),
        min_length=1,
        max_length=4,
        description="lengths of the picture's longer side at which lines are looked for in turn",
    )
    line_threshold: float = Field(
        default=0.5, gt=0, lt=1, description="how sure the finder must be of a place in a line"
    )


class EvaluationRecord(Settings):
    """One measurement: what was read, how often, of how many."""

    set: str = Field(description="what the pictures are")
    measure: str
    rate: float = Field(ge=0, le=1)
    rate_low: float = Field(ge=0, le=1, description="95 % confidence")
    rate_high: float = Field(ge=0, le=1)
    n: int = Field(gt=0)


class NetworkCard(Settings):
    """One network."""

    id: Name
    title: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    licence: str
    script: str = Field(description="the command that made it")
    seed: int
    input: str
    output: str
    training_data: str
    limitations: str
    evaluation: tuple[EvaluationRecord, ...] = ()


def read_card(folder: Path, name: str) -> NetworkCard:
    """The card. Raises RecogniserError naming the file and the field."""
    path = folder / f"{name}.toml"
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise RecogniserError(f"larger than {MAX_CARD_BYTES} bytes", field=str(path))
        return NetworkCard.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        advice = "install the package with the networks, or set `models`"
        raise RecogniserError(f"cannot read the card: {error}", field=str(path), advice=advice) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecogniserError(f"not TOML: {error}", field=str(path)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecogniserError(first["msg"], field=f"{path}: {where}") from error


def load_model(folder: Path, name: str) -> bytes:
    """The network's bytes. Raises RecogniserError unless they are exactly what the card pins."""
    card = read_card(folder, name)
    path = folder / f"{name}.onnx"
    try:
        if path.stat().st_size > MAX_MODEL_BYTES:
            raise RecogniserError(f"larger than {MAX_MODEL_BYTES} bytes", field=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise RecogniserError(f"cannot read the network: {error}", field=str(path)) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != card.sha256:
        raise RecogniserError(
            f"SHA-256 {digest} is not the card's", field=str(path), advice="restore the network of the card"
        )
    return data
