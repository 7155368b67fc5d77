"""Every reason code of this room, in words that an officer at the desk understands."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        # reaching the chip
        "CHIP_UNREADABLE": "The chip does not answer as a passport chip.",
        "CHIP_TIMEOUT": "The chip answered too slowly.",
        "CHIP_READING_INTERRUPTED": "Reading the chip was broken off.",
        "CARD_LOST": "The document was moved away while its chip was being read.",
        "READER_FAULT": "The chip reader failed.",
        # opening it
        "CHIP_ACCESS_DENIED": "The chip does not accept the printed lines: they do not belong to this chip.",
        "CHIP_ACCESS_UNSUPPORTED": "The chip does not offer the access procedure that the gate knows.",
        "PACE_DOWNGRADE": "The chip was opened by a weaker procedure than the one it offers.",
        "PACE_UNSUPPORTED": "The chip offers its better access procedure in a form unknown to this gate.",
        "CARD_ACCESS_ALTERED": "The chip's access procedures are not those that its issuer signed.",
        "CHIP_CHANNEL_LOST": "The chip ended the protected conversation.",
        "CHIP_CHANNEL_TAMPERED": "An answer of the chip was altered on its way.",
        # its files
        "CHIP_FILE_MISSING": "A file that every passport must have is not on the chip.",
        "CHIP_FILE_UNREADABLE": "The chip refuses to give a file that it must give.",
        "CHIP_FILE_MALFORMED": "A file of the chip is damaged or not built as the standard says.",
        "CHIP_FILE_TOO_LARGE": "A file of the chip is larger than any passport's.",
        # who signed it
        "SOD_MALFORMED": "The chip's signature file is damaged or not built as the standard says.",
        "SOD_DIGEST_MISMATCH": "The list of file fingerprints was altered after it was signed.",
        "SOD_SIGNATURE_INVALID": "The issuer's signature on the chip's data is not genuine.",
        "SOD_SIGNED_IN_FUTURE": "The chip's data claim to have been signed in the future.",
        "DSC_MISSING": "The chip does not say which document signer signed it.",
        "DSC_NOT_FOR_SIGNING": "The signer's certificate may not be used to sign documents.",
        "DSC_SIGNATURE_INVALID": "The signer's certificate names a trusted authority that did not issue it.",
        "DSC_COUNTRY_MISMATCH": "The signer's certificate is of another country than its authority.",
        "DSC_EXPIRED_AT_SIGNING": "The signer's certificate had expired when the document was signed.",
        "DSC_NOT_YET_VALID_AT_SIGNING": "The signer's certificate was not valid yet at signing.",
        "DSC_REVOKED": "The issuing authority has withdrawn the signer's certificate.",
        "CSCA_UNKNOWN": "The issuing authority is not among those that this gate trusts.",
        "CSCA_EXPIRED_AT_SIGNING": "The issuing authority's certificate had expired at signing.",
        "CSCA_NOT_YET_VALID_AT_SIGNING": "The issuing authority's certificate was not valid yet at signing.",
        "CERTIFICATE_MALFORMED": "A certificate is damaged or not built as the standard says.",
        "CERTIFICATE_NOT_CA": "A certificate in the trust list does not belong to an issuing authority.",
        "CERTIFICATE_UNREADABLE": "A file in the trust list cannot be read.",
        "CERTIFICATE_SELF_SIGNATURE_INVALID": "A root certificate in the trust list does not verify.",
        "DOCUMENT_SIGNER_UNVERIFIED": "A document signer was issued by nobody in the trust list.",
        "CERTIFICATE_LINK_UNVERIFIED": "A certificate in the trust list was issued by nobody in it.",
        "CRL_MALFORMED": "A revocation list is damaged or not built as the standard says.",
        "CRL_ISSUER_UNKNOWN": "A revocation list was signed by no authority that this gate trusts.",
        "MASTER_LIST_MALFORMED": "A list of authorities is damaged or not built as the standard says.",
        "MASTER_LIST_NOT_TRUSTED": "Nobody whom this gate trusts vouches for a list of authorities.",
        "DEVIATION_LIST_MALFORMED": "A list of known defects is damaged or not built as the standard says.",
        "DEVIATION_LIST_NOT_TRUSTED": "Nobody whom this gate trusts vouches for a list of known defects.",
        "LDIF_MALFORMED": "A directory file is not built as the standard says.",
        "ALGORITHM_UNSUPPORTED": "The signature uses a procedure that this gate does not accept.",
        "CURVE_UNKNOWN": "A certificate uses an elliptic curve that this gate does not accept.",
        "KEY_INVALID": "A certificate holds a key that is not valid.",
        # whether it is the chip that was issued
        "CHIP_NOT_GENUINE": "The chip cannot prove that it is the one that was issued: it may be a copy.",
        "CHIP_KEY_NOT_AUTHENTIC": "The chip proved a key that no trusted issuer vouches for.",
        "CHIP_KEY_UNUSABLE": "The key with which the chip should prove itself cannot be used.",
        "TERMINAL_NOT_ACCEPTED": "The chip does not accept this station's certificates.",
        "TERMINAL_CERTIFICATE_EXPIRED": "This station's own certificate has expired.",
        # whether it is all one document
        "DG_HASH_MISMATCH": "A file of the chip was altered after it was signed.",
        "DG_NOT_IN_SOD": "The chip holds a file that its issuer did not sign.",
        "DG1_MRZ_MISMATCH": "The chip and the printed page name different data.",
        "MRZ_NOT_READ": "The printed lines were not read, so that they cannot be compared.",
    }
)
