"""Which protocols a state puts on its chips, and the keys and files that follow from that choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gate_simulators.chip import ber, cv_certificates
from gate_simulators.chip.active_authentication import (
    AuthenticationKey,
    EcdsaAuthenticationKey,
    RsaAuthenticationKey,
)
from gate_simulators.chip.chip_authentication import ChipKey
from gate_simulators.chip.filesystem import LDS1_AID
from gate_simulators.chip.key_agreement import EllipticGroup, standardized
from gate_simulators.chip.pace import PaceOffer
from gate_simulators.chip.personalization import Personalization
from gate_simulators.chip.protocols import (
    Agreement,
    ChipAuthenticationProtocol,
    Cipher,
    NonceMapping,
    PaceProtocol,
)
from gate_simulators.issuer import cvca, security_infos
from gate_simulators.issuer.algorithms import SCHEMES, RsaScheme
from gate_simulators.issuer.data_groups import DATA_GROUP_TAGS
from gate_simulators.issuer.keys import KeyStore

P256, BRAINPOOL_P256R1 = 12, 13
"""Domain parameter identifiers of the presets."""

CVCA_REFERENCE = "UTCVCA00001"
_CVCA_FROM, _CVCA_UNTIL = date(2016, 1, 1), date(2036, 1, 1)


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """One chip authentication key: domain parameters and the ciphers it is used with.

    `listed` False leaves the ChipAuthenticationInfo out; such a key is for 3DES (Doc 9303-11 §9.2.6).
    """

    parameter_id: int
    ciphers: tuple[Cipher, ...] = (Cipher.AES_128,)
    key_id: int | None = None
    standardized: bool = False
    listed: bool = True


@dataclass(frozen=True, slots=True)
class ChipSecurity:
    """`active` is one of :data:`ACTIVE_KEYS`, or empty; `sorted_infos` False writes DG14 out of DER's order,
    as several states do; `own_parameters` writes the domain parameters of the only PACE offer out."""

    bac: bool = True
    pace: tuple[PaceOffer, ...] = ()
    pin: bool = False
    chip_keys: tuple[KeyChoice, ...] = ()
    active: str = ""
    terminal: bool = False
    sorted_infos: bool = True
    own_parameters: bool = False


def pace_offer(
    parameter_id: int, mapping: NonceMapping = NonceMapping.GENERIC, cipher: Cipher = Cipher.AES_128
) -> PaceOffer:
    """PACE over standardized domain parameters; DH for identifiers 0 to 2."""
    agreement = Agreement.DH if parameter_id < 3 else Agreement.ECDH
    return PaceOffer(PaceProtocol(agreement, mapping, cipher), parameter_id)


BAC_ONLY = ChipSecurity()
PACE_AND_CA = ChipSecurity(pace=(pace_offer(P256),), chip_keys=(KeyChoice(P256),))


@dataclass(frozen=True, slots=True)
class SecurityFiles:
    """What :func:`personalize` made: files of the MF, data groups 14 and 15, and the chip's secrets.

    `card_security` holds the SecurityInfos that still have to be signed into EF.CardSecurity.
    """

    files: Mapping[str, bytes]
    data_groups: Mapping[int, bytes]
    secrets: Personalization
    card_security: bytes = b""


def personalize(
    security: ChipSecurity, keys: KeyStore, label: str, mrz_information: str, personalized_on: date
) -> SecurityFiles:
    """Keys and files of one chip; `label` tells its keys from other chips'."""
    chip_keys = tuple(_chip_key(keys, label, choice) for choice in security.chip_keys)
    pace_infos = _pace_infos(security)
    mapping_key = _mapping_key(security, chip_keys, keys, label)
    active = ACTIVE_KEYS[security.active](keys) if security.active else None
    groups = _data_groups(security, pace_infos, chip_keys, active)
    root = _cvca(keys) if security.terminal else None
    secrets = Personalization(
        mrz_information=mrz_information,
        can=_digits(keys, f"{label}/can"),
        pin=_digits(keys, f"{label}/pin") if security.pin else None,
        bac=security.bac,
        pace=security.pace,
        mapping_key=None if mapping_key is None else mapping_key.secret,
        chip_keys=chip_keys,
        active_authentication=active.key if active else None,
        cvca=root,
        personalized_on=personalized_on,
    )
    files: dict[str, bytes] = {}
    if security.pace:
        files["EF.CardAccess"] = security_infos.security_infos(pace_infos)
        files["EF.DIR"] = ber.encode(0x61, ber.encode(0x4F, LDS1_AID))
        files["EF.ATR/INFO"] = _atr_info()
    if root is not None:
        files["EF.CVCA"] = cvca.ef_cvca(root)
    signed = b""
    if mapping_key is not None:
        key_info = security_infos.chip_authentication_public_key_info(mapping_key, standardized=True)
        signed = security_infos.security_infos([*pace_infos, key_info])
    return SecurityFiles(files, groups, secrets, signed)


