"""Whatever a picture holds, triage answers or raises a ScanError: properties over small random pictures, and
the inputs with which ``tests/fuzz/fuzz_dicos.py`` once got further than that."""

from __future__ import annotations

import io
import json
import struct
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian

from gate_agent.scans.dicos_attributes import shown
from gate_agent.scans.dicos_bounds import MAX_READS
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import write_scan
from gate_agent.scans.dicos_lint import lint
from gate_agent.scans.errors import ScanError, ScanUnsupported
from gate_agent.scans.image import (
    MAX_TRANSMISSION,
    MIN_COLUMNS,
    MIN_ROWS,
    Calibration,
    Geometry,
    Provenance,
    ScanImage,
    transmission_image,
)
from gate_agent.scans.intake import load_scan
from gate_agent.scans.triage.artefacts import clean
from gate_agent.scans.triage.curves import nominal_curves
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.report import TriageReport, triage

AT = datetime(2026, 3, 1, 10, 11, 12, tzinfo=UTC)
EQUIPMENT = Equipment("Maker", "Model", "SN1", "LANE1", AT)
SCAN = Scan("MSKU9070323", "1.2.3", "SCAN1")
KEV = (6000.0, 9000.0)
WEDGE = nominal_curves(*KEV)
DICOS = Provenance(format="drawn", instance_uids=("1.2.3",))


