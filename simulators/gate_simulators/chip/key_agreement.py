"""Diffie-Hellman groups of the chip: elliptic curves and subgroups modulo a prime (Doc 9303-11 §9.6).

PACE's mappings (§4.4.3.3) make another group out of one, with a generator that depends on the nonce.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from gate_simulators.chip import elliptic
from gate_simulators.chip.domain_parameters import CURVES, GROUPS, CurveDomain, ModpDomain

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many random octets."""


class Group(Protocol):
    """A group with a generator; public keys are octet strings as they travel (§9.4.2, §9.4.3)."""

    @property
    def tag(self) -> int:
        """Tag of the public value in a public key data object (TR-03110-3 §D.3)."""
        ...

    @property
    def prime(self) -> int:
        """The prime of the underlying field."""
        ...

    @property
    def order(self) -> int: ...

    def private_key(self, random: Random) -> int: ...

    def public_key(self, secret: int) -> bytes: ...

    def agree(self, secret: int, peer: bytes) -> bytes:
        """The shared secret K (§9.6). Raises ValueError for a peer's key that is not in the group."""
        ...

    def compressed(self, public_key: bytes) -> bytes:
        """Comp() of a public key (TR-03110-3 §A.2.2.3): what terminal authentication signs."""
        ...

    def map_generic(self, nonce: bytes, secret: int, peer: bytes) -> Group:
        """Generic mapping (§4.4.3.3.1). Raises ValueError."""
        ...

    def map_integrated(self, value: int) -> Group:
        """Integrated mapping (§4.4.3.3.2) of an element of the field. Raises ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class EllipticGroup:
    """ECDH (BSI TR-03111 §4.3.1, key agreement algorithm ECKA)."""

    domain: CurveDomain
    generator: elliptic.Point

    tag = 0x86

    @property
    def prime(self) -> int:
        return self.domain.p

    @property
    def order(self) -> int:
        return self.domain.n

    def private_key(self, random: Random) -> int:
        return _below(self.order, random)

    def public_key(self, secret: int) -> bytes:
        return elliptic.encode(self.domain, _finite(elliptic.multiply(self.domain, secret, self.generator)))

    def agree(self, secret: int, peer: bytes) -> bytes:
        return self._multiplied(secret, peer)[0].to_bytes(self.domain.width, "big")

    def compressed(self, public_key: bytes) -> bytes:
        return public_key[1 : 1 + self.domain.width]

    def map_generic(self, nonce: bytes, secret: int, peer: bytes) -> EllipticGroup:
        scaled = elliptic.multiply(self.domain, int.from_bytes(nonce, "big"), self.generator)
        mapped = elliptic.add(self.domain, scaled, self._multiplied(secret, peer))
        return EllipticGroup(self.domain, _finite(mapped))

    def map_integrated(self, value: int) -> EllipticGroup:
        return EllipticGroup(self.domain, elliptic.encode_to_point(self.domain, value))

    def _multiplied(self, secret: int, peer: bytes) -> elliptic.Point:
        return _finite(elliptic.multiply(self.domain, secret, elliptic.decode(self.domain, peer)))


@dataclass(frozen=True, slots=True)
class ModpGroup:
    """DH (PKCS#3, RFC 2631)."""

    domain: ModpDomain
    generator: int

    tag = 0x84

    @property
    def prime(self) -> int:
        return self.domain.p

    @property
    def order(self) -> int:
        return self.domain.q

    def private_key(self, random: Random) -> int:
        return _below(self.order, random)

    def public_key(self, secret: int) -> bytes:
        # TR-03110-3 §D.2.1.1: unsigned integers have no leading zeros.
        element = pow(self.generator, secret, self.prime)
        return element.to_bytes((element.bit_length() + 7) // 8, "big")

    def agree(self, secret: int, peer: bytes) -> bytes:
        # PKCS#3 §7.3: the shared secret is as long as the prime.
        return self._raised(secret, peer).to_bytes(self.domain.width, "big")

    def compressed(self, public_key: bytes) -> bytes:
        # TR-03110-3 §A.2.2.3: the SHA-1 of an integer's octets is its compressed form in DH.
        return hashlib.sha1(public_key).digest()

    def map_generic(self, nonce: bytes, secret: int, peer: bytes) -> ModpGroup:
        scaled = pow(self.generator, int.from_bytes(nonce, "big"), self.prime)
        return ModpGroup(self.domain, scaled * self._raised(secret, peer) % self.prime)

    def map_integrated(self, value: int) -> ModpGroup:
        mapped = pow(value, (self.prime - 1) // self.order, self.prime)
        if mapped in (0, 1):
            raise ValueError("the nonces map to no generator")
        return ModpGroup(self.domain, mapped)

    def _raised(self, secret: int, peer: bytes) -> int:
        element = int.from_bytes(peer, "big")
        # In the subgroup of order q, else a terminal could learn the key bit by bit (RFC 2785 §2.1).
        if not 1 < element < self.prime or pow(element, self.order, self.prime) != 1:
            raise ValueError("the public key is not in the group")
        return pow(element, secret, self.prime)


def standardized(parameter_id: int) -> Group:
    """The group of a standardized domain parameter identifier (§9.5.1). Raises KeyError."""
    if parameter_id in GROUPS:
        group = GROUPS[parameter_id]
        return ModpGroup(group, group.g)
    return on_curve(CURVES[parameter_id])


def on_curve(curve: CurveDomain) -> EllipticGroup:
    """The curve with its own generator."""
    return EllipticGroup(curve, (curve.gx, curve.gy))


def _below(order: int, random: Random) -> int:
    """A random number from 1 to order - 1, each as likely as any other."""
    octets = (order.bit_length() + 7) // 8
    surplus_bits = 8 * octets - order.bit_length()
    while True:
        drawn = int.from_bytes(random(octets), "big") >> surplus_bits
        if 0 < drawn < order:
            return drawn


def _finite(point: elliptic.Point | None) -> elliptic.Point:
    if point is None:
        raise ValueError("the result is the point at infinity")
    return point
