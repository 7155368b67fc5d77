"""How long to wait before the next attempt: exponential, bounded, with jitter. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double from `first_s` to at most `last_s`, seconds."""

    first_s: float
    last_s: float

    def pause(self, failures: int, chance: float) -> float:
        """The pause after so many failed attempts before this one, seconds.

        `chance` (0..1, random) picks it between half of the first pause and the limit: with full jitter
        stations and devices that were lost together do not all knock again together.
        """
        limit = min(self.last_s, self.first_s * 2.0 ** min(failures, 32))
        shortest = self.first_s / 2
        return shortest + (limit - shortest) * chance