def inspection_chain(keys: KeyStore, role: int, today: date) -> tuple[cvca.Holder, tuple[bytes, ...]]:
    """An inspection system with its certificates (verifier's, its own) under the CVCA of these chips."""
    root, verifier, system = (
        holder(keys, reference) for reference in (CVCA_REFERENCE, "UTDVXX00001", "UTISXX00001")
    )
    since, until = date(today.year - 1, 1, 1), date(today.year + 1, 12, 31)
    return system, (
        cvca.certify(root, verifier, cvca.DOMESTIC_VERIFIER | 0x03, since, until),
        cvca.certify(verifier, system, cvca.INSPECTION_SYSTEM | role, since, until),
    )


def cvca_certificate(keys: KeyStore) -> bytes:
    """The self-signed certificate of the CVCA that these chips trust."""
    root = holder(keys, CVCA_REFERENCE)
    return cvca.certify(root, root, cvca.CVCA | 0x03, _CVCA_FROM, _CVCA_UNTIL)


# ---------------------------------------------------------------- keys


def _chip_key(keys: KeyStore, label: str, choice: KeyChoice) -> ChipKey:
    group = standardized(choice.parameter_id)
    agreement = Agreement.ECDH if isinstance(group, EllipticGroup) else Agreement.DH
    secret = keys.secret(f"{label}/chip/{choice.parameter_id}/{choice.key_id}", group.order)
    protocols = tuple(ChipAuthenticationProtocol(agreement, cipher) for cipher in choice.ciphers)
    return ChipKey(group, secret, protocols, choice.key_id)


def _mapping_key(
    security: ChipSecurity, chip_keys: Sequence[ChipKey], keys: KeyStore, label: str
) -> ChipKey | None:
    """The static key of CAM: a chip authentication key on the same curve, or one of its own."""
    offer = next((o for o in security.pace if o.protocol.mapping is NonceMapping.CHIP_AUTHENTICATION), None)
    if offer is None:
        return None
    group = standardized(offer.parameter_id)
    shared = next((key for key in chip_keys if key.group == group), None)
    return shared or _chip_key(keys, label, KeyChoice(offer.parameter_id, key_id=offer.parameter_id))


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """A key with its SubjectPublicKeyInfo and, for ECDSA, the digest that DG14 must name."""

    key: AuthenticationKey
    public: bytes
    named_digest: str = ""


def _rsa(bits: int, digest: str) -> Callable[[KeyStore], ActiveKey]:
    def make(keys: KeyStore) -> ActiveKey:
        scheme = RsaScheme(f"active-rsa-{bits}", digest, bits)
        # One key for all chips of a run: making one for each would take longer than everything else.
        key = keys.key("active-authentication", scheme)
        assert isinstance(key, rsa.RSAPrivateKey)
        return ActiveKey(RsaAuthenticationKey(key, digest), scheme.public_key_info(key).dump())

    return make


