"""Which record to send next: go-back-N with cumulative acknowledgements, without I/O or clock.

At most `size` records are on the way. Progress is an acknowledgement beyond the last one; none for
`patience` seconds, or word of a gap, and sending begins again behind the last acknowledged record.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SendWindow:
    """Everything up to `acknowledged` is at the hub; everything up to `sent` is on its way."""

    size: int
    patience: float
    acknowledged: int = 0
    sent: int = 0
    progress_at: float = 0.0
    rewinds: int = 0
    gap_seen_at: int = -1

    @property
    def room(self) -> int:
        return self.size - (self.sent - self.acknowledged)

    def sending(self, seq: int, now: float) -> None:
        """`seq` goes out now. Numbers before it that were never sent are held by nobody any more."""
        if self.sent == self.acknowledged:
            self.acknowledged = seq - 1
            self.progress_at = now
        self.sent = seq

    def acknowledge(self, upto: int, now: float) -> bool:
        """The hub has everything up to `upto`. False when that is no news."""
        if upto <= self.acknowledged:
            return False
        self.acknowledged = upto
        self.sent = max(self.sent, upto)
        self.progress_at = now
        return True

    def stalled(self, now: float) -> bool:
        return self.sent > self.acknowledged and now - self.progress_at >= self.patience

    def rewind(self, now: float) -> None:
        """Forget what was sent but not acknowledged."""
        self.sent = self.acknowledged
        self.progress_at = now
        self.rewinds += 1

    def gap(self, now: float) -> None:
        """The hub got a later record before the next one: send again, once for each place.

        Every record already on its way behind the missing one causes the same word again; when
        the repetition is lost as well, patience brings the next one.
        """
        if self.gap_seen_at != self.acknowledged:
            self.gap_seen_at = self.acknowledged
            self.rewind(now)

    def due(self, now: float) -> float:
        """Seconds until ``stalled``; infinity while nothing is on the way."""
        if self.sent == self.acknowledged:
            return float("inf")
        return max(0.0, self.progress_at + self.patience - now)