@dataclass(frozen=True)
class Drawn:
    """How a random picture is made: `content` lies in the middle of air, `walls` around it."""

    rows: int
    columns: int
    content: str = "noise"
    level: float = 0.4
    walls: float = 0.7
    margin: float = 0.1
    damage: str = "none"
    seed: int = 0

    def picture(self) -> np.ndarray:
        random = np.random.default_rng(self.seed)
        image = np.ones((self.rows, self.columns), np.float32)
        inside = image[
            int(self.margin * self.rows) : self.rows - int(self.margin * self.rows),
            int(self.margin * self.columns) : self.columns - int(self.margin * self.columns),
        ]
        inside[:] = self.walls
        inside[-2:] *= 0.5  # a floor
        height, width = inside.shape
        if self.content == "noise":
            inside *= random.random(inside.shape, np.float32)
        elif self.content == "rows":
            inside[:: 1 + self.seed % 4] = self.level
        elif self.content == "columns":
            inside[:, :: 1 + self.seed % 4] = self.level
        elif self.content == "boxes":
            for row, column in random.integers(0, (height, width), (4, 2)):
                inside[row:, column : column + 1 + width // 6] = self.level
        elif self.content == "constant":
            image[:] = self.level
        return _damaged(image, self.damage, random)


def _damaged(image: np.ndarray, damage: str, random: np.random.Generator) -> np.ndarray:
    if damage == "half":
        image[:, image.shape[1] // 2 :] = np.nan
    elif damage == "all but one row":
        image[1:] = np.nan
    elif damage == "stripes":
        image[::2] = 0
        image[:, 1::2] = 0
    elif damage == "specks":
        image[random.random(image.shape) < 0.3] = np.inf
    elif damage == "drift":
        image *= np.linspace(0.7, 1.4, image.shape[1], dtype=np.float32)
    elif damage == "wild":
        image *= random.choice(np.array([-1e30, 0, 1e-30, 1, 1e30], np.float32), image.shape)
    return image


levels = st.sampled_from([0.0, 1e-6, 0.02, 0.3, 0.9, 1.0, 4.0])
container_like = st.builds(
    Drawn,
    rows=st.integers(30, 70),
    columns=st.integers(90, 200),
    content=st.sampled_from(["boxes", "empty", "columns", "rows"]),
    level=levels,
    walls=st.sampled_from([0.7, 0.9, 0.4]),
    margin=st.sampled_from([0.1, 0.2]),
    damage=st.sampled_from(["none", "drift", "specks"]),
    seed=st.integers(0, 2**16),
)
anything = st.builds(
    Drawn,
    rows=st.one_of(st.integers(16, 40), st.integers(40, 90)),
    columns=st.one_of(st.integers(16, 60), st.integers(60, 200)),
    content=st.sampled_from(["boxes", "empty", "columns", "rows", "noise", "constant"]),
    level=levels,
    walls=st.sampled_from([0.7, 0.9, 0.4, 0.05, 0.0, 0.99]),
    margin=st.sampled_from([0.1, 0.05, 0.2, 0.3, 0.0]),
    damage=st.sampled_from(
        ["none", "none", "none", "drift", "half", "all but one row", "stripes", "specks", "wild"]
    ),
    seed=st.integers(0, 2**16),
)
pitches = st.sampled_from([0.0, 0.01, 1.0, 5.0, 16.0, 60.0, 100.0, 400.0, 1000.0, 16000.0])
geometries = st.one_of(
    st.just(Geometry()), st.just(Geometry(60.0, 80.0)), st.builds(Geometry, pitches, pitches)
)
energies = st.sampled_from(
    [(0.0,), (6000.0,), KEV, (140.0, 140.0), (0.0, 9000.0), (60.0, 1e300), (1e-9, 50.0)]
)


@st.composite
def scans(draw: st.DrawFn) -> ScanImage:
    one = draw(st.one_of(container_like, anything))
    peaks = draw(energies)
    pictures = tuple(one.picture() ** np.float32(1 + 0.1 * number) for number in range(len(peaks)))
    saturated = pictures[0] >= draw(st.sampled_from([0.5, 1.0, 2.0]))
    return transmission_image(
        pictures,
        calibration=draw(st.sampled_from(Calibration)),
        peaks_kev=peaks,
        effective_kev=tuple(float(number) for number in range(len(peaks))),
        saturated=saturated if draw(st.booleans()) else None,
        geometry=draw(geometries),
        provenance=DICOS,
    )


def whole_report(image: ScanImage, **how: object) -> TriageReport | None:
    """Triage and everything that is made of it; None where the picture was refused in words."""
    try:
        report = triage(image, **how)  # type: ignore[arg-type]
    except ScanError as error:
        assert error.field
        return None
    json.dumps(report.to_json(), allow_nan=False)
    threat_report(report)
    return report


def _made(one: Drawn, **how: object) -> ScanImage:
    values: dict[str, object] = {"calibration": Calibration.UNKNOWN, "provenance": DICOS} | how
    return transmission_image((one.picture(),), **values)  # type: ignore[arg-type]


# ---------------------------------------------------------------- properties


@pytest.mark.filterwarnings("ignore:.*in power:RuntimeWarning")
@settings(max_examples=250, deadline=None)
@given(scans(), st.booleans())
def test_triage_answers_any_picture_or_refuses_it_in_words(image: ScanImage, wedge: bool) -> None:
    report = whole_report(image, curves=WEDGE if wedge else None)
    if report is None or report.container is None:
        return
    rows, columns = image.shape
    outer, inner = report.container.outer, report.container.inner
    assert 0 <= outer.left <= inner.left < inner.right <= outer.right <= columns
    assert 0 <= outer.top <= inner.top < inner.bottom <= outer.bottom <= rows
    assert report.fill is not None
    assert 0 <= report.fill.cover <= 1
    assert np.isfinite(report.fill.wall)


@pytest.mark.filterwarnings("ignore:.*in power:RuntimeWarning")
@settings(max_examples=60, deadline=None)
@given(scans())
def test_what_was_filled_in_is_finite_and_stays_marked(image: ScanImage) -> None:
    filled, found = clean(image)
    for channel in filled.channels:
        assert channel.transmission.min() >= 0
        assert channel.transmission.max() <= MAX_TRANSMISSION
    assert filled.dead[list(found.rows)].all()
    assert filled.dead[:, list(found.columns)].all()
    assert (filled.dead | ~image.dead).all()


def test_most_of_the_drawn_pictures_with_a_box_are_looked_at_to_the_end() -> None:
    """Else the properties above would hold by never getting past the search for a container."""
    looked = [
        whole_report(_made(Drawn(rows, columns, "boxes", seed=seed)))
        for seed, (rows, columns) in enumerate([(40, 120), (60, 160), (80, 160), (48, 96)])
    ]
    assert all(report is not None and report.fill is not None for report in looked)


# ---------------------------------------------------------------- pictures that once got through


@pytest.mark.parametrize("columns", range(MIN_COLUMNS, 48))
def test_a_picture_too_small_for_a_container_has_none(columns: int) -> None:
    """A roof of few columns would make a container of three rows, with nothing between roof and floor."""
    for rows in range(MIN_ROWS, 40, 4):
        whole_report(_made(Drawn(rows, columns, "empty", walls=0.4)))


@pytest.mark.parametrize("pitch", [-1.0, 1e-300, float("nan"), float("inf")])
def test_pixels_of_no_size_are_malformed(pitch: float) -> None:
    with pytest.raises(ScanError) as caught:
        _made(Drawn(60, 160, "empty"), geometry=Geometry(5.0, pitch))
    assert caught.value.field == "geometry"


def test_pixels_of_a_metre_make_no_container_of_two_rows() -> None:
    picture = Drawn(60, 160, "empty", walls=0.4)
    assert whole_report(_made(picture, geometry=Geometry(1000.0, 1000.0))) is not None


# ---------------------------------------------------------------- files that once got through


def png(*chunks: tuple[bytes, bytes], claims: int | None = None) -> bytes:
    """PNG, third edition, §5.3; `claims` is what the last chunk says of its length."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    for number, (name, data) in enumerate(chunks, start=1):
        length = claims if claims is not None and number == len(chunks) else len(data)
        parts += [struct.pack(">I", length), name, data, struct.pack(">I", zlib.crc32(name + data))]
    return b"".join(parts)


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """A directory of (tag, type, count, value), TIFF 6.0 §2."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\x00" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)


IHDR = (b"IHDR", struct.pack(">IIBBBBB", 96, 48, 8, 0, 0, 0, 0))
SIZE = ((256, 4, 1, 96), (257, 4, 1, 48))
FRAME = b"\xff\xd8\xff\xc2\x00\x0b\x08\x00\x30\x00\x60\x01\x01\x11\x00"

HOSTILE = {
    # OpenCV allocated and touched the 4 GB that such a chunk claims: 18 s for 306 bytes.
    "a chunk of 4 GB": (png(IHDR, (b"IDAT", b"x" * 8), claims=0xFFFFFFF9), "IDAT"),
    "no end": (png(IHDR, (b"IDAT", b"x" * 8)), "IEND"),
    "two headers": (png(IHDR, IHDR, (b"IEND", b"")), "IHDR"),
    "a tile of 1 GB": (tiff(*SIZE, (322, 4, 1, 32768), (323, 4, 1, 32768)), "TileWidth"),
    "a size said twice": (tiff(*SIZE, (256, 4, 1, 100_000)), "tag 256"),
    "a size by reference": (tiff((256, 16, 1, 96), (257, 4, 1, 48)), "tag 256"),
    "numbers of 64 bits": (tiff(*SIZE, (258, 3, 1, 64)), "BitsPerSample"),
    "bits elsewhere, and nothing there": (tiff(*SIZE, (258, 3, 3, 0xFFFF)), "header"),
    "a JPEG in a TIFF": (tiff(*SIZE, (259, 3, 1, 7)), "Compression"),
    "a thousand passes": (FRAME + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" * 1000, "SOS"),
    # The decoder paints what is missing grey; a file that is still being written would look like a scan.
    "a JPEG that is cut off": (FRAME + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + bytes(100), "EOI"),
    "no frame in a thousand segments": (b"\xff\xd8" + b"\xff\xe0\x00\x02" * 2000, "SOF"),
}


def element(tag: int, vr: bytes, value: bytes, *, length: int | None = None) -> bytes:
    """Explicit VR Little Endian, DICOM PS3.5 §7.1.2; `length` is what it claims."""
    claims = len(value) if length is None else length
    long = vr in (b"SQ", b"UC")
    how = ("<HH2sHI", 0, claims) if long else ("<HH2sH", claims)
    return struct.pack(how[0], tag >> 16, tag & 0xFFFF, vr, *how[1:]) + value


def nested(tag: int, depth: int) -> bytes:
    inside = b""
    for _ in range(depth):
        inside = element(tag, b"SQ", struct.pack("<HHI", 0xFFFE, 0xE000, len(inside)) + inside)
    return inside


UNDEFINED = 0xFFFFFFFF
ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
MANY = MAX_READS + 10
COSTLY = {
    "elements without end": (element(0x00411000, b"CS", b"") * MANY, "header"),
    "items without end": (element(0x00400555, b"SQ", ITEM * MANY, length=UNDEFINED), "header"),
    "a sequence of as many items": (element(0x00100020, b"SQ", ITEM * MANY), "header"),
    "an element larger than all headers": (element(0x00189004, b"UC", b"", length=1 << 30), "header"),
    "a list of a million values": (element(0x00100020, b"UC", b"\\" * 1_000_000), "(0010,0020)"),
    # In words, a few kB of these took more memory than the machine has.
    "sequences within sequences as the container": (nested(0x00100020, 3000), "(0010,0020)"),
    "sequences that nobody closes": (
        (element(0x00400555, b"SQ", b"", length=UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED))
        * 3000,
        "",
    ),
}


@pytest.mark.parametrize("case", COSTLY)
def test_a_header_that_is_costly_to_parse_is_refused(tmp_path: Path, case: str) -> None:
    extra, field = COSTLY[case]
    before, after = sound_dicos(tmp_path)
    path = tmp_path / "scan.dcs"
    path.write_bytes(before + extra + after)
    assert lint(path)
    with pytest.raises(ScanError) as caught:
        triage(load_scan([path]))
    assert field in caught.value.field


def test_a_sequence_in_place_of_the_transfer_syntax_is_malformed(tmp_path: Path) -> None:
    before, after = sound_dicos(tmp_path)
    at = before.index(b"\x02\x00\x10\x00UI")
    path = tmp_path / "scan.dcs"
    path.write_bytes(before[:at] + nested(0x00020010, 3000) + before[at + 8 + before[at + 6] :] + after)
    assert lint(path)
    with pytest.raises(ScanError):
        load_scan([path])


@pytest.mark.parametrize("tag", [0x00080008, 0x00081010, 0x00281040, 0x40101044, 0x0020000D])
def test_a_sequence_in_place_of_a_value_is_malformed(tmp_path: Path, tag: int) -> None:
    before, after = sound_dicos(tmp_path)
    path = tmp_path / "scan.dcs"
    path.write_bytes(before + nested(tag, 3000) + after)
    assert lint(path)
    try:
        load_scan([path])
    except ScanError as error:
        assert shown(tag) in error.field


def test_a_private_creator_of_no_known_vr_tells_no_air_level(tmp_path: Path) -> None:
    before, after = sound_dicos(tmp_path)
    path = tmp_path / "scan.dcs"
    creator = b"\x11\x40\x10\x00LO"
    assert creator in before
    path.write_bytes(before.replace(creator, creator[:4] + b"LY") + after)
    assert load_scan([path]).shape == (48, 96)


def test_a_deflated_data_set_is_not_expanded(tmp_path: Path) -> None:
    """Nothing says beforehand how large it becomes, and DICOS does not use it."""
    dataset = pydicom.dcmread(io.BytesIO(b"".join(sound_dicos(tmp_path))))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = tmp_path / "deflated.dcs"
    dataset.save_as(path, enforce_file_format=True)
    with pytest.raises(ScanUnsupported, match="deflated"):
        load_scan([path])


def sound_dicos(folder: Path) -> tuple[bytes, bytes]:
    """What comes before the pixels of a sound DX, and the rest."""
    (path,) = write_scan(_made(Drawn(48, 96, "boxes")), folder, scan=SCAN, equipment=EQUIPMENT, at=AT)
    data = path.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OW")
    return data[:at], data[at:]


@pytest.mark.parametrize("case", HOSTILE)
def test_a_picture_that_asks_its_decoder_for_too_much_is_refused_before(tmp_path: Path, case: str) -> None:
    data, field = HOSTILE[case]
    path = tmp_path / "picture.bin"
    path.write_bytes(data)
    with pytest.raises(ScanError) as caught:
        load_scan([path])
    assert caught.value.field == field
