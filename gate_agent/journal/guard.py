"""Nothing that identifies a person by body or name gets into a record.

Biometric samples and templates live in memory for one transaction only; names, document numbers
and machine readable zones stay there too (GDPR Art. 5(1)(c), 9(1)). The rooms upstream
keep to that; this guard is the wall behind them: it looks at every record before it is written and
refuses what has the name, the type or the shape of such a datum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gate_agent.journal.errors import UnsafeRecord

_FORBIDDEN = """
    biometric descriptor embedding face_image facial_image frame image jpeg jp2 live_image photo photograph
    picture pixels portrait sample signature_image template thumbnail
    address birth_date birthdate birthplace date_of_birth dob document_no document_number family_name
    first_name forename full_name given_name given_names holder last_name name optional_data passport_number
    personal_number place_of_birth primary_identifier secondary_identifier surname traveller_name
    mrz mrz_line mrz_lines
"""
FORBIDDEN = frozenset(_FORBIDDEN.split())
"""Field names that hold such a datum in any of the vocabularies in use (Doc 9303, ISO 19794-5)."""

FORBIDDEN_ENDINGS = ("_image", "_template", "_portrait", "_embedding", "_mrz", "_surname", "_document_number")

MAX_DEPTH = 10
MAX_TEXT = 1024
MAX_NUMBERS = 24  # the smallest usable face template is far longer
MAX_SAFE_INTEGER = 2**53 - 1  # RFC 8785 §3.2.2.3: beyond it JSON readers disagree

# Doc 9303-4/-5/-6: the lines of TD1, TD2 and TD3 have 30, 36 and 44 characters and hold fillers.
_MRZ = re.compile(r"(?=[A-Z0-9<]*<)[A-Z0-9<]{28,}")
# A long unbroken run of base64 or hexadecimal digits is encoded binary; a SHA-512 has 128.
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{160,}")


_ALWAYS_SHORT = 28  # shorter than any line of a machine readable zone
_MAX_NAMES = 4096
_allowed_names: set[object] = set()
"""Field names that have been looked at and may be stored: the same few come with every record."""

_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-4, 1e15
"""Between these every JSON writer gives a float the same shortest digits; beyond, exponents differ."""


def forbidden_name(key: str) -> bool:
    """Whether a field of this name may not be stored; case and separators do not matter."""
    plain = re.sub(r"[\s.-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)).lower().strip("_")
    return plain in FORBIDDEN or plain.replace("_", "") in FORBIDDEN or plain.endswith(FORBIDDEN_ENDINGS)


def check_body(body: Mapping[str, object]) -> list[float]:
    """Raise UnsafeRecord, naming the field, unless every part of `body` may be stored.

    Returns the numbers in it that JSON writers write in different ways, with or without an exponent.
    """
    exponents: list[float] = []
    try:
        _check(body, type(body), MAX_DEPTH, exponents)
    except UnsafeRecord as error:
        error.field = f"body{error.field}"
        raise
    return exponents


# Every commit waits for the walk, so what is usual is passed over in place, without a call for each value.
# The path to a refused field is put together only when one is found: each level adds its part to the
# error that passes through it.


def _check_fields(fields: dict[object, Any], depth: int, exponents: list[float]) -> None:
    if depth == 0:
        raise UnsafeRecord(f"nested deeper than {MAX_DEPTH}", advice="flatten the record")
    for key, value in fields.items():
        if key not in _allowed_names:
            _check_name(key)
        kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]
        if kind is str and len(value) < _ALWAYS_SHORT:
            continue
        try:
            if kind is dict:
                _check_fields(value, depth - 1, exponents)
            elif kind is list:
                _check_items(value, depth - 1, exponents)
            else:
                _check(value, kind, depth, exponents)
        except UnsafeRecord as error:
            error.field = f".{key}{error.field}"
            raise


def _check_items(items: Sequence[Any], depth: int, exponents: list[float]) -> None:
    if depth == 0:
        raise UnsafeRecord(f"nested deeper than {MAX_DEPTH}", advice="flatten the record")
    if len(items) > MAX_NUMBERS and sum(isinstance(i, int | float) for i in items) > MAX_NUMBERS:
        what = f"more than {MAX_NUMBERS} numbers in a row look like a template"
        raise UnsafeRecord(what, advice="store a score instead")
    for index, value in enumerate(items):
        kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]
        if kind is str and len(value) < _ALWAYS_SHORT:
            continue
        try:
            if kind is dict:
                _check_fields(value, depth - 1, exponents)
            else:
                _check(value, kind, depth, exponents)
        except UnsafeRecord as error:
            error.field = f"[{index}]{error.field}"
            raise


def _check(value: Any, kind: type, depth: int, exponents: list[float]) -> None:
    """One value of type `kind` that lies `depth` levels above the deepest that is allowed."""
    if kind is float:
        if not _SMALLEST_PLAIN <= value < _LARGEST_PLAIN:
            if not math.isfinite(value):
                raise UnsafeRecord("not a finite number", advice="leave the measurement out")
            if value != 0.0 and not _SMALLEST_PLAIN <= -value < _LARGEST_PLAIN:
                exponents.append(value)
    elif kind is int:
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            raise UnsafeRecord("integer too large for JSON", advice="store it as text")
    elif kind is dict:
        _check_fields(value, depth - 1, exponents)
    elif kind is list or kind is tuple:
        _check_items(value, depth - 1, exponents)
    elif isinstance(value, str):
        _check_text(value)
    elif value is not None and kind is not bool:
        raise UnsafeRecord(f"a {kind.__name__} may not be stored", advice="store scores and digests only")


def _check_name(key: object) -> None:
    if not isinstance(key, str) or not 0 < len(key) <= 64:
        raise UnsafeRecord("a field name must be text of 1 to 64 characters")
    if forbidden_name(key):
        what = "a field of this name may not be stored"
        raise UnsafeRecord(what, field=f".{key}", advice="store scores and digests only")
    if len(_allowed_names) < _MAX_NAMES:
        _allowed_names.add(key)


def _check_text(text: str) -> None:
    if len(text) < _ALWAYS_SHORT:
        return
    if len(text) > MAX_TEXT:
        raise UnsafeRecord(f"text longer than {MAX_TEXT} characters", advice="shorten it")
    if "<" in text and _MRZ.search(text):
        raise UnsafeRecord("looks like a machine readable zone", advice="store a digest")
    if len(text) >= 160 and _ENCODED.search(text):
        raise UnsafeRecord("looks like encoded binary", advice="store a digest")
