"""Arithmetic on elliptic curves, and the point encoding of integrated mapping (Doc 9303-11 Appendix B).

PACE calculates with generators that it makes up itself, and passports use curves that the `cryptography`
package does not have; both need additions and multiplications of arbitrary points. This is arithmetic
for a simulated chip whose keys protect nothing: it takes no care to run in constant time.

A point is a pair of affine coordinates, the point at infinity is None.
"""

from __future__ import annotations

from typing import TypeAlias

from gate_simulators.chip.domain_parameters import CurveDomain

Point: TypeAlias = tuple[int, int]
_Jacobian: TypeAlias = tuple[int, int, int]

_INFINITY: _Jacobian = (1, 1, 0)


def multiply(curve: CurveDomain, scalar: int, point: Point | None) -> Point | None:
    """`scalar` times `point`, by doubling and adding from the highest bit."""
    if point is None:
        return None
    product = _INFINITY
    for bit in bin(scalar % curve.n)[2:]:
        product = _double(curve, product)
        if bit == "1":
            product = _add(curve, product, (*point, 1))
    return _affine(curve, product)


def add(curve: CurveDomain, left: Point | None, right: Point | None) -> Point | None:
    if left is None or right is None:
        return right if left is None else left
    return _affine(curve, _add(curve, (*left, 1), (*right, 1)))


def is_on(curve: CurveDomain, point: Point) -> bool:
    """Whether the coordinates are in the field and satisfy the curve's equation."""
    x, y = point
    in_field = 0 <= x < curve.p and 0 <= y < curve.p
    return in_field and (y * y - _right_side(curve, x)) % curve.p == 0


def encode(curve: CurveDomain, point: Point) -> bytes:
    """The uncompressed form (BSI TR-03111 §3.2.1)."""
    return b"\x04" + b"".join(coordinate.to_bytes(curve.width, "big") for coordinate in point)


def decode(curve: CurveDomain, octets: bytes) -> Point:
    """A point from its uncompressed form. Raises ValueError for anything that is no point of the curve."""
    if len(octets) != 1 + 2 * curve.width or octets[0] != 4:
        raise ValueError(f"{len(octets)} octets are no uncompressed point of {curve.name}")
    x, y = octets[1 : 1 + curve.width], octets[1 + curve.width :]
    point = int.from_bytes(x, "big"), int.from_bytes(y, "big")
    if not is_on(curve, point):
        raise ValueError(f"the point is not on {curve.name}")
    return point


def encodes_points(curve: CurveDomain) -> bool:
    """Whether :func:`encode_to_point` is defined for the curve; it is not for secp224r1."""
    return curve.p % 4 == 3


def encode_to_point(curve: CurveDomain, t: int) -> Point:
    """The point that a field element stands for (Doc 9303-11 Appendix B.2, with its names).

    Raises ValueError for 0, 1 and -1, which stand for none, and for a field that has no encoding.
    """
    p, a, b = curve.p, curve.a, curve.b
    if not encodes_points(curve):
        raise ValueError(f"the field of {curve.name} has no point encoding")
    alpha = -t * t % p
    x2 = -b * pow(a, -1, p) * (1 + pow(alpha + alpha * alpha, -1, p)) % p
    x3 = alpha * x2 % p
    h2 = _right_side(curve, x2)
    u = pow(t, 3, p) * h2 % p
    root = pow(h2, p - 1 - (p + 1) // 4, p)
    return (x2, root * h2 % p) if root * root * h2 % p == 1 else (x3, root * u % p)


def _right_side(curve: CurveDomain, x: int) -> int:
    return (x * x * x + curve.a * x + curve.b) % curve.p


# Jacobian coordinates: (X, Y, Z) is the affine point (X/Z², Y/Z³); formulas of BSI TR-03111 §4.3 and
# Hankerson, Menezes, Vanstone, Guide to Elliptic Curve Cryptography, §3.2.2.


def _double(curve: CurveDomain, point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if z == 0 or y == 0:
        return _INFINITY
    p = curve.p
    y_squared = y * y % p
    s = 4 * x * y_squared % p
    m = (3 * x * x + curve.a * pow(z, 4, p)) % p
    x3 = (m * m - 2 * s) % p
    return x3, (m * (s - x3) - 8 * y_squared * y_squared) % p, 2 * y * z % p


def _add(curve: CurveDomain, left: _Jacobian, right: _Jacobian) -> _Jacobian:
    (x1, y1, z1), (x2, y2, z2), p = left, right, curve.p
    if z1 == 0 or z2 == 0:
        return right if z1 == 0 else left
    z1_squared, z2_squared = z1 * z1 % p, z2 * z2 % p
    u1, u2 = x1 * z2_squared % p, x2 * z1_squared % p
    s1, s2 = y1 * z2_squared * z2 % p, y2 * z1_squared * z1 % p
    h, r = (u2 - u1) % p, (s2 - s1) % p
    if h == 0:
        return _double(curve, left) if r == 0 else _INFINITY
    h_squared = h * h % p
    h_cubed, v = h * h_squared % p, u1 * h_squared % p
    x3 = (r * r - h_cubed - 2 * v) % p
    return x3, (r * (v - x3) - s1 * h_cubed) % p, h * z1 * z2 % p


def _affine(curve: CurveDomain, point: _Jacobian) -> Point | None:
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, curve.p)
    return x * inverse * inverse % curve.p, y * pow(inverse, 3, curve.p) % curve.p
