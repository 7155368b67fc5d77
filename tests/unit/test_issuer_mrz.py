"""The passport zone that the simulated authority prints: the specimen of Doc 9303-4, and any other holder."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.emrtd.mrz import parse
from gate_simulators.issuer.mrz import MrzFields, check_digit, mrz_information, td3, transliterate

SPECIMEN = MrzFields(
    surname="Eriksson",
    given_names="Anna Maria",
    document_number="L898902C3",
    date_of_birth=date(1974, 8, 12),
    date_of_expiry=date(2012, 4, 15),
    sex="F",
    optional_data="ZE184226B",
)


def test_doc_9303_4_appendix_b_specimen() -> None:
    assert td3(SPECIMEN) == (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    )


def test_doc_9303_3_check_digit_examples() -> None:
    assert check_digit("520727") == "3"
    assert check_digit("AB2134<<<") == "5"


def test_doc_9303_11_appendix_d_mrz_information() -> None:
    assert mrz_information(td3(SPECIMEN)[1]) == "L898902C3674081221204159"


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Müller-Lüdenscheidt", "MUELLER<LUEDENSCHEIDT"),
        ("O'Connor", "OCONNOR"),
        ("Łukasiewicz", "LUKASIEWICZ"),
        ("Þórðarson", "THORDARSON"),
        ("Straße", "STRASSE"),
        ("İnönü", "INOENUE"),
        ("de la Cruz", "DE<LA<CRUZ"),
        ("Nguyễn", "NGUYEN"),
    ],
)
def test_doc_9303_3_transliteration(written: str, printed: str) -> None:
    assert transliterate(written) == printed


def test_a_name_without_transliteration_is_refused() -> None:
    with pytest.raises(ValueError, match="no transliteration"):
        transliterate("山田")


def test_a_long_name_keeps_a_letter_of_the_given_names() -> None:
    upper, _ = td3(MrzFields("A" * 60, "Berta", "X1", date(1990, 1, 1), date(2030, 1, 1)))
    assert upper == "P<UTO" + "A" * 36 + "<<B"


@pytest.mark.parametrize("change", [{"document_number": "1234567890"}, {"sex": "X"}, {"nationality": "Uto"}])
def test_fields_that_no_passport_can_have_are_refused(change: dict[str, str]) -> None:
    fields = {"document_number": "L898902C3", "sex": "F", "nationality": "UTO"} | change
    with pytest.raises(ValueError):
        td3(
            MrzFields(
                "Eriksson",
                "Anna",
                date_of_birth=date(1974, 8, 12),
                date_of_expiry=date(2012, 4, 15),
                **fields,
            )
        )


_NAMES = st.text("abcdefghijklmnopqrstuvwxyzäöüßéñø '-", min_size=1, max_size=50).filter(
    lambda name: any(c.isalpha() for c in name)
)


@given(
    surname=_NAMES,
    given_names=_NAMES,
    number=st.text("ABCDEFGHJKLMNPRSTUVWXYZ123456789", min_size=1, max_size=9),
    age_days=st.integers(1, 36_000),
    sex=st.sampled_from("MF<"),
)
def test_the_agents_parser_accepts_every_zone(
    surname: str, given_names: str, number: str, age_days: int, sex: str
) -> None:
    today = date(2026, 6, 1)
    fields = MrzFields(
        surname, given_names, number, today - timedelta(days=age_days), today + timedelta(days=900), sex
    )
    lines = td3(fields)
    zone = parse(lines)
    assert zone.document_number == number
    assert zone.key().information == mrz_information(lines[1])
    assert zone.repaired == ()
