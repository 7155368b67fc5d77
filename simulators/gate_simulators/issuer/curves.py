"""Domain parameters of the elliptic curves, to be written out in full.

Doc 9303-12 §7.1 wants EC parameters explicit and complete rather than
named, and most certificates in the field are. The values are those of FIPS 186-4 D.1.2 and RFC 5639 §3.
"""

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto import core, keys
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve over a prime field with cofactor 1; hexadecimal values as the standards print them."""

    name: str  # asn1crypto's name, for named parameters
    implementation: ec.EllipticCurve
    p: str
    a: str
    b: str
    g: str  # uncompressed generator
    n: str

    @property
    def order(self) -> int:
        return int(self.n, 16)

    def parameters(self, *, explicit: bool) -> keys.ECDomainParameters:
        """ECParameters of RFC 3279 §2.3.5: the full specification or the curve's object identifier."""
        if not explicit:
            return keys.ECDomainParameters(name="named", value=keys.NamedCurve(self.name))
        field = keys.FieldID({"field_type": "prime_field", "parameters": core.Integer(int(self.p, 16))})
        curve = keys.Curve(
            {"a": core.OctetString(bytes.fromhex(self.a)), "b": core.OctetString(bytes.fromhex(self.b))}
        )
        domain = keys.SpecifiedECDomain(
            {
                "version": "ecdpVer1",
                "field_id": field,
                "curve": curve,
                "base": keys.ECPoint(bytes.fromhex(self.g)),
                "order": self.order,
                "cofactor": 1,
            }
        )
        return keys.ECDomainParameters(name="specified", value=domain)


P256 = Curve(
    name="secp256r1",
    implementation=ec.SECP256R1(),
    p="FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
    a="FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
    b="5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
    g="046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
    n="FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
)

P384 = Curve(
    name="secp384r1",
    implementation=ec.SECP384R1(),
    p="FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF",
    a="FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFC",
    b="B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF",
    g="04AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7"
    "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F",
    n="FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
)

BRAINPOOL_P256R1 = Curve(
    name="brainpoolp256r1",
    implementation=ec.BrainpoolP256R1(),
    p="A9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377",
    a="7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9",
    b="26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6",
    g="048BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262"
    "547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997",
    n="A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7",
)

CURVES = (P256, P384, BRAINPOOL_P256R1)
