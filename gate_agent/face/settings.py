"""How a station wants faces found and compared. Importing this loads neither OpenCV nor onnxruntime."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gate_agent.face.cards import default_cards, default_models
from gate_agent.settings import Settings


class FaceSettings(Settings):
    """How the face chain works."""

    cards: Path = Field(default_factory=default_cards, description="folder with the model cards")
    models: Path = Field(default_factory=default_models, description="folder with the built models")
    detector: str = Field(default="dlib-mmod-face", description="model card of the face detector")
    landmarks: str = Field(default="dlib-5-point", description="model card of the landmark predictor")
    embedder: str = Field(default="dlib-resnet-v1", description="model card of the embedder")
    pad: str = Field(default="", description="model card of the presentation attack detector; empty: none")
    augmentation: str = Field(
        default="",
        description="which views of a face make its template, by the embedder's card; empty: its first",
    )
    operating_point: str = Field(
        default="fmr-1e-3",
        description="operating point of the embedder's card; empty: templates only, comparing raises",
    )
    threads: int = Field(default=2, ge=1, le=64, description="threads of one inference")
    smallest_face_share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="smallest face looked for, as a share of the picture's shorter side; larger is faster; "
        "0 looks for faces down to 80 pixels, at full size up to 4 megapixels",
    )
