"""The passport office: gives travellers passports, sound ones and the forgeries that a gate must refuse."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gate_simulators.chip.card import Chip
from gate_simulators.chip.personalization import Personalization
from gate_simulators.chip.profile import ORDINARY, ChipProfile
from gate_simulators.issuer import data_groups, mrz, optional_groups, portrait, validity
from gate_simulators.issuer.authority import (
    COUNTRIES,
    TRUSTED,
    UNLISTED,
    Country,
    IssuingAuthority,
    write_trust_directory,
)
from gate_simulators.issuer.chip_security import (
    BAC_ONLY,
    PACE_AND_CA,
    ChipSecurity,
    inspection_chain,
    personalize,
)
from gate_simulators.issuer.cvca import Holder
from gate_simulators.issuer.keys import KeyStore
from gate_simulators.issuer.mrz import MrzFields
from gate_simulators.issuer.sod import LDS_1_8, ORDINARY_FORM, SodForm


class Variant(StrEnum):
    """What is wrong with a passport."""

    GENUINE = "genuine"
    EXPIRED_DOCUMENT = "expired_document"  # genuine, but its last day has passed
    TAMPERED_PORTRAIT = "tampered_portrait"  # DG2 was exchanged after signing
    FORGED_SOD = "forged_sod"  # signed with a key that is not the document signer's
    UNKNOWN_CSCA = "unknown_csca"  # sound, from a country that the border does not trust
    IMPERSONATED_CSCA = "impersonated_csca"  # a false CSCA bears a trusted country's name
    SIGNER_REVOKED = "signer_revoked"  # signed by a signer that a revocation list names
    SIGNER_EXPIRED = "signer_expired"  # signed after the document signer's certificate had run out


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Passport:
    """A booklet: what is printed (`lines`), the photograph it was made from, and the chip's files."""

    fields: MrzFields
    lines: tuple[str, ...]
    files: Mapping[str, bytes]
    photograph: NDArray[np.uint8]
    variant: Variant
    secrets: Personalization

    def chip(self, profile: ChipProfile = ORDINARY) -> Chip:
        """A chip with this passport's files and keys; a new one, in its initial state."""
        return Chip(self.files, self.secrets, profile)


ACCESS: Mapping[str, ChipSecurity] = {"BAC": BAC_ONLY, "PACE": PACE_AND_CA}
"""What a chip offers, by the access procedure it is asked for; PACE comes with BAC and CA."""


