"""Counts and their detectors: what refers to the wrong one, to none or to nothing is kept apart and said."""

from __future__ import annotations

import pytest

from gate_agent.radiation.n42 import read, write
from gate_agent.radiation.n42_model import N42Document
from gate_agent.radiation.n42_xml import MAX_REPAIRS, Notes
from gate_agent.radiation.record import profile_of

NAMESPACE = "http://physics.nist.gov/N42/2011/N42"
DETECTORS = (
    '<RadDetectorInformation id="G1"><RadDetectorCategoryCode>Gamma</RadDetectorCategoryCode>'
    "<RadDetectorKindCode>NaI</RadDetectorKindCode></RadDetectorInformation>"
    '<RadDetectorInformation id="N1"><RadDetectorCategoryCode>Neutron</RadDetectorCategoryCode>'
    "<RadDetectorKindCode>He3</RadDetectorKindCode></RadDetectorInformation>"
)


def gross(counts: str, detector: str | None, name: str = "n", windows: str = "") -> str:
    refers = "" if detector is None else f'radDetectorInformationReference="{detector}"'
    window = f'energyWindowsReference="{windows}"' if windows else ""
    return (
        f'<GrossCounts id="{name}" {refers} {window}><LiveTimeDuration>PT1S</LiveTimeDuration>'
        f"<CountData>{counts}</CountData></GrossCounts>"
    )


def spectrum(counts: str, detector: str = "G1", name: str = "s") -> str:
    return (
        f'<Spectrum id="{name}" radDetectorInformationReference="{detector}" energyCalibrationReference="E1">'
        f"<LiveTimeDuration>PT1S</LiveTimeDuration><ChannelData>{counts}</ChannelData></Spectrum>"
    )


def document(content: str, head: str = "", detectors: str = DETECTORS) -> N42Document:
    text = (
        f'<RadInstrumentData xmlns="{NAMESPACE}"><RadInstrumentInformation id="I"/>{detectors}'
        f'<EnergyCalibration id="E1"><CoefficientValues>0 3 0</CoefficientValues></EnergyCalibration>{head}'
        '<RadMeasurement id="m1"><MeasurementClassCode>Foreground</MeasurementClassCode>'
        "<StartDateTime>2026-01-01T00:00:01Z</StartDateTime><RealTimeDuration>PT1S</RealTimeDuration>"
        f"{content}<OccupancyIndicator>true</OccupancyIndicator></RadMeasurement></RadInstrumentData>"
    )
    found = read(text.encode())
    write(found)  # whatever is read can be written
    return found


@pytest.mark.parametrize("count", [0, 50, 90_000])
def test_n6_a_count_that_is_not_its_gamma_detectors_never_replaces_the_spectrums_sum(count: int) -> None:
    found = document(spectrum("110 100 100 100") + gross(str(count), "G1"))
    assert profile_of(found).gamma.tolist() == [[410]]
    assert found.measurements[0].gross_counts[0].counts == (count,)
    assert any("neutrons?" in repair.what and repair.where == "n" for repair in found.repairs)
    assert not profile_of(found).complete


def test_n6_a_gross_count_that_is_its_spectrums_sum_is_no_doubt() -> None:
    found = document(spectrum("110 100 100 100") + gross("412", "G1") + gross("3", "N1", "k"))
    assert found.repairs == ()
    profile = profile_of(found)
    assert (profile.gamma.tolist(), profile.neutron.tolist()) == ([[410]], [[3]])
    assert profile.complete


@pytest.mark.parametrize("detector", ["N7", None])
def test_n6_a_count_of_an_unknown_detector_is_kept_apart_and_said(detector: str | None) -> None:
    found = document(spectrum("400") + gross("60", detector) + gross("2", "N1", "k"))
    profile = profile_of(found)
    assert (profile.gamma.tolist(), profile.neutron.tolist()) == ([[400]], [[2]])
    (other,) = (d for d in found.detectors if d.category == "Other")
    assert [g.counts for g in found.measurements[0].gross_counts if g.detector == other.id] == [(60,)]
    assert any("kept apart" in repair.what for repair in found.repairs)
    assert not profile.complete


def test_n6_a_single_detector_needs_no_reference() -> None:
    only = DETECTORS[: DETECTORS.index("<RadDetectorInformation", 1)]
    found = document(gross("60", None), detectors=only)
    assert found.repairs == ()
    assert profile_of(found).gamma.tolist() == [[60]]


def test_n6_two_counts_of_one_detector_are_both_kept_and_the_first_one_counts() -> None:
    found = document(gross("400", "G1", "a") + gross("7", "G1", "b") + gross("1", "N1", "k"))
    assert [g.counts for g in found.measurements[0].gross_counts] == [(400,), (7,), (1,)]
    assert profile_of(found).gamma.tolist() == [[400]]
    assert any(repair.where == "b" for repair in found.repairs)


def test_n6_energy_windows_in_several_counts_are_summed_once() -> None:
    windows = (
        '<EnergyWindows id="L"><WindowStartEnergyValues>0</WindowStartEnergyValues>'
        "<WindowEndEnergyValues>400</WindowEndEnergyValues></EnergyWindows>"
        '<EnergyWindows id="H"><WindowStartEnergyValues>400 400</WindowStartEnergyValues>'
        "<WindowEndEnergyValues>3000 900</WindowEndEnergyValues></EnergyWindows>"
    )
    content = gross("30", "G1", "a", "L") + gross("12 5", "G1", "b", "H") + gross("1", "N1", "k")
    found = document(content, windows)
    assert found.repairs == ()
    assert profile_of(found).gamma.tolist() == [[42]]


def test_n6_a_neutron_detector_without_a_count_is_said() -> None:
    found = document(spectrum("400"))
    assert [repair.where for repair in found.repairs] == ["N1"]


def test_n6_a_neutron_detectors_count_stands_before_its_pulse_heights() -> None:
    found = document(spectrum("400") + spectrum("1 1 1", "N1", "p") + gross("2", "N1"))
    assert profile_of(found).neutron.tolist() == [[2]]
    assert profile_of(found).gamma.tolist() == [[400]]


def test_n6_a_doubt_in_every_sample_is_said_once() -> None:
    head = "".join(
        f'<RadMeasurement id="x{n}"><StartDateTime>2026-01-01T00:00:00Z</StartDateTime>'
        "<RealTimeDuration>PT1S</RealTimeDuration>"
        f"{spectrum('400', name=f's{n}')}{gross('50', 'G1', f'n{n}')}</RadMeasurement>"
        for n in range(200)
    )
    found = document(spectrum("400") + gross("50", "G1") + gross("1", "N1", "k"), head)
    assert len(found.repairs) == 1
    assert "201 times" in found.repairs[0].what


def test_n6_a_doubt_behind_many_notes_still_makes_the_profile_incomplete() -> None:
    notes = Notes()
    for number in range(2 * MAX_REPAIRS):
        notes.repaired(str(number), "a calibration is missing", harmless=True)
    assert all(repair.harmless for repair in notes.repairs)
    notes.repaired("n1", "neutrons?")
    assert not all(repair.harmless for repair in notes.repairs)
    assert len(notes.repairs) == MAX_REPAIRS + 2
