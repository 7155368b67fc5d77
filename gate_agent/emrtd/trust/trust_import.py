"""Takes master lists, directories (LDIF), certificates, revocation and deviation lists into a trust store.

Nothing is believed for having arrived: a master list needs a signer whose authority is trusted already (in
the store, or given as an anchor), a link certificate its predecessor, a revocation list its authority. What
is refused says why, one by one; what is accepted is one DER file each, so that any tool can read the store.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.asn1 import pem
from gate_agent.emrtd.coding.certificate import Certificate, CertificateError, parse_certificate
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.coding.oid import encoded
from gate_agent.emrtd.trust import ldif
from gate_agent.emrtd.trust.crl import CrlError, parse_crl
from gate_agent.emrtd.trust.deviation_list import DEVIATION_LIST, parse_deviation_list
from gate_agent.emrtd.trust.ldif import LdifError
from gate_agent.emrtd.trust.master_list import MASTER_LIST, MasterList, parse_master_list, verify_master_list
from gate_agent.emrtd.trust.passive_auth import authenticate
from gate_agent.emrtd.trust.trust import Refusal, TrustStore, with_revocations
from gate_agent.evidence import Outcome
from gate_agent.files import write_whole

_MAX_FILE_SIZE = ldif.MAX_SIZE
_SIGNED_DATA = encoded("1.2.840.113549.1.7.2")


@dataclass(slots=True)
class ImportReport:
    """What an import did: accepted by kind, how many were there already, and each refusal."""

    accepted: Counter[str] = field(default_factory=Counter[str])
    known: int = 0
    refused: list[Refusal] = field(default_factory=list[Refusal])

    @property
    def total(self) -> int:
        return self.accepted.total() + self.known + len(self.refused)

    def refusals_by_reason(self) -> Counter[str]:
        return Counter(refusal.reason for refusal in self.refused)

    def refuse(self, name: str, reason: str, detail: str) -> None:
        self.refused.append(Refusal(name, reason, detail))


@dataclass(slots=True)
class TrustImport:
    """One import into `store`. `files` maps names to the bytes that are to be written.

    `keep_signers`: document signers, too, where one of the store's authorities issued them. Few documents
    need it, and a directory has tens of thousands.
    """

    store: TrustStore
    at: datetime
    keep_signers: bool = False
    report: ImportReport = field(default_factory=ImportReport)
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    _pending: list[tuple[str, str, bytes]] = field(default_factory=list[tuple[str, str, bytes]])

    def add_anchor(self, name: str, raw: bytes) -> None:
        """An authority that the operator trusts by decision, whoever issued it."""
        self._add_certificates(name, [(name, der) for der in _certificates_in(raw)], vouched=True)

    def add(self, name: str, raw: bytes) -> None:
        """One file of any kind. Revocation and deviation lists wait for :meth:`finish`."""
        if _is_ldif(raw):
            self._add_ldif(name, raw)
        elif pem.detect(raw):
            self._add_certificates(name, [(name, der) for der in _certificates_in(raw)], vouched=False)
        else:
            self._add_der(name, _kind_of(raw), raw)

    def finish(self) -> ImportReport:
        """Judge what needs the authorities of all files: lists that revoke, lists that explain."""
        for name, kind, raw in self._pending:
            if kind == "crl":
                self._add_revocations(name, raw)
            elif kind == "signer":
                self._add_signer(name, raw)
            else:
                self._add_deviations(name, raw)
        self._pending.clear()
        return self.report

    # ------------------------------------------------------------ kinds of files

    def _add_ldif(self, name: str, raw: bytes) -> None:
        try:
            for value in ldif.parse_ldif(raw.decode("utf-8", "replace")):
                self._add_der(f"{name}:{value.line}", value.kind, value.value)
        except LdifError as error:
            self.report.refuse(name, "LDIF_MALFORMED", str(error))

    def _add_der(self, name: str, kind: str, raw: bytes) -> None:
        if kind == "master-list":
            self._add_master_list(name, raw)
        elif kind == "certificate":
            self._add_certificates(name, [(name, raw)], vouched=False)
        else:
            self._pending.append((name, kind, raw))

    def _add_master_list(self, name: str, raw: bytes) -> None:
        try:
            found = parse_master_list(raw)
        except FileError as error:
            self.report.refuse(name, error.reason, str(error))
            return
        verdict = verify_master_list(found, self.store, self.at)
        if verdict.outcome is not Outcome.PASSED:
            detail = f"{', '.join(verdict.reasons)}; give the issuer's CSCA as an anchor"
            self.report.refuse(name, "MASTER_LIST_NOT_TRUSTED", detail)
            return
        self._add_certificates(name, list(_numbered(name, found)), vouched=True)

    def _add_certificates(self, name: str, items: list[tuple[str, bytes]], *, vouched: bool) -> None:
        if not items:
            self.report.refuse(name, "CERTIFICATE_UNREADABLE", "holds no certificate")
        known = {anchor.fingerprint for anchor in self.store.anchors}
        accepted: list[Certificate] = []
        for where, raw in items:
            try:
                certificate = parse_certificate(raw)
                if self.keep_signers and not vouched and not certificate.is_ca and not _is_root(certificate):
                    self._pending.append((where, "signer", raw))  # its authority may come later
                    continue
                kind = self._judged(certificate, vouched)
            except CertificateError as error:
                self.report.refuse(where, error.reason, str(error))
                continue
            if certificate.fingerprint in known:
                self.report.known += 1
                continue
            known.add(certificate.fingerprint)
            accepted.append(certificate)
            self.report.accepted[kind] += 1
            self.files[f"{certificate.country or 'XX'}-{certificate.fingerprint[:16]}.der"] = raw
        self.store = replace(self.store, anchors=(*self.store.anchors, *accepted))

    def _judged(self, certificate: Certificate, vouched: bool) -> str:
        """``root`` or ``link``. Raises CertificateError with the reason for which it is neither."""
        if certificate.is_ca is False:
            raise CertificateError("is not a certification authority", reason="CERTIFICATE_NOT_CA")
        if _is_root(certificate):
            if not certificate.issued(certificate):
                raise CertificateError(
                    "does not verify under its own key", reason="CERTIFICATE_SELF_SIGNATURE_INVALID"
                )
            return "root"
        if not vouched and not certificate.is_ca:  # document signers do not say it either
            raise CertificateError("is not a certification authority", reason="CERTIFICATE_NOT_CA")
        if not vouched and not any(a.issued(certificate) for a in self.store.candidates(certificate)):
            raise CertificateError("was issued by nobody in the store", reason="CERTIFICATE_LINK_UNVERIFIED")
        return "link"

    def _add_revocations(self, name: str, raw: bytes) -> None:
        before = self.store
        if any(known.raw == raw for known in before.revocations):
            self.report.known += 1
            return
        self.store = with_revocations(replace(before, refused=()), [(name, raw)])
        self.report.refused.extend(self.store.refused)
        self.store = replace(self.store, refused=before.refused)
        if len(self.store.revocations) > len(before.revocations):
            self.report.accepted["revocation list"] += 1
            self.files[f"{self.store.revocations[-1].country or 'XX'}-{_digest(raw)}.crl"] = raw

    def _add_signer(self, name: str, raw: bytes) -> None:
        signer = parse_certificate(raw)
        if any(known.fingerprint == signer.fingerprint for known in self.store.signers):
            self.report.known += 1
        elif any(anchor.issued(signer) for anchor in self.store.candidates(signer)):
            self.store = replace(self.store, signers=(*self.store.signers, signer))
            self.report.accepted["document signer"] += 1
            self.files[f"{signer.country or 'XX'}-{signer.fingerprint[:16]}.dsc"] = raw
        else:
            self.report.refuse(name, "DOCUMENT_SIGNER_UNVERIFIED", "was issued by nobody in the store")

    def _add_deviations(self, name: str, raw: bytes) -> None:
        try:
            found = parse_deviation_list(raw)
        except FileError as error:
            self.report.refuse(name, error.reason, str(error))
            return
        verdict = authenticate(found.signed, self.store, self.at)
        if verdict.outcome is not Outcome.PASSED:
            self.report.refuse(name, "DEVIATION_LIST_NOT_TRUSTED", ", ".join(verdict.reasons))
            return
        self.store = replace(self.store, deviations=(*self.store.deviations, *found.deviations))
        self.report.accepted["deviation list"] += 1
        self.files[f"{found.deviations[0].country if found.deviations else 'XX'}-{_digest(raw)}.dl"] = raw


def _is_root(certificate: Certificate) -> bool:
    """Self-issued, with nothing in its identifiers that points elsewhere.

    Of real self-issued certificates, hundreds name another authority key: those are links between two keys
    of one authority, which bears the same name before and after.
    """
    elsewhere = certificate.authority_key_id not in (None, certificate.subject_key_id)
    return certificate.subject == certificate.issuer and not elsewhere


def _numbered(name: str, found: MasterList) -> Iterator[tuple[str, bytes]]:
    yield from ((f"{name}#{number}", raw) for number, raw in enumerate(found.certificates, 1))


def _certificates_in(raw: bytes) -> list[bytes]:
    if not pem.detect(raw):
        return [raw]
    try:
        return [der for kind, _, der in pem.unarmor(raw, multiple=True) if kind == "CERTIFICATE"]
    except ValueError:
        return []


def _is_ldif(raw: bytes) -> bool:
    return raw[:512].lstrip().lower().startswith((b"dn:", b"version:", b"#"))


def _kind_of(raw: bytes) -> str:
    """What a DER file is, by its first data objects; a certificate when it is nothing else."""
    if _SIGNED_DATA in raw[:32]:
        kinds = {"master-list": MASTER_LIST, "deviation-list": DEVIATION_LIST}
        for kind, identifiers in kinds.items():
            if any(encoded(identifier) in raw[:512] for identifier in identifiers):
                return kind
        return "certificate"
    try:
        tbs = tlv.parse_one(raw, limits=tlv.Limits(size=_MAX_FILE_SIZE)).children()[0]
        first = tlv.read_header(tbs.value)
    except (tlv.TlvError, IndexError):
        return "certificate"
    if first.tag == 0xA0:
        return "certificate"
    try:
        parse_crl(raw)
    except CrlError:
        return "certificate"
    return "crl"


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def write_store(directory: Path, files: dict[str, bytes]) -> None:
    """Add these files to the store; each appears whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        write_whole(directory / name, raw)
