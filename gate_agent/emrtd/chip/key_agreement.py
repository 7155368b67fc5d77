"""Key agreement over elliptic curves and prime fields, as PACE and chip authentication use it.

A domain is a group with its generator: ECKA (Doc 9303-11 §9.6, TR-03111 §4.3) or DH (PKCS #3, RFC 2631).
Both look the same to the protocols, including the two ways of mapping a nonce to a new generator
(§4.4.3.3): Generic Mapping here, Integrated Mapping from the pseudo-random element that
:mod:`gate_agent.emrtd.chip.nonce_mapping` makes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Protocol as Interface

from gate_agent.emrtd.chip.protocol import Random
from gate_agent.emrtd.coding import curve_arithmetic
from gate_agent.emrtd.coding.curve_arithmetic import Point, PointError
from gate_agent.emrtd.coding.curves import NamedCurve
from gate_agent.errors import BadInput

_EXTRA_BYTES = 8  # FIPS 186-5 A.2.1: 64 bits more than the order, so that the remainder is not biased


_SHORT_EXPONENT = 1 << 512  # at least twice the strength of any group here (RFC 7919 §5.2)


class AgreementError(BadInput):
    """The other side's public key cannot be used with this domain."""


class Domain(Interface):
    """A group and its generator. Public keys are in the protocols' encoding (§9.4)."""

    @property
    def name(self) -> str: ...

    @property
    def public_key_tag(self) -> int:
        """The tag of a public key in the template 7F49: 86 for a point, 84 for a number (§9.4.4-9.4.5)."""
        ...

    def private_key(self, random: Random) -> int: ...

    def public_key(self, private: int) -> bytes: ...

    def agree(self, private: int, peer: bytes) -> bytes:
        """The shared secret: x-coordinate, or number, at full length. Raises AgreementError."""
        ...

    def mapped_generically(self, nonce: bytes, private: int, peer: bytes) -> Domain:
        """The domain with the generator s*G + H, where H is the agreed element. Raises AgreementError."""
        ...

    def mapped_to(self, element: bytes) -> Domain:
        """The domain with the generator that Integrated Mapping derives from R_p(s, t) = `element`."""
        ...

    @property
    def prime(self) -> int: ...

    def compressed(self, public: bytes) -> bytes:
        """Comp(PK) of terminal authentication: x-coordinate, or SHA-1 of the number (§7.1.3)."""
        ...


@dataclass(frozen=True, slots=True)
class EcDomain:
    """A named curve with its own or a mapped generator."""

    curve: NamedCurve
    generator: Point | None = None

    public_key_tag: int = field(default=0x86, init=False)

    @property
    def name(self) -> str:
        return self.curve.name

    @property
    def prime(self) -> int:
        return self.curve.p

    @property
    def base(self) -> Point:
        return self.generator or curve_arithmetic.generator(self.curve)

    def private_key(self, random: Random) -> int:
        width = self.curve.width + _EXTRA_BYTES
        return int.from_bytes(random(width), "big") % (self.curve.n - 1) + 1

    def public_key(self, private: int) -> bytes:
        return curve_arithmetic.encode(self.curve, self._times(private, self.base))

    def agree(self, private: int, peer: bytes) -> bytes:
        shared = self._times(private, self._decode(peer))
        return shared.x.to_bytes(self.curve.width, "big")

    def mapped_generically(self, nonce: bytes, private: int, peer: bytes) -> Domain:
        shared = self._times(private, self._decode(peer))
        scaled = curve_arithmetic.multiply(self.curve, int.from_bytes(nonce, "big"), self.base)
        mapped = curve_arithmetic.add(self.curve, scaled, shared)
        if mapped is None:
            raise AgreementError("maps the generator to infinity", field="mapping data")
        return replace(self, generator=mapped)

    def mapped_to(self, element: bytes) -> Domain:
        return replace(self, generator=_simplified_swu(self.curve, int.from_bytes(element, "big")))

    def compressed(self, public: bytes) -> bytes:
        return self._decode(public).x.to_bytes(self.curve.width, "big")

    def times(self, factor: int, public: bytes) -> bytes:
        """The whole point `factor` times a public key, encoded. Raises AgreementError."""
        return curve_arithmetic.encode(self.curve, self._times(factor, self._decode(public)))

    def _decode(self, peer: bytes) -> Point:
        try:
            return curve_arithmetic.decode(self.curve, peer, field="public key")
        except PointError as error:
            raise AgreementError(error.what, field=error.field) from error

    def _times(self, private: int, point: Point) -> Point:
        product = curve_arithmetic.multiply(self.curve, private, point)
        if product is None:
            raise AgreementError("leads to the point at infinity", field="public key")
        return product


