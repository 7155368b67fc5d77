"""Coverage-guided fuzzing of weighing terminals' lines: ``python tests/fuzz/fuzz_scale.py [corpus]``.

Needs atheris. Any bytes in any protocol must be readings or errors that name a field; no weight is too heavy
for a vehicle, and what is out of range has none.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_drivers.sensors", "gate_drivers.wire"]):
    from gate_drivers.sensors.scale_patterns import PRESETS, line_pattern, pattern_decoder
    from gate_drivers.sensors.scale_protocols import HEAVIEST_KG, ToledoDecoder, line_decoder

from gate_agent.devices import WeightReading

PATTERNS = [line_pattern(name, unit="kg", unmarked="gross") for name in sorted(PRESETS)]


def one_input(data: bytes) -> None:
    decoders = [
        ToledoDecoder(checksum=False),
        line_decoder("mt-sics"),
        line_decoder("lines"),
        *map(pattern_decoder, PATTERNS),
    ]
    for decoder in decoders:
        for item in decoder.feed(data, 1.0):
            if not isinstance(item, WeightReading):
                assert item.field
            elif item.kg is None:
                assert not item.stable
            else:
                assert abs(item.kg) <= HEAVIEST_KG
                assert not item.out_of_range


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
