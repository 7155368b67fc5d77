"""Every reason code of this room. Their words are in `gate_agent/words`."""

from __future__ import annotations

REASONS = frozenset(
    {
        # reaching the chip
        "CHIP_UNREADABLE",
        "CHIP_TIMEOUT",
        "CHIP_READING_INTERRUPTED",
        "CARD_LOST",
        "READER_FAULT",
        # opening it
        "CHIP_ACCESS_DENIED",
        "CHIP_ACCESS_UNSUPPORTED",
        "PACE_DOWNGRADE",
        "PACE_UNSUPPORTED",
        "CARD_ACCESS_ALTERED",
        "CHIP_CHANNEL_LOST",
        "CHIP_CHANNEL_TAMPERED",
        # its files
        "CHIP_FILE_MISSING",
        "CHIP_FILE_UNREADABLE",
        "CHIP_FILE_MALFORMED",
        "CHIP_FILE_TOO_LARGE",
        # who signed it
        "SOD_MALFORMED",
        "SOD_DIGEST_MISMATCH",
        "SOD_SIGNATURE_INVALID",
        "SOD_SIGNED_IN_FUTURE",
        "DSC_MISSING",
        "DSC_NOT_FOR_SIGNING",
        "DSC_SIGNATURE_INVALID",
        "DSC_COUNTRY_MISMATCH",
        "DSC_EXPIRED_AT_SIGNING",
        "DSC_NOT_YET_VALID_AT_SIGNING",
        "DSC_REVOKED",
        "CSCA_UNKNOWN",
        "CSCA_EXPIRED_AT_SIGNING",
        "CSCA_NOT_YET_VALID_AT_SIGNING",
        "CERTIFICATE_MALFORMED",
        "CERTIFICATE_NOT_CA",
        "CERTIFICATE_UNREADABLE",
        "CERTIFICATE_SELF_SIGNATURE_INVALID",
        "DOCUMENT_SIGNER_UNVERIFIED",
        "CERTIFICATE_LINK_UNVERIFIED",
        "CRL_MALFORMED",
        "CRL_ISSUER_UNKNOWN",
        "MASTER_LIST_MALFORMED",
        "MASTER_LIST_NOT_TRUSTED",
        "DEVIATION_LIST_MALFORMED",
        "DEVIATION_LIST_NOT_TRUSTED",
        "LDIF_MALFORMED",
        "ALGORITHM_UNSUPPORTED",
        "CURVE_UNKNOWN",
        "KEY_INVALID",
        # whether it is the chip that was issued
        "CHIP_NOT_GENUINE",
        "CHIP_KEY_NOT_AUTHENTIC",
        "CHIP_KEY_UNUSABLE",
        "TERMINAL_NOT_ACCEPTED",
        "TERMINAL_CERTIFICATE_EXPIRED",
        # whether it is all one document
        "DG_HASH_MISMATCH",
        "DG_NOT_IN_SOD",
        "DG1_MRZ_MISMATCH",
        "MRZ_NOT_READ",
    }
)
