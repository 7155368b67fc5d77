"""Coverage-guided fuzzing of a picture's header: ``python tests/fuzz/fuzz_chip_portrait.py [corpus]``.

Every format that is known. Needs atheris. Only header and parts are looked at, as the agent does before any
decoder sees the picture: an ImageHeader, whose size is for the caller to judge, or an ImageError.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.image_header"]):
    from gate_agent.image_header import ImageError, check_parts, read_header


def one_input(data: bytes) -> None:
    try:
        header = read_header(data)
        check_parts(header, data, 32_000_000)
    except ImageError as error:
        assert error.what
    else:
        assert min(header.columns, header.rows, header.components, header.bits) >= 0


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
