"""Model cards of the code recogniser: what a network is, what it takes, and which rates it was measured at.

A card is ``<name>.toml`` beside ``<name>.onnx``; the network is used only when its SHA-256 is the card's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gate_agent import networks
from gate_agent.settings import Settings

MAX_MODEL_BYTES = 16 * 1024 * 1024
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,63}$")]


def default_models() -> Path:
    """Where the networks are: in the checkout, or beside the installed agent."""
    return networks.packaged("container_codes")


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
    """The card. Raises NetworkError naming the file and the field."""
    return networks.read_card(folder / f"{name}.toml", NetworkCard)


def load_model(folder: Path, name: str) -> bytes:
    """The network's bytes. Raises NetworkError unless they are exactly what the card pins."""
    card = read_card(folder, name)
    return networks.read_network(folder / f"{name}.onnx", card.sha256, max_bytes=MAX_MODEL_BYTES)
