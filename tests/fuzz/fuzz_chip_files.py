"""Coverage-guided fuzzing of all that comes in files: ``python tests/fuzz/fuzz_chip_files.py [corpus]``.

The first byte chooses the parser: data groups, SecurityInfos, CMS objects, certificates, revocation lists,
card verifiable certificates, LDIF. Needs atheris. A value or the room's own error; nothing else may escape.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.emrtd", "asn1crypto"]):
    from gate_agent.emrtd import biometrics, card_files, certificate, crl, cvc, details, ldif, lds, lds_files
    from gate_agent.emrtd.active_auth import parse_dg15
    from gate_agent.emrtd.agreement_keys import parse_agreement_key
    from gate_agent.emrtd.deviation_list import parse_deviation_list
    from gate_agent.emrtd.master_list import parse_master_list
    from gate_agent.emrtd.signatures import AlgorithmError
    from gate_agent.emrtd.sod import parse_sod
    from gate_agent.emrtd.terminal_auth import parse_cvca
    from gate_agent.errors import BadInput

PARSERS: tuple[Callable[[bytes], object], ...] = (
    lds.parse_com,
    lds.parse_dg1,
    lds.parse_dg2,
    details.parse_dg11,
    details.parse_dg12,
    details.parse_dg16,
    lambda raw: details.parse_images(7, raw),
    lambda raw: biometrics.parse_templates(3, raw),
    lds_files.parse_dg14,
    parse_dg15,
    card_files.parse_card_access,
    card_files.parse_card_security,
    card_files.parse_dir,
    card_files.parse_atr_info,
    parse_sod,
    parse_master_list,
    parse_deviation_list,
    certificate.parse_certificate,
    crl.parse_crl,
    cvc.parse_certificate,
    parse_cvca,
    parse_agreement_key,
    lambda raw: list(ldif.parse_ldif(raw.decode("utf-8", "replace"))),
)


def one_input(data: bytes) -> None:
    if not data:
        return
    try:
        PARSERS[data[0] % len(PARSERS)](data[1:])
    except (BadInput, AlgorithmError) as error:
        assert error.what


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
