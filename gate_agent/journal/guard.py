"""Nothing that identifies a person by body or name gets into a record.

Biometric samples and templates live in memory for one transaction only; names, document numbers
and machine readable zones stay there too (GDPR Art. 5(1)(c), 9(1)). The rooms upstream
keep to that; this guard is the wall behind them: it looks at every record before it is written and
refuses what has the name, the type or the shape of such a datum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
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


@lru_cache(maxsize=4096)
def forbidden_name(key: str) -> bool:
    """Whether a field of this name may not be stored; case and separators do not matter."""
    plain = re.sub(r"[\s.-]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)).lower().strip("_")
    return plain in FORBIDDEN or plain.replace("_", "") in FORBIDDEN or plain.endswith(FORBIDDEN_ENDINGS)


def check_body(body: Mapping[str, object]) -> None:
    """Raise UnsafeRecord, naming the field, unless every part of `body` may be stored."""
    _check(body, "body", MAX_DEPTH)


def _check(value: object, field: str, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value, field)
    elif value is None or isinstance(value, bool):
        pass
    elif isinstance(value, int):
        if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
            raise UnsafeRecord("integer too large for JSON", field=field, advice="store it as text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise UnsafeRecord("not a finite number", field=field, advice="leave the measurement out")
    elif depth == 0:
        raise UnsafeRecord(f"nested deeper than {MAX_DEPTH}", field=field, advice="flatten the record")
    elif isinstance(value, dict):
        _check_fields(cast(dict[object, object], value), field, depth)
    elif isinstance(value, list | tuple):
        _check_items(cast(Iterable[object], value), field, depth)
    else:
        what = f"a {type(value).__name__} may not be stored"
        raise UnsafeRecord(what, field=field, advice="store scores and digests only")


def _check_fields(fields: dict[object, object], field: str, depth: int) -> None:
    for key, value in fields.items():
        if not isinstance(key, str) or not 0 < len(key) <= 64:
            raise UnsafeRecord("a field name must be text of 1 to 64 characters", field=field)
        if forbidden_name(key):
            what = "a field of this name may not be stored"
            raise UnsafeRecord(what, field=f"{field}.{key}", advice="store scores and digests only")
        _check(value, f"{field}.{key}", depth - 1)


def _check_items(items: Iterable[object], field: str, depth: int) -> None:
    numbers = 0
    for index, value in enumerate(items):
        numbers += isinstance(value, int | float)
        if numbers > MAX_NUMBERS:
            what = f"more than {MAX_NUMBERS} numbers in a row look like a template"
            raise UnsafeRecord(what, field=field, advice="store a score instead")
        _check(value, f"{field}[{index}]", depth - 1)


def _check_text(text: str, field: str) -> None:
    if len(text) < 28:
        return
    if len(text) > MAX_TEXT:
        raise UnsafeRecord(f"text longer than {MAX_TEXT} characters", field=field, advice="shorten it")
    if _MRZ.search(text):
        raise UnsafeRecord("looks like a machine readable zone", field=field, advice="store a digest")
    if _ENCODED.search(text):
        raise UnsafeRecord("looks like encoded binary", field=field, advice="store a digest")
