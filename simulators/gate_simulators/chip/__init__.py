"""A passport chip, card side: serves an LDS over APDUs (Doc 9303-10 and -11)."""

from gate_simulators.chip.card import Chip
from gate_simulators.chip.profile import PROFILES, ChipProfile

__all__ = ["PROFILES", "Chip", "ChipProfile"]
