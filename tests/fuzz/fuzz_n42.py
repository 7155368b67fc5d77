"""Coverage-guided fuzzing of the N42.42 reader: ``python tests/fuzz/fuzz_n42.py [corpus]``.

Needs atheris. Any bytes must be a document or an N42Error that names its field; what is read must be
writable or refused with an N42Error too.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.radiation"]):
    from gate_agent.radiation.errors import N42Error
    from gate_agent.radiation.n42 import read, write


def one_input(data: bytes) -> None:
    try:
        write(read(data))
    except N42Error as error:
        assert error.field


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
