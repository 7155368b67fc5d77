"""Elliptic curves as certificates write them: named, or with their domain parameters in full.

Doc 9303-12 §7.1 wants EC parameters explicit and complete rather than named, and most certificates in the
field are.
"""

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto import core, keys
from cryptography.hazmat.primitives.asymmetric import ec

from gate_simulators.chip.domain_parameters import CURVES_BY_NAME, CurveDomain
from gate_simulators.chip.elliptic import encode


def parameters(domain: CurveDomain, *, explicit: bool) -> keys.ECDomainParameters:
    """ECParameters of RFC 3279 §2.3.5: the full specification or the curve's object identifier."""
    if not explicit:
        return keys.ECDomainParameters(name="named", value=keys.NamedCurve(domain.name.lower()))
    field = keys.FieldID({"field_type": "prime_field", "parameters": core.Integer(domain.p)})
    coefficients = [core.OctetString(value.to_bytes(domain.width, "big")) for value in (domain.a, domain.b)]
    specified = keys.SpecifiedECDomain(
        {
            "version": "ecdpVer1",
            "field_id": field,
            "curve": keys.Curve({"a": coefficients[0], "b": coefficients[1]}),
            "base": keys.ECPoint(encode(domain, (domain.gx, domain.gy))),
            "order": domain.n,
            "cofactor": 1,
        }
    )
    return keys.ECDomainParameters(name="specified", value=specified)


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve on which the authority signs."""

    domain: CurveDomain
    implementation: ec.EllipticCurve

    @property
    def name(self) -> str:
        """asn1crypto's name, for named parameters."""
        return self.domain.name.lower()

    @property
    def order(self) -> int:
        return self.domain.n

    def parameters(self, *, explicit: bool) -> keys.ECDomainParameters:
        return parameters(self.domain, explicit=explicit)


def _curve(name: str, implementation: ec.EllipticCurve) -> Curve:
    return Curve(CURVES_BY_NAME[name], implementation)


P256 = _curve("secp256r1", ec.SECP256R1())
P384 = _curve("secp384r1", ec.SECP384R1())
P521 = _curve("secp521r1", ec.SECP521R1())
BRAINPOOL_P256R1 = _curve("brainpoolP256r1", ec.BrainpoolP256R1())
BRAINPOOL_P384R1 = _curve("brainpoolP384r1", ec.BrainpoolP384R1())
BRAINPOOL_P512R1 = _curve("brainpoolP512r1", ec.BrainpoolP512R1())

CURVES = (P256, P384, P521, BRAINPOOL_P256R1, BRAINPOOL_P384R1, BRAINPOOL_P512R1)