class PassportOffice:
    """Issues passports of several countries as of `today` (default: the UTC day).

    Equal arguments give equal passports, except where RSA is used: its keys cannot be derived from `seed`
    and are kept in `state_dir`, and PSS signatures differ each time.
    """

    def __init__(self, state_dir: Path, seed: int, today: date | None = None) -> None:
        self.today = today or datetime.now(UTC).date()
        self.keys = KeyStore(state_dir, seed)
        self._seed = seed
        self._authorities: dict[tuple[str, str], IssuingAuthority] = {}
        self._portraits: dict[object, bytes] = {}

    def inspection_system(self, role: int = 0x03) -> tuple[Holder, tuple[bytes, ...]]:
        """A terminal's key and certificates that every chip with terminal authentication accepts.

        `role` holds the rights to DG3 (1) and DG4 (2).
        """
        return inspection_chain(self.keys, role, self.today)

    def write_trust_directory(self, directory: Path) -> list[Path]:
        """The CSCA certificates of the trusted countries, DER, for the agent's trust store."""
        return write_trust_directory(directory, [self._authority(c) for c in TRUSTED], self.today)

    def write_revocation_lists(self, directory: Path) -> list[Path]:
        """The revocation lists that follow from the passports issued so far, DER, ``CRL-UTO-2020.crl``."""
        directory.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for authority in self._authorities.values():
            for generation, listed in authority.revocation_lists(validity.start_of(self.today)):
                path = directory / f"CRL-{authority.country.state_code}-{generation}.crl"
                path.write_bytes(listed)
                written.append(path)
        return written

    def issue(
        self,
        surname: str,
        given_names: str,
        photograph: NDArray[np.uint8],
        date_of_birth: date,
        *,
        date_of_expiry: date | None = None,
        sex: str = "<",
        issuing_state: str | None = None,
        nationality: str | None = None,
        document_number: str | None = None,
        variant: Variant = Variant.GENUINE,
        crop: portrait.Crop | None = None,
        substitute: NDArray[np.uint8] | None = None,
        access: str = "BAC",
        security: ChipSecurity | None = None,
        groups: Iterable[int] = (),
        form: SodForm = ORDINARY_FORM,
        coding: portrait.Coding = portrait.Coding.JP2,
        iso39794: bool = False,
        zone: Callable[[MrzFields], tuple[str, ...]] = mrz.td3,
        document_code: str = "P",
        zero_for_nothing: bool = False,
    ) -> Passport:
        """Make a passport from an RGB photograph (uint8, HxWx3).

        The issuing state is Utopia unless given, and the nationality the issuing state's. `crop` is the
        part of the photograph to use (default: see :func:`portrait.portrait_crop`). `substitute` is the
        photograph put into DG2 after signing by TAMPERED_PORTRAIT (default: the holder's own, mirrored).
        `access` is one of :data:`ACCESS`; `security` says in full what the chip offers. `groups`
        are data groups to add (3, 4, 5, 7, 11, 12, 13, 16), `form` how the security object is written,
        `coding` and `iso39794` how the portrait is; `zone`, `document_code` and `zero_for_nothing` how the
        machine readable zone is.
        Raises ValueError for fields that no passport can have.
        """
        country = self._country(issuing_state, variant)
        fields = MrzFields(
            surname=surname,
            given_names=given_names,
            document_number=document_number or self._number(surname, given_names, date_of_birth),
            date_of_birth=date_of_birth,
            date_of_expiry=date_of_expiry or self._expiry(variant),
            sex=sex,
            issuing_state=country.state_code,
            nationality=nationality or country.state_code,
            document_code=document_code,
            zero_for_nothing=zero_for_nothing,
        )
        lines = zone(fields)
        signed_at = self._signing_time(fields)
        secured = personalize(
            security or ACCESS[access],
            self.keys,
            fields.document_number,
            mrz.mrz_information(fields),
            signed_at.date(),
        )
        contents = {
            1: data_groups.dg1(lines),
            2: self._dg2(photograph, crop, sex, signed_at, coding, iso39794),
            **self._optional(frozenset(groups), fields, photograph, crop, signed_at),
            **secured.data_groups,
        }
        files = {
            "EF.COM": data_groups.ef_com(contents, LDS_1_8 if form.version else data_groups.LDS_VERSION),
            "EF.SOD": self._security_object(country, variant, contents, signed_at, form),
            **{f"DG{number}": content for number, content in contents.items()},
            **secured.files,
        }
        if secured.card_security:
            official = self._authority(country)
            files["EF.CardSecurity"] = official.sign_card_security(secured.card_security, signed_at)
        if variant is Variant.TAMPERED_PORTRAIT:
            exchanged = photograph[:, ::-1] if substitute is None else substitute
            files["DG2"] = self._dg2(exchanged, None, sex, signed_at, coding, iso39794)
        return Passport(fields, lines, files, photograph, variant, secured.secrets)

    def _country(self, issuing_state: str | None, variant: Variant) -> Country:
        if issuing_state is None:
            return UNLISTED if variant is Variant.UNKNOWN_CSCA else TRUSTED[0]
        if issuing_state not in COUNTRIES:
            raise ValueError(f"issuing state {issuing_state!r} is not one of {', '.join(COUNTRIES)}")
        country = COUNTRIES[issuing_state]
        if variant is Variant.UNKNOWN_CSCA and country in TRUSTED:
            raise ValueError(f"{issuing_state} is trusted; leave the issuing state out for this variant")
        return country

    def _authority(self, country: Country, house: str = "official") -> IssuingAuthority:
        key = (country.state_code, house)
        if key not in self._authorities:
            self._authorities[key] = IssuingAuthority(country, self.keys, house)
        return self._authorities[key]

    def _security_object(
        self, country: Country, variant: Variant, groups: Mapping[int, bytes], at: datetime, form: SodForm
    ) -> bytes:
        official = self._authority(country)
        match variant:
            case Variant.FORGED_SOD:
                return official.sign_with_foreign_key(groups, at)
            case Variant.SIGNER_REVOKED:
                return official.sign_with_revoked_signer(groups, at)
            case Variant.SIGNER_EXPIRED:
                return official.sign_after_expiry(groups, at)
            case Variant.IMPERSONATED_CSCA:
                return self._authority(country, "impostor").sign(groups, at)
            case _:
                return official.sign(groups, at, form)

    def _optional(
        self,
        wanted: frozenset[int],
        fields: MrzFields,
        photograph: NDArray[np.uint8],
        crop: portrait.Crop | None,
        made: datetime,
    ) -> dict[int, bytes]:
        """The data groups that were asked for."""
        seed = int.from_bytes(hashlib.sha256(fields.document_number.encode()).digest()[:4], "big")
        surname, given = mrz.transliterate(fields.surname), mrz.transliterate(fields.given_names)
        makers: Mapping[int, Callable[[], bytes]] = {
            3: lambda: optional_groups.dg3(seed),
            4: lambda: optional_groups.dg4(seed),
            5: lambda: optional_groups.dg5(portrait.portrait_jpeg(photograph, crop)),
            7: lambda: optional_groups.dg7(seed),
            11: lambda: optional_groups.dg11(surname, given, fields.date_of_birth, "STRELSAU"),
            12: lambda: optional_groups.dg12(fields.issuing_state, made.date(), made),
            13: optional_groups.dg13,
            16: lambda: optional_groups.dg16(made.date()),
        }
        if unknown := wanted - makers.keys():
            raise ValueError(f"data groups {sorted(unknown)} cannot be asked for")
        return {number: makers[number]() for number in sorted(wanted)}

    def _number(self, surname: str, given_names: str, born: date) -> str:
        """Nine characters that look like a document number and depend on the holder alone."""
        digest = hashlib.sha256(f"{self._seed}/{surname}/{given_names}/{born}".encode()).digest()
        alphabet = "CFGHJKLMNPRTVWXYZ0123456789"  # no vowels and none of the letters read as digits
        return "".join(alphabet[octet % len(alphabet)] for octet in digest[:9])

    def _expiry(self, variant: Variant) -> date:
        if variant is Variant.EXPIRED_DOCUMENT:
            return self.today - timedelta(days=40)
        return validity.years_after(self.today, 6)

    def _signing_time(self, fields: MrzFields) -> datetime:
        """Mid-morning of the day of issue: ten years before expiry, in the holder's life and in the past."""
        nominal = validity.years_after(fields.date_of_expiry, -validity.PASSPORT_YEARS)
        day = min(max(nominal, fields.date_of_birth + timedelta(days=30)), self.today - timedelta(days=1))
        return datetime.combine(day, time(10, 0), UTC)

    def _dg2(
        self,
        photograph: NDArray[np.uint8],
        crop: portrait.Crop | None,
        sex: str,
        made: datetime,
        coding: portrait.Coding,
        iso39794: bool,
    ) -> bytes:
        pixels = np.ascontiguousarray(photograph)
        key = (hashlib.sha256(pixels.tobytes()).digest(), pixels.shape, crop, coding)
        if key not in self._portraits:  # compressing is most of the work of issuing
            self._portraits[key] = portrait.coded(pixels, crop, coding)
        image = self._portraits[key]
        if iso39794:
            return data_groups.dg2_iso39794(portrait.face_image_data_block(image, coding))
        return data_groups.dg2(portrait.facial_record(image, sex, coding), made)
