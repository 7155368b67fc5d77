"""Portals' time series in the edition of 2006: one measurement a sample, every count with its detector."""

from __future__ import annotations

import pytest

from gate_agent.radiation.n42 import read
from gate_agent.radiation.n42_model import N42Document, RadMeasurement
from gate_agent.radiation.record import profile_of

NAMESPACE = "http://physics.nist.gov/Divisions/Div846/Gp4/ANSIN4242/2005/ANSIN4242"
POLYNOMIAL = (
    '<Calibration Type="Energy" EnergyUnits="keV" ID="LinEnCal"><Equation Model="Polynomial">'
    "<Coefficients>0 3</Coefficients></Equation></Calibration>"
)


def document(measurement: str, beside: str = "") -> str:
    return (
        f'<?xml version="1.0"?><N42InstrumentData xmlns="{NAMESPACE}"><Measurement><InstrumentInformation>'
        "<InstrumentType>PortalMonitor</InstrumentType></InstrumentInformation>"
        f"{measurement}</Measurement>{beside}</N42InstrumentData>"
    )


def spectrum(counts: str, said: str = "", inside: str = "") -> str:
    return (
        f"<Spectrum {said}><RealTime>PT1S</RealTime><LiveTime>PT0.9S</LiveTime>{inside}"
        f"<ChannelData>{counts}</ChannelData></Spectrum>"
    )


def gamma(detector: str, counts: str, said: str = "") -> str:
    return (
        f'<DetectorMeasurement Detector="{detector}" DetectorType="Gamma"><SpectrumMeasurement>'
        f"{spectrum(counts, said)}</SpectrumMeasurement></DetectorMeasurement>"
    )


def neutron(detector: str, count: int) -> str:
    return (
        f'<DetectorMeasurement Detector="{detector}" DetectorType="Neutron"><GrossCountMeasurement>'
        f"<GrossCounts>{count}</GrossCounts></GrossCountMeasurement></DetectorMeasurement>"
    )


def sample(second: int, content: str, occupied: str = "1") -> str:
    return (
        f"<DetectorData><StartTime>2024-08-15T19:56:{second:02d}Z</StartTime>"
        f"<SampleRealTime>PT1S</SampleRealTime><Occupied>{occupied}</Occupied>{content}</DetectorData>"
    )


def gammas(measurement: RadMeasurement) -> dict[str, float]:
    return {part.detector: float(part.counts.sum()) for part in measurement.spectra}


def neutrons(measurement: RadMeasurement) -> dict[str, tuple[float, ...]]:
    return {part.detector: part.counts for part in measurement.gross_counts}


def read_text(text: str) -> N42Document:
    return read(text.encode())


# ---------------------------------------------------------------- one measurement a sample


def test_n5_each_detector_data_is_a_measurement_with_its_neutrons() -> None:
    found = read_text(
        document(
            sample(1, gamma("A1", "100 1 1 1") + neutron("A1N", 0))
            + sample(2, gamma("A1", "5000 1 1 1") + neutron("A1N", 77))
        )
    )
    assert found.repairs == ()
    assert [gammas(m) for m in found.measurements] == [{"A1": 103}, {"A1": 5003}]
    assert [neutrons(m) for m in found.measurements] == [{"A1N": (0,)}, {"A1N": (77,)}]
    assert [m.start[-4:] for m in found.measurements] == [":01Z", ":02Z"]
    assert [(m.real_time_s, m.occupied) for m in found.measurements] == [(1, True), (1, True)]
    assert {d.id: d.category for d in found.detectors} == {"A1": "Gamma", "A1N": "Neutron"}
    profile = profile_of(found)
    assert profile.gamma.tolist() == [[103], [5003]]
    assert profile.neutron.tolist() == [[0], [77]]
    assert profile.gamma_interval_s == 1


def test_n5_a_long_series_of_many_detectors_keeps_every_count() -> None:
    detectors = [f"A{n}" for n in range(1, 9)]
    text = "".join(
        sample(
            n % 60,
            '<DetectorMeasurement Detector="Portal" DetectorType="Other"><SpectrumMeasurement>'
            + "".join(
                spectrum(
                    f"{n} {k} 0 1",
                    f'Detector="{d}" SampleNumber="{n}"',
                    "<DetectorType>HPGe 50%</DetectorType>",
                )
                for k, d in enumerate(detectors)
            )
            + "</SpectrumMeasurement></DetectorMeasurement>",
        )
        for n in range(1, 134)
    )
    found = read_text(document(text))
    assert found.repairs == ()
    assert len(found.measurements) == 133
    assert [m.sample for m in found.measurements] == list(range(1, 134))
    assert all(list(gammas(m)) == detectors for m in found.measurements)
    assert {d.kind for d in found.detectors} == {"HPGe"}
    assert {d.description for d in found.detectors} == {"HPGe 50%"}
    total = sum(sum(gammas(m).values()) for m in found.measurements)
    assert total == sum(n + k + 1 for n in range(1, 134) for k in range(8))