def _ecdsa(
    scheme_name: str, digest: str, *, der: bool = False, named: bool = True
) -> Callable[[KeyStore], ActiveKey]:
    def make(keys: KeyStore) -> ActiveKey:
        scheme = SCHEMES[scheme_name]
        key = keys.key("active-authentication", scheme)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        public = scheme.public_key_info(key).dump()
        return ActiveKey(EcdsaAuthenticationKey(key, digest, der), public, digest if named else "")

    return make


ACTIVE_KEYS: Mapping[str, Callable[[KeyStore], ActiveKey]] = {
    "rsa-1024-sha1": _rsa(1024, "sha1"),
    "rsa-1024-sha224": _rsa(1024, "sha224"),
    "rsa-1024-sha256": _rsa(1024, "sha256"),
    "rsa-2048-sha384": _rsa(2048, "sha384"),
    "rsa-2048-sha512": _rsa(2048, "sha512"),
    "ecdsa-p256": _ecdsa("ecdsa-p256", "sha256"),
    "ecdsa-p256-der": _ecdsa("ecdsa-p256", "sha256", der=True),
    "ecdsa-brainpoolP256r1": _ecdsa("ecdsa-brainpoolP256r1", "sha256"),
    "ecdsa-p384-sha256-unnamed": _ecdsa("ecdsa-p384", "sha256", named=False),
}


def _cvca(keys: KeyStore) -> cv_certificates.CvCertificate:
    return cv_certificates.parse_file(cvca_certificate(keys))


def holder(keys: KeyStore, reference: str) -> cvca.Holder:
    """A member of the verifying infrastructure, by the reference that names its key."""
    key = keys.key(f"cvca/{reference}", SCHEMES["ecdsa-p256"])
    return cvca.Holder(reference, key, cvca.algorithm("ECDSA", "sha256"))


def _digits(keys: KeyStore, label: str) -> str:
    return f"{keys.secret(label, 10**6):06d}"


# ---------------------------------------------------------------- files


def _pace_infos(security: ChipSecurity) -> list[bytes]:
    if security.own_parameters:
        (offer,) = security.pace
        return security_infos.pace_infos_with_own_parameters(offer)
    return [security_infos.pace_info(offer) for offer in security.pace]


def _data_groups(
    security: ChipSecurity,
    pace_infos: Sequence[bytes],
    chip_keys: Sequence[ChipKey],
    active: ActiveKey | None,
) -> dict[int, bytes]:
    # Doc 9303-10 §4.7.14: what EF.CardAccess says unsigned is repeated here, where the SOD covers it.
    infos = list(pace_infos)
    for key, choice in zip(chip_keys, security.chip_keys, strict=True):
        infos += security_infos.chip_authentication_infos(key) if choice.listed else []
        infos.append(
            security_infos.chip_authentication_public_key_info(key, standardized=choice.standardized)
        )
    if security.terminal:
        infos.append(security_infos.terminal_authentication_info())
    if active is not None and active.named_digest:
        infos.append(security_infos.active_authentication_info(active.named_digest))
    groups: dict[int, bytes] = {}
    if infos:
        ordered = sorted(infos, reverse=not security.sorted_infos)
        groups[14] = ber.encode(DATA_GROUP_TAGS[14], ber.encode(0x31, *ordered))
    if active is not None:
        groups[15] = ber.encode(DATA_GROUP_TAGS[15], active.public)
    return groups


def _atr_info() -> bytes:
    """Card capabilities and extended length information (Doc 9303-10 §3.11.2, ISO/IEC 7816-4 §12.1)."""
    capabilities = ber.encode(0x47, bytes.fromhex("C00180"))  # DF by name; short EF identifier; chaining
    lengths = b"".join(ber.encode(0x02, limit.to_bytes(2, "big")) for limit in (4096, 8192))
    return capabilities + ber.encode(0x7F66, lengths)
