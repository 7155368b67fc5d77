"""What the cards of the detector say beside its measured rates, and how a card is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal

from gate_agent.scans.triage.detector import DetectorCard
from gate_models.threats.dataset import CHANNELS, STRIDE
from gate_models.threats.space import PITCH_MM

Variant = Literal["fp32", "int8"]
NAMES: Final[dict[Variant, str]] = {"fp32": "scan-threats", "int8": "scan-threats-int8"}
TRAINED: Final = Path("training.json")
"""What the training left beside the networks: command, seed, versions."""
LIMITS: Final = """\
Trained on drawings and measured on simulated scans: no real scan was used, so rates on a yard are unknown and
must be measured there by projecting objects into its own clean scans (gate_models.threats.tip). The cargo
measured on is tidy: on drawn loading spaces with machines, scrap and vehicles the review thresholds report
65 % of clean scans (N = 40, calibrated; 43 % as display pictures). Choose thresholds on the yard's own scans.
Objects were placed at random, not hidden with care; one that stands alone in an empty part is easy. Tubes of
140 to 300 kV behind container walls are not among the scans measured. No area marked is never a clearance."""
OUTPUT: Final = (
    "how likely the cell is part of an object that does not belong to the load; a rank, not a probability"
)


def unmeasured(folder: Path, variant: Variant) -> DetectorCard:
    """The card without digest and rates. Reads what the training wrote into `folder`."""
    trained: dict[str, Any] = json.loads((folder / TRAINED).read_text(encoding="utf-8"))
    return DetectorCard(
        id=NAMES[variant],
        title=f"Marks suspicious objects in transmission scans of containers ({variant})",
        sha256="0" * 64,
        variant=variant,
        licence="own work, under the project's licence",
        channels=CHANNELS,
        pixel_mm=PITCH_MM,
        stride=STRIDE,
        multiple=16,
        output=OUTPUT,
        script=str(trained["command"]),
        seed=int(trained["seed"]),
        training_data=str(trained["data"]),
        limitations=LIMITS,
    )


def card_text(card: DetectorCard) -> str:
    """The card as TOML."""
    lines = [f"# {card.title}."]
    told = card.model_dump(mode="json", exclude={"operating_points"})
    lines += [f"{key} = {_toml(value)}" for key, value in told.items()]
    for point in card.operating_points:
        plain = point.model_dump(mode="json", exclude={"bands"})
        lines += ["", "[[operating_points]]", *(f"{key} = {_toml(value)}" for key, value in plain.items())]
        for rate in point.bands:
            each = rate.model_dump(mode="json")
            lines += ["", "[[operating_points.bands]]", *(f"{k} = {_toml(v)}" for k, v in each.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, str) and "\n" in value:
        return f'"""\n{value}"""'
    return json.dumps(value, ensure_ascii=False)
