"""The optional data groups and other portraits, read by the agent, by Pillow, and by their own lengths."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from gate_agent.emrtd.lds import details, lds
from gate_agent.emrtd.lds.biometrics import parse_templates
from gate_simulators.chip import ber
from gate_simulators.issuer import data_groups, optional_groups, portrait
from gate_simulators.issuer.passports import PassportOffice
from gate_simulators.issuer.portrait import Coding

PHOTOGRAPH = skimage.data.astronaut()
MADE = datetime(2024, 2, 3, 10, 0, tzinfo=UTC)
BORN = date(1974, 8, 12)


def records(content: bytes) -> list[bytes]:
    """The biometric data blocks of DG3 or DG4."""
    ((_, group),) = ber.decode(content)
    ((_, templates),) = ber.decode(group)
    return [dict(ber.decode(template))[0x5F2E] for tag, template in ber.decode(templates) if tag == 0x7F60]


def test_two_fingers_of_two_hands() -> None:
    content = optional_groups.dg3(1)
    assert [t.subtype for t in parse_templates(3, content)] == [0x09, 0x0A]
    for record in records(content):
        assert record[:8] == b"FIR\x00010\x00"
        assert int.from_bytes(record[8:14], "big") == len(record)
        image = Image.open(io.BytesIO(record[32 + 14 :]))
        assert image.size == (220, 300)


def test_two_irises() -> None:
    content = optional_groups.dg4(1)
    assert [t.subtype for t in parse_templates(4, content)] == [0x01, 0x02]
    for record in records(content):
        assert record[:8] == b"IIR\x00010\x00"
        assert int.from_bytes(record[8:12], "big") == len(record)
        image = Image.open(io.BytesIO(record[45 + 3 + 11 :]))
        assert image.size == (320, 240)


def test_another_finger_for_another_holder() -> None:
    assert optional_groups.dg3(1) == optional_groups.dg3(1)
    assert optional_groups.dg3(1) != optional_groups.dg3(2)


def test_details_of_person_and_document() -> None:
    person = details.parse_dg11(optional_groups.dg11("ERIKSSON", "ANNA MARIA", BORN, "STRELSAU"))
    assert ("19740812",) in person.texts.values()
    assert ("ERIKSSON ANNA MARIA",) in person.texts.values()
    document = details.parse_dg12(optional_groups.dg12("UTO", date(2024, 2, 3), MADE))
    assert ("20240203",) in document.texts.values()
    (notified,) = details.parse_dg16(optional_groups.dg16(date(2024, 2, 3)))
    assert ("RASSENDYLL RUDOLF",) in notified.texts.values()


@pytest.mark.parametrize(
    ("number", "content"),
    [(5, optional_groups.dg5(portrait.portrait_jpeg(PHOTOGRAPH))), (7, optional_groups.dg7(1))],
)
def test_displayed_portrait_and_signature_are_jpeg(number: int, content: bytes) -> None:
    (image,) = details.parse_images(number, content)
    assert Image.open(io.BytesIO(image)).format == "JPEG"


@pytest.mark.parametrize("iso39794", [False, True])
@pytest.mark.parametrize("coding", Coding)
def test_every_portrait_is_read_in_its_coding(coding: Coding, iso39794: bool) -> None:
    image = portrait.coded(PHOTOGRAPH, None, coding)
    content = (
        data_groups.dg2_iso39794(portrait.face_image_data_block(image, coding))
        if iso39794
        else data_groups.dg2(portrait.facial_record(image, "F", coding), MADE)
    )
    read = lds.parse_dg2(content)
    assert read.image == image
    assert (
        read.format
        is {
            Coding.JP2: lds.ImageFormat.JP2,
            Coding.CODESTREAM: lds.ImageFormat.JPEG2000_CODESTREAM,
            Coding.JPEG: lds.ImageFormat.JPEG,
        }[coding]
    )


def test_a_data_group_that_nobody_writes_is_refused(tmp_path: Path) -> None:
    office = PassportOffice(tmp_path, seed=1)
    with pytest.raises(ValueError, match="8"):
        office.issue("Eriksson", "Anna", PHOTOGRAPH, BORN, groups=(8,))
