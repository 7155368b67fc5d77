"""What can go wrong between a picture and a comparison."""

from __future__ import annotations

from gate_agent.errors import BadInput, GateError


class FaceError(GateError):
    """The face chain cannot give an answer."""


class ModelError(FaceError):
    """A model or its card is missing, altered, malformed, or answers nonsense."""


class TemplateError(FaceError):
    """Two templates cannot be compared: different models, wiped, or not finite."""


class NoFace(FaceError):
    """No face was found where one is needed."""


class UnclearFace(FaceError):
    """A face was found, but the embedder is unsure what it shows: a failure to acquire."""


class SeveralFaces(FaceError):
    """More than one face was found where one is needed."""


class PictureError(BadInput):
    """Pixels that are not an RGB picture of 8 bits a channel, within bounds."""


class PortraitError(PictureError):
    """An encoded portrait that is truncated, oversized, unsupported or not an image."""