def test_n5_sample_numbers_inside_one_detector_data_are_samples() -> None:
    text = "".join(
        spectrum(f"{n} {k}", f'Detector="A{k}" SampleNumber="{n}"') for k in (1, 2) for n in (3, 1, 2)
    )
    found = read_text(document(f"<DetectorData>{text}</DetectorData>"))
    assert [(m.sample, gammas(m)) for m in found.measurements] == [
        (n, {"A1": n + 1, "A2": n + 2}) for n in (1, 2, 3)
    ]
    assert found.repairs == ()


@pytest.mark.parametrize("told", ["number", "start"])
def test_n5_a_detector_data_for_each_detector_and_sample_is_put_together(told: str) -> None:
    def one(second: int, content: str) -> str:
        start = f"<StartTime>2024-08-15T19:56:{second:02d}Z</StartTime>" if told == "start" else ""
        number = f' SampleNumber="{second}"' if told == "number" else ""
        return f"<DetectorData{number}>{start}<SampleRealTime>PT0.5S</SampleRealTime>{content}</DetectorData>"

    found = read_text(
        document(
            one(1, gamma("A1", "1 1"))
            + one(2, gamma("A1", "2 2"))
            + one(1, neutron("A1N", 4))
            + one(2, neutron("A1N", 5))
        )
    )
    assert [gammas(m) for m in found.measurements] == [{"A1": 2}, {"A1": 4}]
    assert [neutrons(m) for m in found.measurements] == [{"A1N": (4,)}, {"A1N": (5,)}]
    assert [m.real_time_s for m in found.measurements] == [0.5, 0.5]


def test_n5_counts_without_a_number_join_the_sample_of_their_time() -> None:
    found = read_text(
        document(
            sample(1, gamma("A1", "1 1", 'SampleNumber="1"') + neutron("A1N", 4))
            + sample(2, gamma("A1", "2 2", 'SampleNumber="2"') + neutron("A1N", 5))
        )
    )
    assert [(m.sample, gammas(m), neutrons(m)) for m in found.measurements] == [
        (1, {"A1": 2}, {"A1N": (4,)}),
        (2, {"A1": 4}, {"A1N": (5,)}),
    ]
    assert found.repairs == ()


def test_n5_a_detector_that_counts_more_than_once_is_said_and_nothing_is_lost() -> None:
    found = read_text(document(sample(1, gamma("A1", "1 1") + gamma("A1", "2 2") + neutron("A1N", 9))))
    assert [gammas(m) for m in found.measurements] == [{"A1": 2}, {"A1": 4}]
    assert sum(sum(neutrons(m).get("A1N", (0,))) for m in found.measurements) == 9
    assert any("more than once" in repair.what for repair in found.repairs)
    assert not profile_of(found).complete


def test_n5_a_count_that_fits_no_sample_is_kept_apart_and_said() -> None:
    loose = '<CountDoseData DetectorType="Neutron"><Counts>7</Counts></CountDoseData>'
    found = read_text(document(sample(1, gamma("A1", "1 1")) + sample(2, gamma("A1", "2 2")) + loose))
    assert [gammas(m) for m in found.measurements] == [{"A1": 2}, {"A1": 4}, {}]
    assert neutrons(found.measurements[2]) == {"Neutron": (7,)}
    assert any("which of 2 samples" in repair.what for repair in found.repairs)


def test_n5_values_outside_of_every_measurement_are_read() -> None:
    found = read_text(document(sample(1, gamma("A1", "1 1")), beside=sample(2, neutron("A1N", 3))))
    assert [neutrons(m) for m in found.measurements] == [{}, {"A1N": (3,)}]


# ---------------------------------------------------------------- what is said of a sample


@pytest.mark.parametrize(("word", "occupied"), [("1", True), ("0", False), ("true", True), ("False", False)])
def test_n5_occupied_is_the_samples_own(word: str, occupied: bool) -> None:
    found = read_text(document(sample(1, gamma("A1", "1"), word) + sample(2, gamma("A1", "2"))))
    assert [m.occupied for m in found.measurements] == [occupied, True]
    assert found.measurements[0].measurement_class == ("Foreground" if occupied else "Background")


def test_n5_an_empty_portals_samples_are_the_background_of_the_vehicle() -> None:
    empty = [sample(n, gamma("A1", "400 0") + neutron("A1N", 2), "0") for n in range(4)]
    truck = [sample(n, gamma("A1", "300 0") + neutron("A1N", 60), "1") for n in range(4, 20)]
    profile = profile_of(read_text(document("".join(empty + truck))))
    assert profile.background is not None
    assert profile.background.gamma == (pytest.approx(400 / 0.9),)
    assert profile.background.neutron == (pytest.approx(2),)
    assert profile.gamma.shape == profile.neutron.shape == (16, 1)


