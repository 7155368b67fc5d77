"""Certificate revocation lists of a CSCA (Doc 9303-12 §7.1.4, RFC 5280 §5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from asn1crypto import core, crl, x509

from gate_simulators.issuer.certificates import Credential

PERIOD = timedelta(days=90)
"""Doc 9303-12 §5: a list is issued at least every 90 days."""


def revocation_list(issuer: Credential, revoked: Iterable[Credential], at: datetime, number: int) -> bytes:
    """The list in DER, issued on `at`; every revoked certificate as of the day before."""
    algorithm = issuer.scheme.algorithm()
    entries = [
        {
            "user_certificate": credential.certificate.serial_number,
            "revocation_date": _time(at - timedelta(days=1)),
        }
        for credential in revoked
    ]
    authority = {"key_identifier": issuer.certificate.key_identifier}
    listed = crl.TbsCertList(
        {
            "version": "v2",
            "signature": algorithm,
            "issuer": issuer.certificate.subject,
            "this_update": _time(at),
            "next_update": _time(at + PERIOD),
            # RFC 5280 §5.1.2.6: absent, not empty, when nothing is revoked.
            **({"revoked_certificates": entries} if entries else {}),
            "crl_extensions": [
                {"extn_id": "authority_key_identifier", "critical": False, "extn_value": authority},
                {"extn_id": "crl_number", "critical": False, "extn_value": number},
            ],
        }
    )
    signed = crl.CertificateList(
        {
            "tbs_cert_list": listed,
            "signature_algorithm": algorithm,
            "signature": issuer.scheme.sign(issuer.key, listed.dump()),
        }
    )
    return signed.dump()


def _time(at: datetime) -> x509.Time:
    return x509.Time(name="utc_time", value=core.UTCTime(at))