def _simplified_swu(curve: NamedCurve, t: int) -> Point:
    """The point encoding of Integrated Mapping (§4.4.3.3.2, Appendix B.2), for p ≡ 3 mod 4 and cofactor 1."""
    p, a, b = curve.p, curve.a, curve.b
    if p % 4 != 3:
        raise AgreementError(f"integrated mapping is not defined on {curve.name}", field="domain parameters")
    alpha = -t * t % p
    x2 = -b * (1 + alpha + alpha * alpha) * pow(a * (alpha + alpha * alpha), p - 2, p) % p
    x3 = alpha * x2 % p
    h2 = (x2 * x2 * x2 + a * x2 + b) % p
    u = pow(t, 3, p) * h2 % p
    root = pow(h2, p - 1 - (p + 1) // 4, p)  # an inverse square root of h2, if it has one
    if root * root * h2 % p == 1:
        return Point(x2, root * h2 % p)
    return Point(x3, root * u % p)


@dataclass(frozen=True, slots=True)
class DhDomain:
    """A prime field, a generator and the order of its subgroup (None where a key does not state it)."""

    p: int = field(repr=False)
    g: int = field(repr=False)
    q: int | None = field(repr=False)

    public_key_tag: int = field(default=0x84, init=False)

    @property
    def name(self) -> str:
        return f"MODP-{self.p.bit_length()}"

    @property
    def prime(self) -> int:
        return self.p

    @property
    def width(self) -> int:
        return (self.p.bit_length() + 7) // 8

    def private_key(self, random: Random) -> int:
        order = self.q or _SHORT_EXPONENT  # PKCS #3 lets a key leave its order out
        width = (order.bit_length() + 7) // 8 + _EXTRA_BYTES
        return int.from_bytes(random(width), "big") % (order - 1) + 1

    def public_key(self, private: int) -> bytes:
        # TR-03110-3 §D.2.1.1: an unsigned integer has no leading zeros; the other side computes its token
        # over that. A chip's key is taken with and without them, and answered as it came.
        value = pow(self.g, private, self.p)
        return value.to_bytes((value.bit_length() + 7) // 8, "big")

    def agree(self, private: int, peer: bytes) -> bytes:
        shared = pow(self._decode(peer), private, self.p)
        if shared == 1:
            raise AgreementError("leads to the neutral element", field="public key")
        return shared.to_bytes(self.width, "big")  # PKCS #3 §7.3: as long as the prime, zeros included

    def mapped_generically(self, nonce: bytes, private: int, peer: bytes) -> Domain:
        shared = int.from_bytes(self.agree(private, peer), "big")
        return self._with_generator(pow(self.g, int.from_bytes(nonce, "big"), self.p) * shared % self.p)

    def mapped_to(self, element: bytes) -> Domain:
        if self.q is None:
            raise AgreementError("state no order of the subgroup", field="domain parameters")
        return self._with_generator(pow(int.from_bytes(element, "big"), (self.p - 1) // self.q, self.p))

    def compressed(self, public: bytes) -> bytes:
        return hashlib.sha1(public).digest()

    def _with_generator(self, generator: int) -> Domain:
        if generator in (0, 1, self.p - 1):
            raise AgreementError("maps to an element that generates nothing", field="mapping data")
        return replace(self, g=generator)

    def _decode(self, peer: bytes) -> int:
        value = int.from_bytes(peer, "big")
        if len(peer) > self.width + 1 or not 1 < value < self.p - 1:
            raise AgreementError(f"{len(peer)} bytes are no number of {self.name}", field="public key")
        if self.q is not None and pow(value, self.q, self.p) != 1:
            raise AgreementError("is not in the subgroup", field="public key")
        return value