def test_n5_item_and_background_spectra_are_two_measurements() -> None:
    both = spectrum("9 9", inside="<SourceType>Item</SourceType>") + spectrum(
        "4 4", inside="<SourceType>Background</SourceType>"
    )
    found = read_text(document(both))
    assert [(m.measurement_class, list(gammas(m).values())) for m in found.measurements] == [
        ("Foreground", [18]),
        ("Background", [8]),
    ]


def test_n5_speed_and_live_time_are_the_samples() -> None:
    found = read_text(document(sample(1, '<Speed Units="mph">10</Speed>' + gamma("A1", "1"))))
    assert found.measurements[0].speed_m_s == pytest.approx(4.4704)
    assert found.measurements[0].spectra[0].live_time_s == 0.9


def test_n5_a_missing_count_is_not_zero() -> None:
    empty = '<DetectorMeasurement Detector="A1N" DetectorType="Neutron"><GrossCountMeasurement><GrossCounts/>'
    found = read_text(
        document(sample(1, gamma("A1", "1 1") + empty + "</GrossCountMeasurement></DetectorMeasurement>"))
    )
    assert neutrons(found.measurements[0]) == {}
    assert any("no count" in repair.what for repair in found.repairs)


def test_n5_what_has_no_place_in_the_model_is_named() -> None:
    found = read_text(document("<LaneNumber>3</LaneNumber>" + sample(1, gamma("A1", "1"))))
    assert found.ignored == ("LaneNumber",)


# ---------------------------------------------------------------- detectors and calibrations


def test_n5_detectors_of_two_kinds_may_share_a_name_and_stay_apart() -> None:
    found = read_text(document(sample(1, gamma("A1", "40 2") + neutron("A1", 5))))
    assert {d.id: (d.name, d.category) for d in found.detectors} == {
        "A1": ("A1", "Gamma"),
        "A1-Neutron": ("A1", "Neutron"),
    }
    profile = profile_of(found)
    assert (profile.gamma.tolist(), profile.neutron.tolist()) == ([[42]], [[5]])


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ('Detector="Aa1N"', "Neutron"),
        ('Detector="Main" DetectorType="Gamma"', "Gamma"),
        ('Detector="Aa1"', "Gamma"),
        ('Detector="x" DetectorType="He-3"', "Neutron"),
        ('Detector="x" DetectorType="NaI"', "Gamma"),
        ('Detector="Tower" DetectorType="Other"', "Other"),
    ],
)
def test_n5_the_kind_of_a_counter_is_told_by_its_type_then_its_name(said: str, category: str) -> None:
    found = read_text(
        document(
            f"<DetectorData><DetectorMeasurement {said}><GrossCountMeasurement><GrossCounts>5</GrossCounts>"
            "</GrossCountMeasurement></DetectorMeasurement></DetectorData>"
        )
    )
    assert [d.category for d in found.detectors] == [category]
    assert bool(found.repairs) == (category == "Other")


@pytest.mark.parametrize("place", ["document", "measurement", "spectrum"])
def test_n5_a_calibration_is_found_wherever_it_stands(place: str) -> None:
    said = 'CalibrationIDs="Fwhm LinEnCal"' if place == "document" else ""
    inside = POLYNOMIAL if place == "spectrum" else ""
    one = spectrum("1 2", said, inside)
    found = read_text(
        document(
            (POLYNOMIAL if place == "measurement" else "") + one,
            beside=POLYNOMIAL if place == "document" else "",
        )
    )
    assert found.measurements[0].spectra[0].calibration == "LinEnCal"
    assert found.calibrations[0].coefficients == (0, 3)


def test_n5_energies_in_mev_are_read_in_kev() -> None:
    found = read_text(document(spectrum("1 2", inside=POLYNOMIAL.replace("keV", "MeV"))))
    assert found.calibrations[0].coefficients == (0, 3000)


def test_n5_a_calibration_that_is_not_there_is_said_and_the_counts_stay_whole() -> None:
    found = read(document(sample(1, gamma("A1", "1 2", 'CalibrationIDs="Gone"'))).encode())
    assert gammas(found.measurements[0]) == {"A1": 3}
    assert any("Gone" in repair.what and repair.harmless for repair in found.repairs)
    assert profile_of(found).complete


def test_n5_a_linear_and_a_compressed_spectrum_of_one_detector_count_once() -> None:
    two = gamma("A1", "6 4", 'CalibrationIDs="LinEnCal"') + gamma("A1", "10", 'CalibrationIDs="CmpEnCal"')
    other = POLYNOMIAL.replace("LinEnCal", "CmpEnCal").replace("0 3", "0 6")
    found = read_text(document(sample(1, two), beside=POLYNOMIAL + other))
    assert len(found.measurements) == 1
    assert profile_of(found).gamma.tolist() == [[10]]


def test_n5_thousands_of_samples_are_read_in_a_moment() -> None:
    text = "".join(spectrum("1 1", f'SampleNumber="{n}" Detector="A1"') for n in range(1, 8001))
    found = read(document(text).encode())
    assert len(found.measurements) == 8000
