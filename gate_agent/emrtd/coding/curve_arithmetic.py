"""Points of elliptic curves (SEC 1 §2.2-2.3, ISO/IEC 15946-1), in whole numbers.

The `cryptography` library agrees on keys and verifies signatures, but adds no points, and PACE maps its
generator by adding points (Doc 9303-11 §4.4.3.3); nor does it know every curve of Doc 9303-11 §9.5.1.
What is computed here with secret numbers uses keys that live for one session of one chip at the
reader's side. Constant time is NOT claimed: do not use this for keys that are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from gate_agent.emrtd.coding.curves import NamedCurve
from gate_agent.errors import BadInput

_WINDOW = 4


class PointError(BadInput):
    """Bytes that are no usable point of the curve."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point other than the one at infinity."""

    x: int
    y: int


def generator(curve: NamedCurve) -> Point:
    return Point(curve.gx, curve.gy)


def on_curve(curve: NamedCurve, point: Point) -> bool:
    x, y, p = point.x, point.y, curve.p
    return 0 <= x < p and 0 <= y < p and (y * y - (x * x + curve.a) * x - curve.b) % p == 0


def encode(curve: NamedCurve, point: Point) -> bytes:
    """The uncompressed form (SEC 1 §2.3.3; Doc 9303-11 §9.4.5)."""
    return b"\x04" + point.x.to_bytes(curve.width, "big") + point.y.to_bytes(curve.width, "big")


def decode(curve: NamedCurve, raw: bytes, *, field: str = "point") -> Point:
    """The point in its uncompressed form, proven to lie on the curve. Raises PointError.

    All curves here have cofactor 1: every point on the curve but infinity is in the right group.
    """
    if len(raw) != 1 + 2 * curve.width or raw[0] != 4:
        raise PointError(f"{len(raw)} bytes are no uncompressed point of {curve.name}", field=field)
    point = Point(
        int.from_bytes(raw[1 : 1 + curve.width], "big"), int.from_bytes(raw[1 + curve.width :], "big")
    )
    if not on_curve(curve, point):
        raise PointError(f"does not lie on {curve.name}", field=field)
    return point


def add(curve: NamedCurve, left: Point | None, right: Point | None) -> Point | None:
    """The sum; None is the point at infinity."""
    return _affine(curve, _add(curve, _jacobian(left), _jacobian(right)))


def multiply(curve: NamedCurve, factor: int, point: Point) -> Point | None:
    """`factor` times `point`; None is the point at infinity."""
    factor %= curve.n
    multiples = [_INFINITY, _jacobian(point)]
    for _ in range((1 << _WINDOW) - 2):
        multiples.append(_add(curve, multiples[-1], multiples[1]))
    result = _INFINITY
    for position in range((factor.bit_length() - 1) // _WINDOW, -1, -1):
        for _ in range(_WINDOW):
            result = _double(curve, result)
        result = _add(curve, result, multiples[factor >> (position * _WINDOW) & ((1 << _WINDOW) - 1)])
    return _affine(curve, result)


def verify_ecdsa(curve: NamedCurve, point: Point, digest: bytes, r: int, s: int) -> bool:
    """Whether (r, s) is the signature over `digest` by `point`'s key (SEC 1 §4.1.4). No secret is used."""
    n = curve.n
    if not (1 <= r < n and 1 <= s < n):
        return False
    excess = max(0, 8 * len(digest) - n.bit_length())
    e = int.from_bytes(digest, "big") >> excess
    inverse = pow(s, -1, n)
    sum_ = add(
        curve,
        multiply(curve, e * inverse, generator(curve)),
        multiply(curve, r * inverse, point),
    )
    return sum_ is not None and sum_.x % n == r


# ---------------------------------------------------------------- Jacobian coordinates
# (X, Y, Z) stands for (X/Z², Y/Z³), infinity for Z = 0: one inversion per result instead of one per
# addition. The formulas are the general ones for any coefficient a (IEEE P1363 A.10.4, A.10.5).

_Jacobian = tuple[int, int, int]
_INFINITY: _Jacobian = (1, 1, 0)


def _jacobian(point: Point | None) -> _Jacobian:
    return _INFINITY if point is None else (point.x, point.y, 1)


def _affine(curve: NamedCurve, point: _Jacobian) -> Point | None:
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, curve.p)
    square = inverse * inverse % curve.p
    return Point(x * square % curve.p, y * square * inverse % curve.p)


def _double(curve: NamedCurve, point: _Jacobian) -> _Jacobian:
    x, y, z = point
    p = curve.p
    if z == 0 or y == 0:
        return _INFINITY
    yy = y * y % p
    s = 4 * x * yy % p
    zz = z * z % p
    m = (3 * x * x + curve.a * zz * zz) % p
    x3 = (m * m - 2 * s) % p
    return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p


def _add(curve: NamedCurve, left: _Jacobian, right: _Jacobian) -> _Jacobian:
    x1, y1, z1 = left
    x2, y2, z2 = right
    if z1 == 0:
        return right
    if z2 == 0:
        return left
    p = curve.p
    zz1, zz2 = z1 * z1 % p, z2 * z2 % p
    u1, u2 = x1 * zz2 % p, x2 * zz1 % p
    s1, s2 = y1 * zz2 * z2 % p, y2 * zz1 * z1 % p
    if u1 == u2:
        return _double(curve, left) if s1 == s2 else _INFINITY
    h, r = (u2 - u1) % p, (s2 - s1) % p
    hh = h * h % p
    hhh, v = h * hh % p, u1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p
