"""What can be wrong with a scan. Each error names the attribute, file or setting (`field`)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from gate_agent.errors import BadInput
from gate_agent.image_header import ImageError, ImageTooLarge, ImageUnsupported


class ScanError(BadInput):
    """A scan that cannot be used. Root of this room's errors."""


class ScanMalformed(ScanError):
    """The bytes are not what they claim to be: truncated, contradictory, or of no known format."""


class ScanUnsupported(ScanError):
    """Well-formed, but of a kind this agent does not read (a compression, a photometric interpretation)."""


class ScanTooLarge(ScanError):
    """Larger than the bound that protects the station's memory."""


class ScanUnusable(ScanError):
    """Readable, but without an image to look at: no columns, all saturated, all dead."""


@contextmanager
def image_errors() -> Generator[None]:
    """What is wrong with an encoded picture, as this room says it."""
    try:
        yield
    except ImageTooLarge as error:
        raise ScanTooLarge(error.what, field=error.field, advice=error.advice) from error
    except ImageUnsupported as error:
        raise ScanUnsupported(error.what, field=error.field, advice=error.advice) from error
    except ImageError as error:
        raise ScanMalformed(error.what, field=error.field, advice=error.advice) from error
