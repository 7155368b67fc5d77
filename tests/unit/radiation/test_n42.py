"""N42.42 documents: the annexes of the standard first, then 2006, repairs and hostile input."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # a compiled module without stubs

from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42 import read, write
from gate_agent.radiation.n42_model import (
    AnalysisResults,
    Detector,
    EnergyCalibration,
    EnergyWindows,
    Fault,
    GrossCounts,
    Instrument,
    N42Document,
    Nuclide,
    RadAlarm,
    RadMeasurement,
    Spectrum,
)
from gate_agent.radiation.n42_values import channels, counted_zeroes, duration_s, duration_text

DATA = Path(os.environ.get("GATE_AGENT_TEST_DATA", "../shared/data")) / "n42"
ANNEXES = sorted((DATA / "annex").glob("*.n42")) if (DATA / "annex").is_dir() else []
NAMESPACE = "http://physics.nist.gov/N42/2011/N42"
OLD_NAMESPACE = "http://physics.nist.gov/Divisions/Div846/Gp4/ANSIN4242/2005/ANSIN4242"

needs_annexes = pytest.mark.skipif(not ANNEXES, reason="no N42.42 annex examples (GATE_AGENT_TEST_DATA)")


@pytest.fixture(scope="module")
def schema() -> Any:
    if not (DATA / "n42.xsd").is_file():
        pytest.skip("no N42.42 schema (GATE_AGENT_TEST_DATA)")
    return etree.XMLSchema(etree.parse(str(DATA / "n42.xsd")))


def portal_document() -> N42Document:
    """A truck through a portal with two gamma windows and a neutron detector."""
    spectrum = Spectrum("S-1", np.array([0, 0, 3, 9, 0, 0, 0, 1.0]), 0.2, "G1", "C-1")
    return N42Document(
        instrument=Instrument("Portals", "P-1", "Portal Monitor", "lane 3", "", (("Software", "2"),)),
        detectors=(Detector("G1", "Gamma", "PVT", "north"), Detector("N1", "Neutron", "He3")),
        measurements=(
            RadMeasurement(
                "M-1",
                "Background",
                "2026-03-01T12:00:00Z",
                5.0,
                gross_counts=(
                    GrossCounts("M-1-G", (210.0, 90.0), 5.0, "G1", "W"),
                    GrossCounts("M-1-N", (2.5,), 5.0, "N1"),
                ),
                occupied=False,
                groups=("truck-7",),
            ),
            RadMeasurement(
                "M-2",
                "Foreground",
                "2026-03-01T12:00:05.200Z",
                0.2,
                spectra=(spectrum,),
                faults=(Fault("5", "Overspeed", "Warning"),),
                speed_m_s=2.2,
                occupied=True,
                groups=("truck-7",),
            ),
        ),
        analyses=(
            AnalysisResults(
                algorithm="N-sigma",
                version="1",
                description="gamma alarm",
                alarms=(RadAlarm("Gamma", ("G1",), "N-sigma alarm", "Red"),),
                nuclides=(Nuclide("Cs-137", True, "0.9", "Industrial"), Nuclide("K-40", True, "Low", "NORM")),
                groups=("truck-7",),
            ),
        ),
        windows=(EnergyWindows("W", (0.0, 400.0), (400.0, 3000.0)),),
        calibrations=(EnergyCalibration("C-1", (0.0, 3.0, 0.0)),),
        item="CSQU3054383",
        uuid="0a91ca36-f473-4319-bef3-134898d15b69",
    )


# ---------------------------------------------------------------- the standard's own examples


@needs_annexes
@pytest.mark.parametrize("file", ANNEXES, ids=lambda p: p.stem)
def test_every_annex_example_is_read_without_repair(file: Path) -> None:
    document = read(file.read_bytes())
    assert document.edition == 2011
    assert document.repairs == ()
    assert document.measurements
    assert document.instrument.model


@needs_annexes
def test_ten_of_eleven_annex_examples_are_valid_and_the_eleventh_uses_a_foreign_schema(schema: Any) -> None:
    invalid = [path.stem for path in ANNEXES if not schema.validate(etree.parse(str(path)))]
    assert len(ANNEXES) == 11
    assert invalid == ["Annex_L"]
    # Annex L shows how a maker adds elements of its own: their schema is the maker's and not published.
    schema.validate(etree.parse(str(DATA / "annex" / "Annex_L.n42")))
    assert any("handheldsrus" in str(entry.message) for entry in schema.error_log)


@needs_annexes
@pytest.mark.parametrize("file", ANNEXES, ids=lambda p: p.stem)
def test_what_is_written_from_an_annex_example_is_valid_and_says_the_same(file: Path, schema: Any) -> None:
    document = read(file.read_bytes())
    written = write(document)
    schema.assertValid(etree.fromstring(written))
    again = read(written)
    assert again.alarms == document.alarms
    assert again.nuclides == document.nuclides
    for one, other in zip(again.measurements, document.measurements, strict=True):
        assert (one.measurement_class, one.start, one.occupied) == (
            other.measurement_class,
            other.start,
            other.occupied,
        )
        assert one.speed_m_s == other.speed_m_s
        assert [g.counts for g in one.gross_counts] == [g.counts for g in other.gross_counts]
        for mine, theirs in zip(one.spectra, other.spectra, strict=True):
            assert np.array_equal(mine.counts, theirs.counts)


@needs_annexes
def test_the_portal_example_gives_alarms_windows_occupancy_and_speed() -> None:
    document = read((DATA / "annex" / "Annex_D_alarmed.n42").read_bytes())
    assert document.instrument.instrument_class == "Portal Monitor"
    assert [alarm.category for alarm in document.alarms] == ["Gamma", "Neutron"]
    assert document.alarms[0].light == "Red"
    assert [m.occupied for m in document.measurements] == [False, False, True, True, True, False, False]
    assert document.measurements[3].speed_m_s == 15
    assert document.measurements[3].faults == (Fault("5", "Overspeed", "Warning"),)
    assert document.measurements[0].gross_counts[0].counts == (5, 22, 200)
    assert document.windows[0].ends == (100, 3000, 400)


@needs_annexes
def test_counted_zeroes_of_the_annex_expand_to_whole_spectra() -> None:
    document = read((DATA / "annex" / "Annex_C.n42").read_bytes())
    plain, packed = (m.spectra[0].counts for m in document.measurements)
    assert len(plain) == len(packed)


# ---------------------------------------------------------------- writing


def test_a_portal_document_is_valid_and_comes_back_unchanged(schema: Any) -> None:
    document = portal_document()
    written = write(document)
    schema.assertValid(etree.fromstring(written))
    again = read(written)
    assert again.repairs == ()
    assert again.ignored == ()
    for part in ("instrument", "detectors", "analyses", "windows", "calibrations", "item", "uuid"):
        assert getattr(again, part) == getattr(document, part), part
    assert again.measurements[1].faults == document.measurements[1].faults
    assert again.measurements[0].gross_counts == document.measurements[0].gross_counts


def test_codes_that_the_schema_does_not_know_are_written_as_other(schema: Any) -> None:
    document = replace(
        portal_document(),
        instrument=Instrument("x", "y", "Time Machine"),
        detectors=(Detector("G1", "Gravitons", "Unobtainium"), Detector("N1", "Neutron", "He3")),
    )
    written = write(document)
    schema.assertValid(etree.fromstring(written))
    assert read(written).detectors[0].kind == "Other"


def test_names_that_xml_does_not_allow_and_double_names_become_unique_identifiers(schema: Any) -> None:
    twice = replace(portal_document().measurements[0], id="1 : twice")
    document = replace(portal_document(), measurements=(twice, twice), analyses=())
    schema.assertValid(etree.fromstring(write(document)))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"detectors": ()}, "RadDetectorInformation"),
        ({"windows": ()}, "W"),
        ({"calibrations": ()}, "C-1"),
        ({"item": "a\x00b"}, "RadItemDescription"),
    ],
)
def test_a_document_that_would_be_invalid_is_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(N42Error) as caught:
        write(replace(portal_document(), **change))
    assert caught.value.field == field


@given(st.lists(st.integers(0, 3).map(lambda n: float(n * n)), max_size=200))
def test_counted_zeroes_are_exact_both_ways(values: list[float]) -> None:
    packed = counted_zeroes(np.array(values))
    assert channels(packed, "CountedZeroes", "here").tolist() == values


@given(st.integers(0, 10**9))
def test_durations_are_exact_to_the_microsecond(microseconds: int) -> None:
    assert duration_s(duration_text(microseconds / 1e6), "here") == pytest.approx(
        microseconds / 1e6, abs=1e-9
    )


# ---------------------------------------------------------------- the edition of 2006

OLD = f"""<?xml version="1.0"?>
<N42InstrumentData xmlns="{OLD_NAMESPACE}"><Measurement>
 <InstrumentInformation><InstrumentType>PortalMonitor</InstrumentType><Manufacturer>Makers</Manufacturer>
  <InstrumentModel>M4</InstrumentModel><InstrumentID>17</InstrumentID></InstrumentInformation>
 <MeasuredItemInformation><ItemDescription>truck</ItemDescription></MeasuredItemInformation>
 <DetectorData><StartTime>2008-05-05T10:00:00Z</StartTime><SampleRealTime>PT1S</SampleRealTime>
  <OccupancyNumber>4711</OccupancyNumber><Speed Units="mph">5</Speed>
  <DetectorMeasurement><SpectrumMeasurement><Spectrum Detector="Aa1" Type="PHA">
   <RealTime>PT1S</RealTime><LiveTime>PT0.9S</LiveTime><SourceType>Background</SourceType>
   <Calibration Type="Energy"><Equation Model="Polynomial"><Coefficients>0 3 0</Coefficients>
    </Equation></Calibration><ChannelData Compression="CountedZeroes">1 0 3 2</ChannelData>
  </Spectrum></SpectrumMeasurement></DetectorMeasurement>
 </DetectorData>
 <CountDoseData DetectorType="Neutron"><SampleRealTime>PT1S</SampleRealTime><Counts>3</Counts></CountDoseData>
 <AnalysisResults><ThreatDescription>none</ThreatDescription><NuclideAnalysis><Nuclide>
  <NuclideName>K-40</NuclideName><NuclideIDConfidenceIndication>7</NuclideIDConfidenceIndication>
  <NuclideType>NORM</NuclideType></Nuclide></NuclideAnalysis></AnalysisResults>
