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
from typing import cast

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


def forbidden_name(key: str) -> bool:
    """Whether a field of this name may not be stored; case and separators do not matter."""
    plain = re.sub(r"[\s.-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)).lower().strip("_")
    return plain in FORBIDDEN or plain.replace("_", "") in FORBIDDEN or plain.endswith(FORBIDDEN_ENDINGS)


def check_body(body: Mapping[str, object]) -> None:
    """Raise UnsafeRecord, naming the field, unless every part of `body` may be stored."""
    try:
        _check(body, type(body), MAX_DEPTH)
    except UnsafeRecord as error:
        error.field = f"body{error.field}"
        raise


def _check_fields(fields: dict[object, object], depth: int) -> None:
    """Every commit waits for this, so what is usual is passed over here, without a call for each value.

    The path to a refused field is put together only when one is found: each level adds its part to
    the error that passes through it.
    """
    if depth == 0:
        raise UnsafeRecord(f"nested deeper than {MAX_DEPTH}", advice="flatten the record")
    for key, value in fields.items():
        if key not in _allowed_names:
            _check_name(key)
        kind = type(value)
        if (kind is str and len(cast(str, value)) < _ALWAYS_SHORT) or kind is bool or value is None:
            continue
        try:
            _check(value, kind, depth)
        except UnsafeRecord as error:
            error.field = f".{key}{error.field}"
            raise


def _check_items(items: Sequence[object], depth: int) -> None:
    if depth == 0:
        raise UnsafeRecord(f"nested deeper than {MAX_DEPTH}", advice="flatten the record")
    if len(items) > MAX_NUMBERS and sum(isinstance(i, int | float) for i in items) > MAX_NUMBERS:
        what = f"more than {MAX_NUMBERS} numbers in a row look like a template"
        raise UnsafeRecord(what, advice="store a score instead")
    for index, value in enumerate(items):
        try:
            _check(value, type(value), depth)
        except UnsafeRecord as error:
            error.field = f"[{index}]{error.field}"
            raise


def _check(value: object, kind: type, depth: int) -> None:
    """One value of type `kind` that lies `depth` levels above the deepest that is allowed."""
    if kind is float:
        if not math.isfinite(cast(float, value)):
            raise UnsafeRecord("not a finite number", advice="leave the measurement out")
    elif kind is int:
        if not -MAX_SAFE_INTEGER <= cast(int, value) <= MAX_SAFE_INTEGER:
            raise UnsafeRecord("integer too large for JSON", advice="store it as text")
    elif kind is dict:
        _check_fields(cast(dict[object, object], value), depth - 1)
    elif kind is list or kind is tuple:
        _check_items(cast(Sequence[object], value), depth - 1)
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
