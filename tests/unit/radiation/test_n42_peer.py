"""Our N42.42 reader beside an independent one (SandiaSpecUtils): the same spectra, times and neutrons.

The peer merges a sample's neutrons into its gamma detector and counts no gammas without a spectrum, so
spectra are compared one by one, and neutrons by their count in each document.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gate_agent.radiation.alarm import judge
from gate_agent.radiation.n42 import read, write
from gate_agent.radiation.n42_model import Instrument, N42Document
from gate_agent.radiation.profile import Background, OccupancyProfile
from gate_agent.radiation.record import document_of
from gate_agent.radiation.settings import RadiationSettings
from gate_simulators.radiation.passage import drawn_truck, drive
from gate_simulators.radiation.sources import Source

peer: Any = pytest.importorskip("SpecUtils", reason="no independent N42 reader: pip install SandiaSpecUtils")

DATA = Path(os.environ.get("GATE_AGENT_TEST_DATA", "../shared/data")) / "n42" / "annex"
REFUSED_BY_PEER = {"Annex_F"}  # a dosimeter: dose rates only, no spectrum and no count
ANNEXES = sorted(DATA.glob("*.n42")) if DATA.is_dir() else []
OLD = """<?xml version="1.0"?>
<N42InstrumentData xmlns="http://physics.nist.gov/Divisions/Div846/Gp4/ANSIN4242/2005/ANSIN4242"><Measurement>
<InstrumentInformation><InstrumentType>PortalMonitor</InstrumentType></InstrumentInformation>{}</Measurement>
<Calibration Type="Energy" EnergyUnits="keV" ID="LinEnCal"><Equation Model="Polynomial"><Coefficients>0 3
</Coefficients></Equation></Calibration></N42InstrumentData>"""
SAMPLE = """<DetectorData>
<StartTime>2024-08-15T19:56:{0:02d}Z</StartTime><SampleRealTime>PT1S</SampleRealTime>
<Occupied>1</Occupied><DetectorMeasurement Detector="A1" DetectorType="Gamma"><SpectrumMeasurement>
<SpectrumAvailable>true</SpectrumAvailable><Spectrum CalibrationIDs="LinEnCal"><RealTime>PT1S</RealTime>
<LiveTime>PT0.9S</LiveTime><SourceType>Item</SourceType><ChannelData>{1} 4 1 0 2</ChannelData></Spectrum>
</SpectrumMeasurement></DetectorMeasurement><DetectorMeasurement Detector="A1N" DetectorType="Neutron">
<GrossCountMeasurement><GrossCounts>{2}</GrossCounts></GrossCountMeasurement></DetectorMeasurement>
</DetectorData>"""


def by_peer(file: Path) -> tuple[Counter[tuple[Any, ...]], float]:
    """Every spectrum with its real and live time, and all neutrons."""
    found = peer.SpecFile()
    found.loadFile(str(file), peer.ParserType.Auto)
    measured = [m for m in found.measurements() if not _derived(m)]
    spectra = Counter(
        _spectrum(m.gammaCounts(), m.realTime(), m.liveTime()) for m in measured if m.numGammaChannels()
    )
    return spectra, sum(m.neutronCountsSum() for m in measured)


def _derived(measurement: Any) -> bool:
    return not measurement.detectorName()  # a sum that the instrument made: DerivedData


def _spectrum(counts: Any, real_time_s: float, live_time_s: float) -> tuple[Any, ...]:
    return tuple(np.asarray(counts, np.float32).tolist()), round(real_time_s, 3), round(live_time_s, 3)


def by_us(document: N42Document) -> tuple[Counter[tuple[Any, ...]], float]:
    neutrons = {d.id for d in document.detectors if d.category == "Neutron"}
    spectra = Counter(
        _spectrum(s.counts, m.real_time_s or 0.0, s.live_time_s or 0.0)
        for m in document.measurements
        for s in m.spectra
    )
    counted = (g for m in document.measurements for g in m.gross_counts if g.detector in neutrons)
    return spectra, sum(sum(gross.counts) for gross in counted)


@pytest.mark.skipif(not ANNEXES, reason="no N42.42 annex examples (GATE_AGENT_TEST_DATA)")
@pytest.mark.parametrize("file", [f for f in ANNEXES if f.stem not in REFUSED_BY_PEER], ids=lambda f: f.stem)
def test_an_annex_example_says_the_same_to_an_independent_reader(file: Path) -> None:
    theirs, their_neutrons = by_peer(file)
    ours, our_neutrons = by_us(read(file.read_bytes()))
    assert ours == theirs
    assert our_neutrons == pytest.approx(their_neutrons)


def test_n5_a_time_series_of_2006_says_the_same_to_an_independent_reader(tmp_path: Path) -> None:
    text = OLD.format("".join(SAMPLE.format(n, 100 + n, n % 7) for n in range(40)))
    file = tmp_path / "series.n42"
    file.write_text(text)
    theirs, their_neutrons = by_peer(file)
    ours, our_neutrons = by_us(read(text.encode()))
    assert ours == theirs
    assert sum(theirs.values()) == 40
    assert our_neutrons == their_neutrons == sum(n % 7 for n in range(40))


def test_what_we_write_of_a_simulated_truck_is_read_by_an_independent_reader(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    passage = drive(rng, drawn_truck(rng, (Source("Cf-252", 3e5),)))
    profile = OccupancyProfile(
        gamma=passage.gamma.astype(float),
        neutron=passage.neutron.astype(float),
        gamma_alarms=np.zeros(len(passage.gamma), np.bool_),
        neutron_alarms=np.zeros(len(passage.neutron), np.bool_),
        background=Background(tuple(passage.background), tuple(passage.neutron_background), 3.0),
    )
    document = document_of(
        profile,
        judge(profile, RadiationSettings()),
        Instrument("simulated", "portal", "Portal Monitor"),
        started=datetime(2026, 3, 1, tzinfo=UTC),
    )
    file = tmp_path / "truck.n42"
    file.write_bytes(write(document))
    _, their_neutrons = by_peer(file)
    assert their_neutrons == pytest.approx(by_us(document)[1], rel=1e-5)
    assert their_neutrons > passage.neutron.sum()  # with the background's second
