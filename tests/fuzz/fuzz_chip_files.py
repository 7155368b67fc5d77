"""Coverage-guided fuzzing of all that comes in files: ``python fuzz_chip_files.py TARGET [corpus]``.

TARGET is one of the families below; within one the first byte chooses the parser. Needs atheris. A value or
the room's own error; nothing else may escape. ``chip_seeds.py`` writes a corpus to begin with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.emrtd", "asn1crypto"]):
    from gate_agent.emrtd.chip import card_files, cvc
    from gate_agent.emrtd.chip.active_auth import parse_dg15
    from gate_agent.emrtd.chip.agreement_keys import parse_agreement_key
    from gate_agent.emrtd.chip.terminal_auth import parse_cvca
    from gate_agent.emrtd.coding import certificate
    from gate_agent.emrtd.coding.signatures import AlgorithmError
    from gate_agent.emrtd.lds import biometrics, details, lds, lds_files
    from gate_agent.emrtd.lds.sod import parse_sod
    from gate_agent.emrtd.trust import crl, ldif
    from gate_agent.emrtd.trust.deviation_list import parse_deviation_list
    from gate_agent.emrtd.trust.master_list import parse_master_list
    from gate_agent.errors import BadInput

Parser = Callable[[bytes], object]

TARGETS: dict[str, tuple[Parser, ...]] = {
    "lds": (
        lds.parse_com,
        lds.parse_dg1,
        lds.parse_dg2,
        details.parse_dg11,
        details.parse_dg12,
        details.parse_dg16,
        lambda raw: details.parse_images(7, raw),
        lambda raw: biometrics.parse_templates(3, raw),
    ),
    "signed": (
        parse_sod,
        parse_master_list,
        parse_deviation_list,
        card_files.parse_card_security,
        certificate.parse_certificate,
        crl.parse_crl,
    ),
    "card_access": (
        card_files.parse_card_access,
        card_files.parse_atr_info,
        lds_files.parse_dg14,
        parse_dg15,
        parse_agreement_key,
    ),
    "cvc": (cvc.parse_certificate, parse_cvca),
    "ldif": (lambda raw: list(ldif.parse_ldif(raw.decode("utf-8", "replace"))),),
}


def one_input(parsers: tuple[Parser, ...], data: bytes) -> None:
    if not data:
        return
    try:
        parsers[data[0] % len(parsers)](data[1:])
    except (BadInput, AlgorithmError) as error:
        assert error.what


def main(arguments: list[str]) -> None:
    if len(arguments) < 2 or arguments[1] not in TARGETS:
        sys.exit(f"which of {', '.join(TARGETS)}?")
    parsers = TARGETS[arguments.pop(1)]
    atheris.Setup(arguments, lambda data: one_input(parsers, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
