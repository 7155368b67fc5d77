"""Coverage-guided fuzzing of the machine readable zone parser: ``python tests/fuzz/fuzz_mrz.py [corpus]``.

Needs atheris. Any text must be a zone or an MrzError that names its field; nothing else may escape.
"""

from __future__ import annotations

import sys
from datetime import date

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.emrtd"]):
    from gate_agent.emrtd.lds.mrz import MrzError, parse, split_lines

TODAY = date(2026, 6, 1)


def one_input(data: bytes) -> None:
    text = data.decode("latin-1")
    try:
        zone = parse(text.split("\n") if "\n" in text else split_lines(text))
        zone.key()
        zone.born_between(TODAY)
        zone.expires(TODAY)
    except MrzError as error:
        assert error.field


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
