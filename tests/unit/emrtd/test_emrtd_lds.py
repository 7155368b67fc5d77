"""The logical data structure: reference data sets, the simulated issuer's files, and malformed ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.emrtd.chip.card_files import AtrInfo, parse_atr_info, parse_card_access
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.files import ElementaryFile, ReadingHabits, read_file
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.lds.biometrics import parse_templates
from gate_agent.emrtd.lds.details import parse_dg11, parse_dg12, parse_dg16, parse_images
from gate_agent.emrtd.lds.lds import ImageFormat, parse_dg2
from gate_agent.emrtd.lds.lds_files import DATA_GROUPS, parse_dg14
from gate_agent.emrtd.lds.security_infos import parse_security_infos
from gate_simulators.issuer import optional_groups
from gate_simulators.issuer.passports import PassportOffice

DATA = Path(os.environ.get("GATE_AGENT_TEST_DATA", "/nonexistent"))
H = bytes.fromhex


def sample(*parts: str) -> bytes:
    path = DATA.joinpath("emrtd", *parts)
    if not path.is_file():
        pytest.skip(f"{path.name} is not here (GATE_AGENT_TEST_DATA)")
    return path.read_bytes()


# ---------------------------------------------------------------- data that others made


@pytest.mark.parametrize(("name", "size"), [("AllFields", (572, 731)), ("MandFields", (0, 0))])
def test_faces_in_iso_iec_39794(name: str, size: tuple[int, int]) -> None:
    portrait = parse_dg2(sample("iso39794", f"ICAO_39794_5_AP_DG2_{name}.dat"))
    assert portrait.format is ImageFormat.JP2
    assert (portrait.width, portrait.height) == size


def test_details_of_the_reference_data_set() -> None:
    person = parse_dg11(sample("bsi_silver", "EF_DG11.bin"))
    assert (person.first("full_name"), person.first("date_of_birth")) == ("Doe John", "19700101")
    assert person.texts["other_name"] == ("William",)
    document = parse_dg12(sample("bsi_silver", "EF_DG12.bin"))
    assert document.first("personalization_time") == "20240101123059"
    assert set(document.images) == {"front", "rear"}


def test_images_and_templates_of_the_reference_data_set() -> None:
    assert [len(image) for image in parse_images(7, sample("bsi_silver", "EF_DG7.bin"))] == [289]
    assert [t.subtype for t in parse_templates(3, sample("bsi_silver", "EF_DG3.bin"))] == [9, 10]
    assert {t.format for t in parse_templates(4, sample("bsi_silver", "EF_DG4.bin"))} == {"ISO/IEC 19794-6"}


def test_security_infos_of_the_reference_data_set_and_of_doc_9303() -> None:
    silver = parse_dg14(sample("bsi_silver", "EF_DG14.bin"))
    assert [str(info) for info in silver.chip_authentication] == ["CA-ECDH-3DES"]
    assert silver.chip_keys[0].key.domain.name == "brainpoolP224r1"
    assert silver.terminal_authentication
    example = parse_dg14(sample("doc9303", "spec_sample_encoded_dg14.bin"))
    assert [str(info) for info in example.chip_authentication] == ["CA-DH-3DES"]
    assert example.chip_keys[0].key.domain.name == "MODP-1024"


# ---------------------------------------------------------------- the simulated issuer's


def test_data_groups_of_the_simulated_issuer() -> None:
    person = parse_dg11(optional_groups.dg11("ERIKSSON", "ANNA MARIA", date(1974, 8, 12), "STRELSAU"))
    assert person.first("full_name") == "ERIKSSON ANNA MARIA"
    assert person.texts["other_name"] == ("ERIKSSON BEARER",)
    document = parse_dg12(optional_groups.dg12("UTO", date(2020, 1, 2), datetime(2020, 1, 3, tzinfo=UTC)))
    assert document.first("date_of_issue") == "20200102"
    (relative,) = parse_dg16(optional_groups.dg16(date(2020, 1, 2)))
    assert relative.first("name") == "RASSENDYLL RUDOLF"
    assert [t.subtype for t in parse_templates(3, optional_groups.dg3(1))] == [9, 10]
    assert len(parse_templates(4, optional_groups.dg4(1))) == 2
    assert len(parse_images(7, optional_groups.dg7(1))) == 1


def test_a_face_in_the_extensible_format_of_the_simulated_issuer(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (240, 180, 3), dtype=np.uint8)
    office = PassportOffice(tmp_path, seed=1, today=date(2026, 6, 1))
    passport = office.issue("A", "B", noise, date(1980, 1, 1), iso39794=True)
    portrait = parse_dg2(passport.files["DG2"])
    assert portrait.image in passport.files["DG2"]


def test_bcd_dates_and_repeated_elements() -> None:
    body = tlv.encode(0x5F2B, H("19700101")) + tlv.encode(0x5F42, b"HERE<THERE") * 2
    person = parse_dg11(tlv.encode(0x6B, body))
    assert person.first("date_of_birth") == "19700101"
    assert person.texts["address"] == ("HERE THERE", "HERE THERE")
    assert "HERE" not in repr(person)


# ---------------------------------------------------------------- files beside the application


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("4703C001C07F66080202100002022000", AtrInfo(4096, 8192, True)),
        ("4703C001807F66080202100002022000", AtrInfo(4096, 8192, False)),
        ("4703C00140", AtrInfo(None, None, True)),
        ("7F660202", AtrInfo()),
        ("", AtrInfo()),
    ],
)
def test_ef_atr_info(raw: str, expected: AtrInfo) -> None:
    assert parse_atr_info(H(raw)) == expected


def test_an_odd_set_keeps_what_can_be_understood() -> None:
    good = H("3012060A04007F0007020204020202010202010D")
    terminal = H("300D060804007F0007020202020101")
    odd = H("3000") + H("3003020101") + H("300C060A04007F00070202040202")  # sets of fewer than three elements
    infos = parse_security_infos(tlv.encode(0x31, good + terminal + odd), "EF.CardAccess")
    assert len(infos.pace) == 1 and infos.terminal_authentication
    assert infos.malformed == 3


# ---------------------------------------------------------------- malformed


PARSERS: list[Callable[[bytes], object]] = [
    parse_dg2,
    parse_dg11,
    parse_dg12,
    parse_dg14,
    parse_dg16,
    parse_card_access,
    parse_atr_info,
    lambda raw: parse_images(7, raw),
    lambda raw: parse_templates(3, raw),
]


@given(st.binary(max_size=120), st.sampled_from(PARSERS), st.sampled_from([0, 0x31, 0x6B, 0x6C, 0x6E, 0x75]))
def test_any_bytes_give_a_value_or_a_named_error(
    raw: bytes, parse: Callable[[bytes], object], tag: int
) -> None:
    try:
        parse(tlv.encode(tag, raw) if tag else raw)
    except FileError as error:
        assert error.field.startswith("EF.")


# What fuzzing found, kept.
FOUND = [
    (
        parse_card_access,
        "31283012060A04007F000702020428040201020201103012060A04007F0007020204060439090202 0110",
    ),
]


@pytest.mark.parametrize(("parse", "raw"), FOUND)
def test_what_fuzzing_found(parse: Callable[[bytes], object], raw: str) -> None:
    try:
        parse(H(raw))
    except FileError as error:
        assert error.field.startswith("EF.")


@pytest.mark.parametrize("count", [40, 300])
def test_an_element_without_end_is_refused(count: int) -> None:
    with pytest.raises(FileError):
        parse_dg11(tlv.encode(0x6B, tlv.encode(0x5F42, b"X") * count))


# ---------------------------------------------------------------- reading files of any length


@pytest.mark.parametrize("most", [100, 223, 1024, 20000])
def test_files_beyond_32_and_64_kilobytes(most: int) -> None:
    """A chip that knows READ BINARY with both instructions, and gives no more than `most` at once."""
    content = tlv.encode(0x7F2E, bytes(range(256)) * 300)
    file = ElementaryFile("large", 0x0102, 0x02, 0x7F2E, max_size=1 << 18)
    habits = ReadingHabits()
    if most > 256:
        habits.use_extended_length(most + 48)
    odd = 0

    def transmit(command: bytes, timeout_s: float) -> bytes:
        nonlocal odd
        assert command[1] in (0xB0, 0xB1)
        extended = len(command) > 5 and command[4] == 0
        if command[1] == 0xB1:
            odd += 1
            body = command[7:] if extended else command[5:]
            offset = int.from_bytes(body[2 : 2 + body[1]], "big")
            asked = int.from_bytes(body[2 + body[1] :], "big")
            part = content[offset : offset + min(asked, most) - 4]
            return tlv.encode(0x53, part) + b"\x90\x00"
        asked = int.from_bytes(command[5:] if extended else command[4:], "big")
        offset = command[3] if command[2] & 0x80 else int.from_bytes(command[2:4], "big")
        return content[offset : offset + min(asked, most)] + b"\x90\x00"

    assert run(read_file(file, habits), transmit) == content
    assert odd > 0
    assert habits.length == (100 if most == 100 else min(max(most, 223), 16384))


def test_data_groups_have_the_identifiers_of_doc_9303() -> None:
    assert {n: (f.fid, f.sfi) for n, f in DATA_GROUPS.items()} == {n: (0x100 + n, n) for n in range(1, 17)}
