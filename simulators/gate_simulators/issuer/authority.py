"""A country's passport authority: its CSCA, its document signers and what they sign."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from gate_simulators.issuer import validity
from gate_simulators.issuer.algorithms import SCHEMES, PrivateKey
from gate_simulators.issuer.certificates import Credential, Identity, Period, issue_csca, issue_signer
from gate_simulators.issuer.keys import KeyStore
from gate_simulators.issuer.revocation import revocation_list
from gate_simulators.issuer.sod import ORDINARY_FORM, SodForm, card_security, document_security_object


@dataclass(frozen=True, slots=True)
class Country:
    """An issuing state that does not exist, and the algorithms it chose.

    `state_code` is Utopia's of Doc 9303 or lies in the range that ISO 3166-1 leaves to its users.
    """

    name: str
    country: str
    state_code: str
    scheme: str
    signer_scheme: str = ""  # when document signers use another algorithm than the CSCA


UTOPIA = Country("Utopia", "UT", "UTO", "ecdsa-p256")

COUNTRIES: Mapping[str, Country] = {
    c.state_code: c
    for c in (
        UTOPIA,
        Country("Ruritania", "QM", "QMA", "rsa-2048"),
        Country("Zubrowka", "QN", "QNA", "rsa-pss-2048"),
        Country("Freedonia", "QO", "QOA", "ecdsa-p384", "ecdsa-p256"),
        Country("Florin", "QP", "QPA", "ecdsa-brainpoolP256r1"),
        Country("Genovia", "QR", "QRA", "ecdsa-p521", "ecdsa-brainpoolP384r1"),
        Country("Syldavia", "QS", "QSA", "ecdsa-brainpoolP512r1", "rsa-pss-2048"),
        Country("Erewhon", "QX", "QXA", "ecdsa-p256"),
    )
}

UNLISTED = COUNTRIES["QXA"]
"""Issues sound passports, but no border trusts its CSCA."""

TRUSTED = tuple(c for c in COUNTRIES.values() if c is not UNLISTED)


class IssuingAuthority:
    """Signs passports of one country. `house` tells apart authorities that claim the same country."""

    def __init__(self, country: Country, keys: KeyStore, house: str = "official") -> None:
        self.country = country
        self._keys = keys
        self._label = f"{country.state_code}/{house}"
        self._scheme = SCHEMES[country.scheme]
        self._signer_scheme = SCHEMES[country.signer_scheme or country.scheme]
        self._cscas: dict[int, Credential] = {}
        self._signers: dict[tuple[Period, str], Credential] = {}
        self._revoked: dict[tuple[int, int], Credential] = {}

    def csca(self, day: date) -> Credential:
        """The CSCA whose key signs on that day."""
        generation = validity.csca_generation(day)
        if generation not in self._cscas:
            self._cscas[generation] = issue_csca(
                self._identity(f"CSCA {self.country.name} {generation}"),
                self._scheme,
                self._keys.key(f"{self._label}/csca/{generation}", self._scheme),
                validity=validity.csca_validity(generation),
                key_usage=validity.csca_key_usage(generation),
            )
        return self._cscas[generation]

    def signer(self, day: date) -> Credential:
        """The document signer in use on that day."""
        return self._signer(day, validity.signer_validity(day), validity.signer_key_usage(day))

    def _signer(self, day: date, period: Period, usage: Period, remark: str = "") -> Credential:
        name = f"DS {self.country.name} {day.year}-{validity.quarter(day)} {remark}".rstrip()
        if (period, name) not in self._signers:
            self._signers[period, name] = issue_signer(
                self.csca(day),
                self._identity(name),
                self._signer_scheme,
                self._keys.key(f"{self._label}/signer/{name}", self._signer_scheme),
                validity=period,
                key_usage=usage,
            )
        return self._signers[period, name]

    def sign(self, data_groups: Mapping[int, bytes], at: datetime, form: SodForm = ORDINARY_FORM) -> bytes:
        """EF.SOD, signed by the document signer of that day."""
        return document_security_object(data_groups, self.signer(at.date()), at, form=form)

    def sign_card_security(self, infos: bytes, at: datetime) -> bytes:
        """EF.CardSecurity, signed by the same."""
        return card_security(infos, self.signer(at.date()), at)

    def sign_after_expiry(self, data_groups: Mapping[int, bytes], at: datetime) -> bytes:
        """EF.SOD signed at a time when the signer's certificate had run out."""
        period = validity.run_out_before(at.date())
        expired = self._signer(at.date(), period, period)
        return document_security_object(data_groups, expired, at)

    def sign_with_revoked_signer(self, data_groups: Mapping[int, bytes], at: datetime) -> bytes:
        """EF.SOD, signed by a signer whose certificate the next revocation list will name."""
        day = at.date()
        stolen = self._signer(day, validity.signer_validity(day), validity.signer_key_usage(day), "stolen")
        self._revoked[validity.csca_generation(day), stolen.certificate.serial_number] = stolen
        return document_security_object(data_groups, stolen, at)

    def revocation_lists(self, at: datetime) -> Iterator[tuple[int, bytes]]:
        """A list for each generation of the CSCA from which a signer was revoked so far."""
        for generation in sorted({generation for generation, _ in self._revoked}):
            revoked = [signer for (of, _), signer in self._revoked.items() if of == generation]
            yield generation, revocation_list(self.csca(date(generation, 1, 1)), revoked, at, number=1)

    def sign_with_foreign_key(self, data_groups: Mapping[int, bytes], at: datetime) -> bytes:
        """EF.SOD that names the genuine document signer but was signed with somebody else's key."""
        return document_security_object(
            data_groups, self.signer(at.date()), at, signing_key=self._foreign_key
        )

    @cached_property
    def _foreign_key(self) -> PrivateKey:
        return self._keys.key(f"{self._label}/foreign", self._signer_scheme)

    def _identity(self, common_name: str) -> Identity:
        return Identity(self.country.country, self.country.state_code, common_name)


def write_trust_directory(
    directory: Path, authorities: Iterable[IssuingAuthority], today: date
) -> list[Path]:
    """The CSCA certificates that passports valid in the year up to `today` need, one DER file each.

    Files of an earlier run are replaced; others in the directory are left alone.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    oldest = validity.csca_generation(validity.years_after(today, -validity.PASSPORT_YEARS - 1))
    for authority in authorities:
        for generation in range(oldest, today.year + 1, validity.CSCA_YEARS):
            csca = authority.csca(date(generation, 1, 1))
            path = directory / f"CSCA-{authority.country.state_code}-{generation}.der"
            path.write_bytes(csca.certificate.dump())
            written.append(path)
    return written
