"""Coverage-guided fuzzing of BER-TLV and the files made of it: ``python tests/fuzz/fuzz_tlv.py [corpus]``.

Needs atheris. Any bytes must parse or raise TlvError / FileError; nothing else may escape.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.emrtd", "asn1crypto"]):
    from gate_agent.emrtd.coding import tlv
    from gate_agent.emrtd.coding.errors import FileError
    from gate_agent.emrtd.lds import lds
    from gate_agent.emrtd.lds.sod import parse_sod


def walk(items: tuple[tlv.Tlv, ...]) -> None:
    for item in items:
        if item.constructed:
            walk(item.children())


def one_input(data: bytes) -> None:
    try:
        walk(tlv.parse(data))
    except tlv.TlvError:
        return
    for parse in (lds.parse_com, lds.parse_dg1, lds.parse_dg2, parse_sod):
        try:
            parse(data)
        except FileError as error:
            assert error.field


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
