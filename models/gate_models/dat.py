"""Reads dlib's serialised objects (`.dat`): the primitives, tensors and matrices of `dlib/serialize.h`.

The format carries no lengths and no type tags for objects, so a reader must know the schema; the proof
that the schema is right is that it ends exactly at the last byte (:meth:`DatReader.finish`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gate_agent.errors import BadInput

T = TypeVar("T")

MAX_ITEMS = 1 << 20  # no vector or string in the known files comes near
MAX_FLOATS = 1 << 24
_SIGN = 0x80
_OLD_FORMAT = 0x70  # bits set in the first byte of dlib's pre-2017 ASCII float format
_MAX_INT_BYTES = 8
_SPECIAL_EXPONENTS = {32000: math.inf, 32001: -math.inf, 32002: math.nan}


class WeightsError(BadInput):
    """A weight file is not what its schema says."""


class DatReader:
    """A cursor over the bytes of one `.dat` file; every error names the offset."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._at = 0

    def error(self, what: str) -> WeightsError:
        return WeightsError(what, field=f"{self._name}@{self._at}")

    def finish(self) -> int:
        """The number of bytes read; raises WeightsError unless it is all of them."""
        if self._at != len(self._data):
            raise self.error(f"{len(self._data) - self._at} bytes left over")
        return self._at

    def take(self, count: int) -> bytes:
        if count < 0 or self._at + count > len(self._data):
            raise self.error(f"{count} bytes expected, {len(self._data) - self._at} left")
        start, self._at = self._at, self._at + count
        return self._data[start : self._at]

    def integer(self) -> int:
        """A packed integer: control byte (size in the low nibble, sign in bit 7), little-endian magnitude."""
        control = self.take(1)[0]
        size = control & 0x0F
        if control & _OLD_FORMAT or not 1 <= size <= _MAX_INT_BYTES:
            raise self.error(f"not a packed integer (control byte 0x{control:02x})")
        magnitude = int.from_bytes(self.take(size), "little")
        return -magnitude if control & _SIGN else magnitude

    def boolean(self) -> bool:
        byte = self.take(1)
        if byte not in (b"0", b"1"):
            raise self.error(f"not a boolean: {byte!r}")
        return byte == b"1"

    def real(self) -> float:
        """A float or double: packed mantissa and exponent, value = mantissa * 2**exponent."""
        mantissa, exponent = self.integer(), self.integer()
        if exponent in _SPECIAL_EXPONENTS:
            return _SPECIAL_EXPONENTS[exponent]
        return math.ldexp(mantissa, exponent)

    def count(self, limit: int = MAX_ITEMS) -> int:
        value = self.integer()
        if not 0 <= value <= limit:
            raise self.error(f"a length of {value} is not in 0..{limit}")
        return value

    def text(self) -> str:
        return self.take(self.count(256)).decode("latin-1")

    def expect_text(self, *names: str) -> str:
        text = self.text()
        if text not in names:
            raise self.error(f"{text!r} found where {' or '.join(names)} was expected")
        return text

    def expect_version(self, *versions: int) -> int:
        version = self.integer()
        if version not in versions:
            raise self.error(f"version {version} found where {versions} was expected")
        return version

    def vector(self, item: Callable[[], T]) -> list[T]:
        return [item() for _ in range(self.count())]

    def tensor(self) -> NDArray[np.float32]:
        """`dlib::tensor` version 2: n, k, nr, nc, then raw little-endian float32 in NCHW order."""
        self.expect_version(2)
        shape = tuple(self.count(MAX_FLOATS) for _ in range(4))
        size = math.prod(shape)
        if size > MAX_FLOATS:
            raise self.error(f"a tensor of {size} values is too large")
        return np.frombuffer(self.take(size * 4), "<f4").reshape(shape)

    def alias_shape(self) -> tuple[int, int, int, int]:
        """`dlib::alias_tensor` version 1: the shape of a view into a parameter tensor."""
        self.expect_version(1)
        n, k, rows, columns = (self.count(MAX_FLOATS) for _ in range(4))
        return n, k, rows, columns

    def matrix(self) -> NDArray[np.float32]:
        """`dlib::matrix<float>`: -rows, -columns, then packed floats, row by row."""
        rows, columns = -self.integer(), -self.integer()
        if not (0 <= rows <= MAX_ITEMS and 0 <= columns <= MAX_ITEMS and rows * columns <= MAX_FLOATS):
            raise self.error(f"a matrix of {rows} x {columns} is not plausible")
        values = [self.real() for _ in range(rows * columns)]
        return np.array(values, dtype=np.float32).reshape(rows, columns)
