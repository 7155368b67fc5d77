"""Sound chips of bearers whose machine readable zone is unusual (Doc 9303-3 §4, -4 §4.2, -5 §4.2)."""

from __future__ import annotations

from gate_simulators.issuer import alterations, mrz
from gate_simulators.issuer.chip_security import PACE_AND_CA
from gate_simulators.issuer.specimens import Bearer, Expected, Issue, Specimen


def _borne_by(name: str, about: str, bearer: Bearer) -> Specimen:
    return Specimen(name, about, issue=Issue(bearer=bearer))


ZONES: tuple[Specimen, ...] = (
    _borne_by("zone-td1", "A card: three lines.", Bearer(zone=mrz.td1, document_code="I")),
    _borne_by(
        "zone-td1-long-number",
        "A card whose number has twelve characters; its end and its check digit are in the optional data.",
        Bearer(document_number="D23145890734", zone=mrz.td1, document_code="I"),
    ),
    Specimen(
        "zone-td1-long-number-pace",
        "The same, opened by PACE.",
        Expected("PACE"),
        Issue(
            security=PACE_AND_CA,
            bearer=Bearer(document_number="D23145890734", zone=mrz.td1, document_code="I"),
        ),
    ),
    _borne_by(
        "zone-td3-long-number",
        "A passport whose number has eleven characters, as some states print them.",
        Bearer(document_number="AB123456789"),
    ),
    _borne_by("zone-short-number", "A number of three characters.", Bearer(document_number="A07")),
    _borne_by(
        "zone-zero-for-nothing",
        "The check digit of the empty optional data is 0, not a filler.",
        Bearer(zero_for_nothing=True),
    ),
    _borne_by("zone-unknown-day", "The day of birth is not known.", Bearer(born=mrz.UnknownDay(1974, 8, 1))),
    _borne_by(
        "zone-unknown-month", "Only the year of birth is known.", Bearer(born=mrz.UnknownMonth(1974, 1, 1))
    ),
    _borne_by(
        "zone-transliterated",
        "Names with letters that the zone does not have.",
        Bearer("Müller-Łukasiewicz", "Þóra Ægisdóttir"),
    ),
    _borne_by("zone-one-name", "One name only, sex not stated.", Bearer("Arkfreith", "", sex="<")),
    _borne_by(
        "zone-names-cut",
        "Names that do not fit: the given names are cut first.",
        Bearer("Nilavadhanananda Chayapa Dejthamrong", "Krasuang Sirisak Wattanapong"),
    ),
    Specimen(
        "zone-misread",
        "The camera takes zeros in dates for the letter O; the chip's own zone is right.",
        alteration=alterations.misread_zeros,
    ),
)
