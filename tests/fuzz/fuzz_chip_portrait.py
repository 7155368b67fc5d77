"""Coverage-guided fuzzing of a portrait's header: ``python tests/fuzz/fuzz_chip_portrait.py [corpus]``.

JPEG and JPEG 2000. Needs atheris. Only the header is read, as the gate does before any decoder sees the
picture: a PortraitHeader, whose size and components are for the caller to judge, or a PortraitError.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.biometrics.face.portrait"]):
    from gate_agent.biometrics.face.errors import PortraitError
    from gate_agent.biometrics.face.portrait import read_header


def one_input(data: bytes) -> None:
    try:
        header = read_header(data)
    except PortraitError as error:
        assert error.what
    else:
        assert min(header.width, header.height, header.components, header.bits) >= 0


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
