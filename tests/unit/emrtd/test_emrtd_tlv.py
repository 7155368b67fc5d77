"""BER-TLV: what is accepted, what is refused and where, and the bounds that hold before parsing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.tlv import Limits, Tlv, TlvError


def test_ef_com_of_doc_9303_11_d4() -> None:
    raw = bytes.fromhex("60145F0104303130365F36063034303030305C026175")
    outer = tlv.parse_one(raw, 0x60)
    assert [(child.tag, child.value) for child in outer.children()] == [
        (0x5F01, b"0106"),
        (0x5F36, b"040000"),
        (0x5C, b"\x61\x75"),
    ]
    assert [child.start for child in outer.children()] == [2, 9, 18]


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths_round_trip(length: int) -> None:
    assert tlv.parse_one(tlv.encode(0x7F61, bytes(length))).value == bytes(length)


@pytest.mark.parametrize(
    ("raw", "what", "offset", "tag"),
    [
        ("60", "length is missing", 0, 0x60),
        ("6082", "cut off", 1, 0x60),
        ("6003AABB", "length says 3", 0, 0x60),
        ("6080", "not allowed", 1, 0x60),
        ("60850000000000", "not allowed", 1, 0x60),
        ("5F", "tag is cut off", 0, None),
        ("5F818182830100", "longer than three", 0, None),
        ("6084FFFFFFFF00", "length says 4294967295", 0, 0x60),
        ("01005F", "tag is cut off", 2, None),
    ],
)
def test_what_is_refused_names_tag_and_offset(raw: str, what: str, offset: int, tag: int | None) -> None:
    with pytest.raises(TlvError) as caught:
        tlv.parse(bytes.fromhex(raw))
    assert what in caught.value.what
    assert (caught.value.offset, caught.value.tag) == (offset, tag)


def test_offsets_of_nested_objects_count_from_the_outermost() -> None:
    raw = tlv.encode(0x30, tlv.encode(0x04, b"ab") + tlv.encode(0x31, b"\x04\x05x"))
    inner = tlv.parse_one(raw).children()[1]
    with pytest.raises(TlvError) as caught:
        inner.children()
    assert caught.value.offset == 8


def test_depth_count_and_size_are_bounded() -> None:
    bomb = b""
    for _ in range(20):
        bomb = tlv.encode(0x30, bomb)

    def dig(item: Tlv) -> None:
        for child in item.children():
            dig(child)

    with pytest.raises(TlvError, match="nested deeper than 8"):
        dig(tlv.parse_one(bomb))
    with pytest.raises(TlvError, match="more than 10 data objects"):
        tlv.parse(b"\x04\x00" * 11, limits=Limits(count=10))
    with pytest.raises(TlvError, match="at most 10 are allowed"):
        tlv.parse(bytes(11), limits=Limits(size=10))


def test_a_missing_child_names_its_parent() -> None:
    with pytest.raises(TlvError) as caught:
        tlv.parse_one(tlv.encode(0x61, b"")).require(0x5F1F)
    assert caught.value.tag == 0x61


def test_one_object_and_nothing_behind_it() -> None:
    with pytest.raises(TlvError):
        tlv.parse_one(b"\x04\x00\x04\x00")
    with pytest.raises(TlvError):
        tlv.parse_one(b"")
    with pytest.raises(TlvError):
        tlv.parse_one(b"\x04\x00", 0x05)


TAGS = st.sampled_from([0x02, 0x04, 0x30, 0x5C, 0x5F1F, 0x5F2E, 0x60, 0x77, 0x7F60, 0x7F61, 0x7F8101])


@given(st.lists(st.tuples(TAGS, st.binary(max_size=300)), max_size=12))
def test_what_is_encoded_is_parsed(objects: list[tuple[int, bytes]]) -> None:
    raw = b"".join(tlv.encode(tag, value) for tag, value in objects)
    assert [(item.tag, item.value) for item in tlv.parse(raw)] == objects


@given(st.binary(max_size=200))
def test_any_bytes_are_objects_or_a_tlv_error(raw: bytes) -> None:
    def walk(items: tuple[Tlv, ...]) -> None:
        for item in items:
            assert raw[item.value_start : item.value_start + len(item.value)] == item.value
            with suppress(TlvError):  # a value need not be objects
                walk(item.children())

    try:
        walk(tlv.parse(raw))
    except TlvError as error:
        assert 0 <= error.offset <= len(raw)
