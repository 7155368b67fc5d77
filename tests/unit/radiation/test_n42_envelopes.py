"""N42.42 documents inside something else: found, read, and said; bounded like any other."""

from __future__ import annotations

from xml.sax.saxutils import escape

import pytest

from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42 import read
from gate_agent.radiation.record import profile_of

OLD = (
    '<N42InstrumentData xmlns="http://physics.nist.gov/Divisions/Div846/Gp4/ANSIN4242/2005/ANSIN4242">'
    "<Measurement><DetectorData><SampleRealTime>PT1S</SampleRealTime><Occupied>1</Occupied>"
    '<DetectorMeasurement Detector="A1N" DetectorType="Neutron"><GrossCountMeasurement>'
    "<GrossCounts>77</GrossCounts></GrossCountMeasurement></DetectorMeasurement></DetectorData>"
    "</Measurement></N42InstrumentData>"
)
NEW = (
    '<RadInstrumentData xmlns="http://physics.nist.gov/N42/2011/N42"><RadInstrumentInformation id="I"/>'
    '<RadDetectorInformation id="N1"><RadDetectorCategoryCode>Neutron</RadDetectorCategoryCode>'
    '</RadDetectorInformation><RadMeasurement id="M">'
    "<StartDateTime>2026-01-01T00:00:01Z</StartDateTime><RealTimeDuration>PT1S</RealTimeDuration>"
    '<GrossCounts id="G" radDetectorInformationReference="N1"><CountData>77</CountData></GrossCounts>'
    "<OccupancyIndicator>true</OccupancyIndicator></RadMeasurement></RadInstrumentData>"
)


@pytest.mark.parametrize("inner", [OLD, NEW], ids=["2006", "2011"])
@pytest.mark.parametrize(
    ("envelope", "name"),
    [
        ("<Event><ThisDataFormat>ICD1/HPRDS</ThisDataFormat>{}</Event>", "Event"),
        ('<?xml version="1.0" encoding="utf-8"?><Event xmlns:sym="urn:s">{}</Event>', "Event"),
        ("<s:Envelope xmlns:s='urn:soap'><s:Body><a><b>{}</b></a></s:Body></s:Envelope>", "Envelope"),
        ("<Lane><Data><![CDATA[{}]]></Data></Lane>", "Lane"),
        ('<Lane><Data><![CDATA[<?xml version="1.0" encoding="utf-16"?>\n{}]]></Data></Lane>', "Lane"),
    ],
)
def test_n7_a_document_in_an_envelope_is_read_and_said(envelope: str, name: str, inner: str) -> None:
    found = read(envelope.format(inner).encode())
    assert [g.counts for m in found.measurements for g in m.gross_counts] == [(77,)]
    (repair,) = found.repairs
    assert repair.where == name
    assert "envelope" in repair.what
    # Nothing is lost by an envelope, so the vehicle's profile stays whole.
    assert profile_of(found).complete


def test_n7_a_document_as_escaped_text_is_read() -> None:
    found = read(f"<Report><Payload>{escape(NEW)}</Payload></Report>".encode())
    assert found.measurements[0].gross_counts[0].counts == (77,)


@pytest.mark.parametrize("prefix", ["n42", "sym"])
def test_n7_prefixes_that_nobody_declared_do_not_hide_the_document(prefix: str) -> None:
    inner = OLD.replace("<N42Inst", f"<{prefix}:N42Inst").replace("</N42Inst", f"</{prefix}:N42Inst")
    found = read(f"<{prefix}:Event>{inner}<{prefix}:Tail/></{prefix}:Event>".encode())
    assert found.measurements[0].gross_counts[0].counts == (77,)
    assert any(prefix in repair.what for repair in found.repairs)


def test_n7_a_document_without_a_namespace_and_a_measurement_around_its_data_is_read() -> None:
    inner = OLD.partition(">")[2].replace("<Measurement>", "").replace("</Measurement>", "")
    found = read(f"<Event><N42InstrumentData>{inner}</Event>".encode())
    assert found.measurements[0].gross_counts[0].counts == (77,)
    assert any("Measurement" in repair.where for repair in found.repairs)


def test_n7_of_two_documents_in_one_envelope_the_second_is_not_passed_over_in_silence() -> None:
    found = read(f"<Event>{OLD}{OLD}</Event>".encode())
    assert len(found.measurements) == 1
    assert any("only the first" in repair.what and not repair.harmless for repair in found.repairs)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("<Event><ThisDataFormat>ICD1</ThisDataFormat></Event>", "root"),
        ("<Event>N42InstrumentData</Event>", "root"),
        (f"<Event>{escape('<Event>' + escape(OLD) + '</Event>')}</Event>", "root"),
        (f"<Event><![CDATA[{BOMB}{NEW}]]></Event>", "DOCTYPE"),
        (f"<Event>{escape(BOMB + NEW)}</Event>", "DOCTYPE"),
        ("<Event>" * 300 + OLD + "</Event>" * 300, "root"),
    ],
)
def test_n7_an_envelope_hides_nothing_that_is_refused_elsewhere(data: str, field: str) -> None:
    with pytest.raises(N42Error) as caught:
        read(data.encode())
    assert caught.value.field == field


def test_n7_spectra_that_unpack_to_more_than_memory_holds_are_refused() -> None:
    spectra = "<Spectrum><ChannelData Compression='CountedZeroes'>0 65536</ChannelData></Spectrum>" * 1100
    data = f"<Event>{OLD.replace('<DetectorData>', spectra + '<DetectorData>')}</Event>"
    with pytest.raises(N42Error) as caught:
        read(data.encode())
    assert caught.value.field == "ChannelData"
