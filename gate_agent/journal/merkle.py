"""The append-only Merkle log of RFC 6962 §2.1, and the hash chain beside it.

The tree lets the hub, as a witness, compare one 32-byte root and know that every record up to it
is the same; the chain lets a reader who has only two neighbouring records see that nothing was
taken out between them.

A :class:`Frontier` is the compact range of the whole log: the roots of its perfect subtrees.
Appending needs nothing else, so it costs O(log n) hashes. Each append also *completes* some perfect
subtrees; keeping those hashes with the record that completed them stores every node of the tree
once, and any frontier can be read back in O(log n) look-ups (:func:`peak_places`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 §2.1: MTH({d(0)}) = SHA-256(0x00 || d(0))."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 §2.1: SHA-256(0x01 || MTH(left) || MTH(right))."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def chain_start(station: str, epoch: int) -> bytes:
    """The link before the first record: binds the chain to its station and epoch."""
    return hashlib.sha256(b"\x03gate-agent journal\x00%b\x00%d" % (station.encode(), epoch)).digest()


def chain_link(previous: bytes, leaf: bytes) -> bytes:
    """SHA-256(0x02 || previous link || leaf hash); 0x02 keeps links apart from leaves and nodes."""
    return hashlib.sha256(b"\x02" + previous + leaf).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The perfect subtrees of a log of `size` records, largest (leftmost) first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple[Frontier, bytes]:
        """The frontier after one more leaf, and the hashes it completed: leaf, parent, …, peak."""
        completed = [leaf]
        peaks = list(self.peaks)
        # As in binary addition: every trailing 1 of the size is a subtree that now gets its sibling.
        carry = self.size
        while carry & 1:
            leaf = node_hash(peaks.pop(), leaf)
            completed.append(leaf)
            carry >>= 1
        peaks.append(leaf)
        return Frontier(self.size + 1, tuple(peaks)), b"".join(completed)

    def root(self) -> bytes:
        """MTH(D[n]): the peaks folded from the right."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def peak_places(size: int) -> tuple[tuple[int, int], ...]:
    """Where the peaks of a log of `size` lie: (record number from 1, level), largest first."""
    places: list[tuple[int, int]] = []
    end = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            end += 1 << level
            places.append((end, level))
    return tuple(places)


def hash_at(completed: bytes, level: int) -> bytes:
    """The hash at `level` among those that one record completed (level 0 is its leaf)."""
    return completed[level * HASH_SIZE : (level + 1) * HASH_SIZE]
