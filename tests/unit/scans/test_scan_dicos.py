"""DICOS V03: what is written conforms, what is read is what was written, and nothing hostile gets through."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import UID, RLELossless, generate_uid

from gate_agent.scans.dicos_attributes import REQUIREMENTS, shown
from gate_agent.scans.dicos_file import MAX_FILE_BYTES, open_dicos
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import read_projection, read_scan, write_scan
from gate_agent.scans.dicos_lint import Severity, lint
from gate_agent.scans.dicos_tdr import ThreatObject, ThreatReport, read_tdr, write_tdr
from gate_agent.scans.errors import ScanError, ScanMalformed, ScanTooLarge, ScanUnsupported, ScanUnusable
from gate_agent.scans.image import Calibration, Geometry, transmission_image
from gate_simulators.scanner.ct_volume import write_ct

AT = datetime(2026, 3, 1, 10, 11, 12, tzinfo=UTC)
EQUIPMENT = Equipment("Maker", "Model", "SN1", "LANE1", AT, tube_current_ua=250)
OUR = Scan("MSKU9070323", generate_uid(), "SCAN1", speed_mm_s=400)


def picture(rows: int = 60, columns: int = 90, box: float = 0.4) -> np.ndarray:
    image = np.ones((rows, columns), np.float32)
    image[rows // 3 : rows // 2, columns // 4 : columns // 2] = box
    return image


def dual() -> object:
    return transmission_image(
        (picture(box=0.2), picture(box=0.4)),
        calibration=Calibration.KNOWN,
        peaks_kev=(6000, 9000),
        geometry=Geometry(5.0, 4.0),
        container="MSKU9070323",
    )


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return write_scan(dual(), tmp_path, scan=OUR, equipment=EQUIPMENT, at=AT)  # type: ignore[arg-type]


@pytest.fixture
def tdr(tmp_path: Path) -> Path:
    path = tmp_path / "report.dcs"
    write_tdr(report(), path, scan=OUR, equipment=EQUIPMENT, at=AT)
    return path


@pytest.fixture
def ct(tmp_path: Path) -> Path:
    path = tmp_path / "volume.dcs"
    voxels = np.random.default_rng(1).integers(0, 60_000, (5, 20, 31)).astype(np.uint16)
    write_ct(voxels, path, scan=OUR, equipment=EQUIPMENT, at=AT, peak_kev=160)
    return path


def report(**changes: object) -> ThreatReport:
    bitmap = np.random.default_rng(2).random((7, 13)) > 0.5
    found = ThreatObject(
        7, 100, 40, 13, 7, "ANOMALY", "THREAT", "dense object", 0.25, mass_g=1500, bitmap=bitmap
    )
    values: dict[str, object] = {
        "container": "MSKU9070323",
        "study_uid": OUR.study_uid,
        "references": ("1.2.3.4",),
        "objects": (found,),
        "algorithm": ("gate-agent triage", "1"),
        "processing_ms": 120.0,
    }
    return ThreatReport(**(values | changes))  # type: ignore[arg-type]


def edited(path: Path, change: object) -> Path:
    dataset = pydicom.dcmread(path)
    change(dataset)  # type: ignore[operator]
    other = path.with_name("edited.dcs")
    dataset.save_as(other)
    return other


# ---------------------------------------------------------------- what we write


def test_every_object_that_we_write_passes_the_linter(files: list[Path], tdr: Path, ct: Path) -> None:
    for path in (*files, tdr, ct):
        assert lint(path) == []


def test_file_meta_names_version_and_explicit_little_endian(files: list[Path]) -> None:
    meta = pydicom.dcmread(files[0]).file_meta
    assert meta[0x00020004].value == "V03"
    assert meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.501.2.2"


def test_dicos_redefines_three_attributes(files: list[Path]) -> None:
    dataset = pydicom.dcmread(files[0])
    found = {tag: (dataset[tag].VR, dataset[tag].value) for tag in (0x00080118, 0x00082108)}
    assert found == {0x00080118: ("CS", "MACHINE"), 0x00082108: ("CS", "LHS")}
    assert dataset[0x43000902].VR == "FL"


def test_two_energies_make_one_scan_in_any_order(files: list[Path]) -> None:
    for order in (files, files[::-1]):
        scan = read_scan(order)
        assert [c.peak_kev for c in scan.channels] == [6000, 9000]
        assert scan.calibration is Calibration.KNOWN
        assert (scan.geometry.row_mm, scan.geometry.column_mm) == (5.0, 4.0)
        assert scan.container == "MSKU9070323"
        np.testing.assert_allclose(scan.low, picture(box=0.2), atol=1 / 50_000)
        np.testing.assert_allclose(scan.high, picture(box=0.4), atol=1 / 50_000)


def test_a_report_comes_back_as_it_was(tdr: Path) -> None:
    back = read_tdr(tdr)
    ours = report()
    assert (back.container, back.study_uid, back.references) == (
        ours.container,
        ours.study_uid,
        ours.references,
    )
    found, wanted = back.objects[0], ours.objects[0]
    assert (found.column, found.row, found.width, found.height) == (100, 40, 13, 7)
    assert (found.category, found.flag, found.description) == ("ANOMALY", "THREAT", "dense object")
    assert found.probability == pytest.approx(0.25)
    assert found.mass_g == pytest.approx(1500)
    assert found.bitmap is not None and wanted.bitmap is not None
    assert np.array_equal(found.bitmap, wanted.bitmap)


def test_a_clear_report_has_no_object(tmp_path: Path) -> None:
    path = tmp_path / "clear.dcs"
    write_tdr(report(objects=()), path, scan=OUR, equipment=EQUIPMENT, at=AT)
    assert lint(path) == []
    assert not read_tdr(path).alarm


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tdr_type": "OPERATOR"}, "(0008,1072)"),
        ({"tdr_type": "ROBOT"}, "(4010,1027)"),
        ({"scale": 0.0}, "(4010,1075)"),
        ({"references": ()}, "(0008,1110)"),
        ({"objects": (ThreatObject(1, 0, 0, 0, 4, "ANOMALY", "THREAT", ""),)}, "(4010,1004)"),
        ({"objects": (ThreatObject(1, 0, 0, 4, 4, "BOMB", "THREAT", ""),)}, "(4010,1012)"),
    ],
)
def test_a_report_that_contradicts_itself_is_not_written(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    with pytest.raises(ScanError) as caught:
        write_tdr(report(**change), tmp_path / "x.dcs", scan=OUR, equipment=EQUIPMENT, at=AT)
    assert field in caught.value.field
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("officer", ["o17", "officer-0042-of-terminal-2"])
def test_an_operator_s_report_names_the_operator(tmp_path: Path, officer: str) -> None:
    path = tmp_path / "operator.dcs"
    write_tdr(report(tdr_type="OPERATOR", operator=officer), path, scan=OUR, equipment=EQUIPMENT, at=AT)
    assert lint(path) == []
    assert read_tdr(path).operator == officer


# ---------------------------------------------------------------- the linter


@pytest.mark.parametrize("kind", ["DX", "CT", "TDR"])
def test_each_missing_attribute_is_named(kind: str, files: list[Path], tdr: Path, ct: Path) -> None:
    path = {"DX": files[0], "CT": ct, "TDR": tdr}[kind]
    dataset = pydicom.dcmread(path)
    for attribute in REQUIREMENTS[kind]:
        if attribute.tag == 0x00080016:  # without it nobody knows what the object is
            continue
        without = copy.deepcopy(dataset)
        del without[attribute.tag]
        other = path.with_name("without.dcs")
        without.save_as(other)
        findings = [f for f in lint(other) if f.severity is Severity.ERROR]
        assert any(shown(attribute.tag) in f.where and "missing" in f.what for f in findings), shown(
            attribute.tag
        )


@pytest.mark.parametrize(
    ("tag", "value", "says"),
    [
        (0x40101042, "TRUCK", "one of CARGO"),
        (0x00080060, "DX", "one of XRAY"),
        (0x40101044, "", "type 1"),
        (0x00281053, "0.5", "one of 1"),
        (0x00180060, "0", "greater than 0"),
    ],
)
def test_wrong_values_are_named(files: list[Path], tag: int, value: object, says: str) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        dataset[tag].value = value

    findings = [f for f in lint(edited(files[0], change)) if f.severity is Severity.ERROR]
    assert [f.where for f in findings] == [shown(tag)]
    assert says in findings[0].requirement


def test_wrong_nested_values_have_their_path(tdr: Path) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        dataset.ThreatSequence[0].ATDAssessmentSequence[0].ATDAssessmentFlag = "MAYBE"

    (finding,) = lint(edited(tdr, change))
    assert finding.where == (
        "(4010,1011) ThreatSequence[0] > (4010,1038) ATDAssessmentSequence[0] > (4010,1015) ATDAssessmentFlag"
    )


def test_an_alarm_needs_an_object(tdr: Path) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        dataset.ThreatSequence = []

    assert any("AlarmDecision is ALARM" in f.requirement for f in lint(edited(tdr, change)))
    with pytest.raises(ScanMalformed, match="ALARM without an object"):
        read_tdr(edited(tdr, change))


def test_uids_with_leading_zeros_are_tolerated_and_named(files: list[Path]) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        dataset[0x0020000D].value = "1.2.0791734291.05"

    other = edited(files[0], change)
    (finding,) = lint(other)
    assert (finding.severity, "leading zero" in finding.what) == (Severity.WARNING, True)
    assert read_projection(other).study_uid == "1.2.0791734291.05"


# ---------------------------------------------------------------- calibration


def test_counts_become_transmissions_by_the_air_in_the_picture(files: list[Path]) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        del dataset[0x40110010]
        del dataset[0x40111001]

    part = read_projection(edited(files[1], change))
    assert part.calibration is Calibration.KNOWN
    np.testing.assert_allclose(part.transmission, picture(box=0.4), atol=0.001)


@pytest.mark.parametrize(
    "change",
    [
        {"PixelIntensityRelationship": "LOG"},
        {"LossyImageCompression": "01"},
        {"PixelIntensityRelationshipSign": -1},
    ],
)
def test_what_is_not_linear_has_unknown_calibration(files: list[Path], change: dict[str, object]) -> None:
    other = edited(files[0], lambda dataset: dataset.update(change))
    assert read_projection(other).calibration is Calibration.UNKNOWN


def test_saturated_pixels_are_marked(tmp_path: Path) -> None:
    image = transmission_image((picture() * 3,), calibration=Calibration.KNOWN, peaks_kev=(160,))
    (path,) = write_scan(image, tmp_path, scan=OUR, equipment=EQUIPMENT, at=AT)
    back = read_scan([path])
    assert back.saturated.mean() == pytest.approx((back.high > 1.3).mean())
    assert back.saturated.any()


# ---------------------------------------------------------------- large, compressed, hostile


def test_a_large_image_is_read_binned(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gate_agent.scans.pixels.MAX_PIXELS", 60 * 90 // 4)
    scan = read_scan(files[:1])
    assert (scan.shape, scan.binning) == ((30, 45), 2)
    assert scan.geometry.row_mm == 10
    assert scan.low.mean() == pytest.approx(picture(box=0.2).mean(), abs=1e-3)


def test_rle_is_read(files: list[Path]) -> None:
    dataset = pydicom.dcmread(files[0])
    dataset.compress(RLELossless)
    other = files[0].with_name("rle.dcs")
    dataset.save_as(other)
    assert np.array_equal(read_projection(other).transmission, read_projection(files[0]).transmission)
    assert lint(other) == []


def test_a_compression_without_decoder_is_named(files: list[Path]) -> None:
    dataset = pydicom.dcmread(files[0])
    dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.80")
    other = files[0].with_name("jls.dcs")
    dataset.save_as(other)
    with pytest.raises(ScanUnsupported, match="JPEG-LS") as caught:
        read_projection(other)
    assert caught.value.advice


def test_a_cut_off_file_says_so(files: list[Path]) -> None:
    data = files[0].read_bytes()
    files[0].write_bytes(data[:-1000])
    with pytest.raises(ScanMalformed, match="1000 bytes of the pixels are missing"):
        read_projection(files[0])
    assert "missing" in lint(files[0])[0].what


def test_files_of_different_scans_are_not_joined(files: list[Path]) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        dataset.StudyInstanceUID = generate_uid()

    with pytest.raises(ScanMalformed, match="different scans"):
        read_scan([files[0], edited(files[1], change)])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"Rows": 1}, ScanUnusable),
        ({"Columns": 0}, ScanMalformed),
        ({"SamplesPerPixel": 3}, ScanUnsupported),
        ({"BitsAllocated": 12}, ScanUnsupported),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, ScanUnsupported),
        ({"Rows": 65000, "Columns": 65000}, ScanError),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, ScanUnsupported),
    ],
)
def test_a_header_that_asks_for_too_much_is_refused(
    files: list[Path], change: dict[str, object], error: type[ScanError]
) -> None:
    other = edited(files[0], lambda dataset: dataset.update(change))
    with pytest.raises(error) as caught:
        read_projection(other)
    assert caught.value.field


def test_files_beyond_the_bound_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "huge.dcs"
    with path.open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ScanTooLarge):
        open_dicos(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_give_a_scan_error_or_an_image(
    files: list[Path], tdr: Path, data: st.DataObject
) -> None:
    source = data.draw(st.sampled_from([files[0], tdr]))
    damaged = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, min(len(damaged), 3000) - 1))] = data.draw(st.integers(0, 255))
    path = source.with_name("damaged.dcs")
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    for read in (read_projection, read_tdr):
        try:
            read(path)
        except ScanError as error:
            assert error.what
    lint(path)