</Measurement></N42InstrumentData>"""


def test_the_edition_of_2006_is_read_in_the_terms_of_2011(schema: Any) -> None:
    document = read(OLD.encode())
    assert document.edition == 2006
    assert document.repairs == ()
    assert document.instrument == Instrument(
        "Makers", "M4", "Portal Monitor", "17", versions=(("Software", "unknown"),)
    )
    (measurement,) = document.measurements
    assert measurement.measurement_class == "Background"
    assert measurement.occupied is True
    assert measurement.speed_m_s == pytest.approx(2.2352)
    assert measurement.spectra[0].counts.tolist() == [1, 0, 0, 0, 2]
    assert measurement.spectra[0].live_time_s == 0.9
    assert measurement.gross_counts[0].counts == (3,)
    assert document.nuclides == (Nuclide("K-40", True, "7", "NORM"),)
    assert [d.category for d in document.detectors] == ["Gamma", "Neutron"]
    schema.assertValid(etree.fromstring(write(document)))


# ---------------------------------------------------------------- repairs


def minimal(measurement: str = "", head: str = "") -> str:
    return (
        f'{head}<RadInstrumentData xmlns="{NAMESPACE}"><RadInstrumentInformation id="I"/>'
        f'<RadDetectorInformation id="D"/><RadMeasurement id="M">{measurement}'
        "</RadMeasurement></RadInstrumentData>"
    )


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (minimal('<vendor:Box xmlns:x="y">1</vendor:Box>'), "vendor"),
        (minimal("<OccupancyIndicator>1</OccupancyIndicator>")[:-20], "Premature end"),
        (
            "\r\n\x00garbage" + minimal("<OccupancyIndicator>1</OccupancyIndicator>"),
            "bytes before the document",
        ),
        (minimal("<OccupancyIndicator>1</OccupancyIndicator>&nbsp;"), "nbsp"),
        (minimal().replace(NAMESPACE, "urn:other"), "namespace"),
        (minimal("<RealTimeDuration>soon</RealTimeDuration>"), "duration"),
        (minimal('<Spectrum id="S"><ChannelData>1 x 3</ChannelData></Spectrum>'), "'x' is not a number"),
        (minimal('<GrossCounts id="G"><CountData>-4</CountData></GrossCounts>'), "negative"),
    ],
)
def test_what_is_wrong_is_reported_and_the_rest_is_read(broken: str, complaint: str) -> None:
    document = read(broken.encode())
    assert len(document.measurements) == 1
    assert any(complaint in str(repair) for repair in document.repairs), document.repairs


def test_a_malformed_spectrum_is_left_out_and_its_neighbour_kept() -> None:
    document = read(
        minimal(
            '<Spectrum id="bad"><ChannelData compressionCode="CountedZeroes">1 0</ChannelData></Spectrum>'
            '<Spectrum id="good"><ChannelData>1 2</ChannelData></Spectrum>'
        ).encode()
    )
    assert [s.id for s in document.measurements[0].spectra] == ["good"]
    assert "ChannelData" in document.repairs[-1].where


# ---------------------------------------------------------------- hostile input

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "document"),
        (b"not xml", "document"),
        (b"<html/>", "root"),
        (b"<" * 1000, "document"),
        (minimal("&b;", BOMB).encode(), "DOCTYPE"),
        (minimal("&f;", FILE).encode(), "DOCTYPE"),
        (minimal("&f;", '<?xml version="1.0" encoding="UTF-16"?>' + FILE).encode("utf-16"), "DOCTYPE"),
        (b"\xff\xfe<\x00a", "document"),
        (b" " * (32 * 1024 * 1024 + 1), "document"),
    ],
)
def test_what_is_no_document_is_refused_with_the_place_named(data: bytes, field: str) -> None:
    with pytest.raises(N42Error) as caught:
        read(data)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "text",
    ["0 99999999", "0 65537", "1 0 65536", "0 1.5", "0 -3", "0 0", "1 0", "1 2 inf", "nan", "1e99", "-1"],
)
def test_channel_data_is_bounded_before_it_is_expanded(text: str) -> None:
    with pytest.raises(N42Error) as caught:
        channels(text, "CountedZeroes", "here")
    assert caught.value.field == "here"


def test_more_channels_than_any_instrument_has_are_refused() -> None:
    with pytest.raises(N42Error, match="65536"):
        channels("1 " * 65_537, "", "here")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_document_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(write(portal_document()))
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(whole) - 1))
        kind = data.draw(st.sampled_from(["flip", "cut", "double"]))
        if kind == "flip":
            whole[place] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del whole[place : place + data.draw(st.integers(1, 60))]
        else:
            whole[place:place] = whole[place : place + 40]
        if not whole:
            break
    try:
        document = read(bytes(whole))
    except N42Error as error:
        assert error.field
    else:
        assert all(repair.where for repair in document.repairs)
