"""How a station wants faces found and compared. Importing this loads neither OpenCV nor onnxruntime."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from gate_agent.biometrics.face.cards import default_cards, default_models
from gate_agent.settings import Settings


class LivenessSettings(Settings):
    """Beyond these a presentation is suspected. Set on simulated attacks so that few live people are: see
    docs/face.md. 0 switches a sign off, where a camera cannot bear it."""

    repetition: float = Field(
        default=0.35,
        ge=0,
        le=255,
        description="frames that differ by less are the same one again; grey levels",
    )
    temporal_noise: float = Field(
        default=0.25,
        ge=0,
        le=255,
        description="even areas that flicker by less come from no sensor; grey levels. 0 for cameras whose "
        "compression leaves a still background untouched (H.264, H.265)",
    )
    moire: float = Field(
        default=8.0, ge=0, le=1e6, description="narrow peaks of the face's spectrum above this are a screen's"
    )
    turning: float = Field(
        default=0.012, ge=0, le=1, description="least turn that tells flat from round; eye distances"
    )
    flatness: float = Field(
        default=0.2, ge=0, le=1, description="a turn of which no plane explains less than this share is flat"
    )
    planar: float = Field(
        default=0.004, ge=0, le=1, description="and leaves less than this unexplained; eye distances"
    )
    turn_head: bool = Field(
        default=False,
        description="ask for a turn of the head until one is seen; nothing that keeps still passes then",
    )


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
    liveness: LivenessSettings = Field(
        default_factory=LivenessSettings, description="signs of presentation attacks that need no model"
    )
    threads: int = Field(default=2, ge=1, le=64, description="threads of one inference")
    smallest_face_share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="smallest face looked for, as a share of the picture's shorter side; larger is faster; "
        "0 looks for faces down to 80 pixels, at full size up to 4 megapixels",
    )
