"""Passive authentication: is what the chip holds what its state signed? (Doc 9303-11 §5.1)

Signature of EF.SOD by the document signer, the signer's certificate by a trusted CSCA, validity of
both when the document was signed, and the hash of every file read. Each way to fail has its own
reason; nothing raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.constant_time import bytes_eq

from gate_agent.emrtd.coding.certificate import Certificate
from gate_agent.emrtd.coding.cms import SignedObject, Signer
from gate_agent.emrtd.coding.signatures import digest, verify
from gate_agent.emrtd.lds.sod import SecurityObject
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.evidence import CheckResult, Outcome, Scalar

CLAUSE = "Doc 9303-11 §5.1"

_CLOCK_SKEW = timedelta(days=1)


@dataclass(slots=True)
class _Findings:
    """What was found out about one signer."""

    reasons: list[str] = field(default_factory=list[str])
    measured: dict[str, Scalar] = field(default_factory=dict[str, Scalar])


def authenticate(signed: SignedObject, trust: TrustStore, at: datetime) -> CheckResult:
    """The check ``passive_authentication``: signature, chain and validity; one good signer suffices."""
    judged = [_judge(signed, signer, trust, at) for signer in signed.signers]
    best = min(judged, key=lambda findings: len(findings.reasons))
    return CheckResult(
        check="passive_authentication",
        outcome=Outcome.FAILED if best.reasons else Outcome.PASSED,
        reasons=tuple(best.reasons),
        measured=best.measured,
        versions={"trust_store": trust.version},
        clause=CLAUSE,
    )


def _judge(signed: SignedObject, signer: Signer, trust: TrustStore, at: datetime) -> _Findings:
    findings = _Findings()
    findings.measured["signature_algorithm"] = str(signer.scheme)
    signed_at = signer.signing_time
    findings.measured["signing_time"] = "not stated" if signed_at is None else signed_at.date().isoformat()
    # Documents of the first years leave the signer's certificate to the directory (Doc 9303-12 §6).
    certificate = next((c for c in (*signed.certificates, *trust.signers) if signer.is_by(c)), None)
    if certificate is None:
        findings.reasons.append(signed.unusable[0] if signed.unusable else "DSC_MISSING")
        return findings
    _check_signature(findings, signed, signer, certificate)
    if certificate.may_sign_data is False or certificate.is_ca is True:
        findings.reasons.append("DSC_NOT_FOR_SIGNING")
    if signed_at is not None and signed_at > at + _CLOCK_SKEW:
        findings.reasons.append("SOD_SIGNED_IN_FUTURE")
    # Doc 9303-12 §4: certificates need only be valid when they were used. Most documents do not say when
    # they were signed; a signer's certificate lives as long as the documents, so today stands in.
    moment = at if signed_at is None else signed_at
    _check_validity(findings, certificate, moment, "DSC")
    _check_chain(findings, certificate, trust, moment, at)
    return findings


def _check_signature(
    findings: _Findings, signed: SignedObject, signer: Signer, certificate: Certificate
) -> None:
    content_digest = digest(signer.digest_algorithm, signed.content)
    if signer.content_type != signed.content_type or not bytes_eq(content_digest, signer.message_digest):
        findings.reasons.append("SOD_DIGEST_MISMATCH")
    genuine = any(
        verify(certificate.key, signer.scheme, signer.signature, form) for form in signer.attribute_forms
    )
    findings.measured["signature_valid"] = genuine
    if not genuine:
        findings.reasons.append("SOD_SIGNATURE_INVALID")


def _check_chain(
    findings: _Findings, signer: Certificate, trust: TrustStore, moment: datetime, at: datetime
) -> None:
    issuers = [anchor for anchor in trust.candidates(signer) if anchor.issued(signer)]
    findings.measured["chain_valid"] = bool(issuers)
    findings.measured["signer_country"] = signer.country
    if not issuers:
        # A known key named as issuer, yet not its signature, is a forgery rather than a gap in the list.
        forged = bool(trust.named_by(signer))
        findings.reasons.append("DSC_SIGNATURE_INVALID" if forged else "CSCA_UNKNOWN")
        return
    issuer = next((anchor for anchor in issuers if anchor.valid_at(moment)), issuers[0])
    findings.measured["csca_subject_sha256"] = issuer.subject_hash
    findings.measured["csca_algorithm"] = str(signer.scheme)
    if issuer.country != signer.country:
        findings.reasons.append("DSC_COUNTRY_MISMATCH")
    _check_validity(findings, issuer, moment, "CSCA")
    _check_revocation(findings, signer, issuer, trust, at)


def _check_revocation(
    findings: _Findings, signer: Certificate, issuer: Certificate, trust: TrustStore, at: datetime
) -> None:
    """Whether the authority revoked the signer. A list past its date still names whom it names."""
    known = trust.revocation_list(issuer)
    if known is None:
        findings.measured["revocation_list"] = "none"
        return
    findings.measured["revocation_list"] = "stale" if known.is_stale(at) else "current"
    if signer.serial in known.revoked:
        findings.reasons.append("DSC_REVOKED")


def _check_validity(findings: _Findings, certificate: Certificate, moment: datetime, whose: str) -> None:
    if moment > certificate.not_after:
        findings.reasons.append(f"{whose}_EXPIRED_AT_SIGNING")
    elif moment < certificate.not_before:
        findings.reasons.append(f"{whose}_NOT_YET_VALID_AT_SIGNING")


def compare_hashes(sod: SecurityObject, files: Mapping[int, bytes], listed: tuple[int, ...]) -> CheckResult:
    """The check ``dg_hashes``: every data group read, over its raw bytes, and every one EF.COM lists.

    `files` are the data groups read, by number. The result means nothing unless passive
    authentication passed: a forger makes matching hashes too.
    """
    reasons: list[str] = []
    measured: dict[str, Scalar] = {"hash_algorithm": sod.hash_algorithm}
    for number, raw in sorted(files.items()):
        expected = sod.hashes.get(number)
        matches = expected is not None and bytes_eq(digest(sod.hash_algorithm, raw), expected)
        measured[f"dg{number}"] = "match" if matches else ("not signed" if expected is None else "mismatch")
        if expected is None:
            reasons.append("DG_NOT_IN_SOD")
        elif not matches:
            reasons.append("DG_HASH_MISMATCH")
    if any(number not in sod.hashes for number in listed):
        reasons.append("DG_NOT_IN_SOD")
    return CheckResult(
        check="dg_hashes",
        outcome=Outcome.FAILED if reasons else Outcome.PASSED,
        reasons=tuple(dict.fromkeys(reasons)),
        measured=measured,
        clause=CLAUSE,
    )
