"""The Merkle log against published vectors, then against the definition in RFC 6962 §2.1."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.journal.merkle import (
    EMPTY_ROOT,
    Frontier,
    chain_link,
    chain_start,
    hash_at,
    leaf_hash,
    node_hash,
    peak_places,
)

# The test vectors of the Certificate Transparency reference implementation.
LEAVES = [
    bytes.fromhex(x)
    for x in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_head(leaves: list[bytes]) -> bytes:
    """MTH as the RFC defines it: split at the largest power of two below n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_head(leaves[:split]), tree_head(leaves[split:]))


def test_empty_log() -> None:
    assert Frontier().root() == EMPTY_ROOT == tree_head([])


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier, _ = frontier.append(leaf_hash(leaf))
    assert frontier.root().hex() == ROOTS[size - 1]


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_frontier_has_the_root_of_the_whole_tree(leaves: list[bytes]) -> None:
    frontier = Frontier()
    for leaf in leaves:
        frontier, _ = frontier.append(leaf_hash(leaf))
    assert frontier.root() == tree_head(leaves)


@given(st.integers(1, 200))
def test_peaks_are_found_again_among_the_completed_hashes(size: int) -> None:
    frontier, stored = Frontier(), []
    for number in range(size):
        frontier, completed = frontier.append(leaf_hash(b"%d" % number))
        stored.append(completed)
    peaks = tuple(hash_at(stored[seq - 1], level) for seq, level in peak_places(size))
    assert peaks == frontier.peaks
    assert len(b"".join(stored)) < 2 * 32 * size, "every node of the tree is stored once"


def test_leaf_node_and_link_never_collide() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert len({node_hash(left, right), leaf_hash(left + right), chain_link(left, right)}) == 3


@given(st.text("abc", min_size=1), st.integers(0, 99), st.text("abc", min_size=1), st.integers(0, 99))
def test_each_log_has_a_chain_of_its_own(one: str, epoch: int, other: str, later: int) -> None:
    assert (chain_start(one, epoch) == chain_start(other, later)) == ((one, epoch) == (other, later))
