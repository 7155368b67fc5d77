"""The passport zone that the simulated authority prints: the specimen of Doc 9303-4, and any other holder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.emrtd.lds.mrz import parse
from gate_simulators.issuer.mrz import (
    MrzFields,
    UnknownDay,
    UnknownMonth,
    check_digit,
    mrz_information,
    td1,
    td3,
    transliterate,
)

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
    assert mrz_information(SPECIMEN) == "L898902C3674081221204159"


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


@pytest.mark.parametrize(
    "fields",
    [
        replace(SPECIMEN, document_number="1" * 22),
        replace(SPECIMEN, sex="X"),
        replace(SPECIMEN, nationality="Uto"),
    ],
    ids=["number", "sex", "nationality"],
)
def test_fields_that_no_passport_can_have_are_refused(fields: MrzFields) -> None:
    with pytest.raises(ValueError):
        td3(fields)


_NAMES = st.text("abcdefghijklmnopqrstuvwxyzäöüßéñø '-", min_size=1, max_size=50).filter(
    lambda name: any(c.isalpha() for c in name)
)


def test_doc_9303_5_appendix_b_specimen() -> None:
    card = replace(SPECIMEN, document_code="I", document_number="D23145890", optional_data="")
    assert td1(card) == (
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    )


def test_doc_9303_11_appendix_d_number_of_more_than_nine_characters() -> None:
    born, expires = date(1934, 7, 12), date(1995, 7, 12)
    fields = MrzFields("Stevenson", "Peter John", "D23145890734", born, expires, "M", document_code="I")
    assert td1(fields)[:2] == ("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2")
    assert mrz_information(fields) == "D23145890734934071279507122"


@pytest.mark.parametrize(
    ("born", "printed"), [(UnknownDay(1974, 8, 1), "7408<<"), (UnknownMonth(1974, 1, 1), "74<<<<")]
)
def test_doc_9303_3_unknown_parts_of_a_date_of_birth(born: date, printed: str) -> None:
    zone = parse(td3(replace(SPECIMEN, date_of_birth=born)))
    assert zone.date_of_birth == printed


@pytest.mark.parametrize("layout", [td1, td3])
@given(
    surname=_NAMES,
    given_names=_NAMES,
    number=st.text("ABCDEFGHJKLMNPRSTUVWXYZ123456789", min_size=1, max_size=20),
    age_days=st.integers(1, 36_000),
    sex=st.sampled_from("MF<"),
)
def test_the_agents_parser_accepts_every_zone(
    layout: Callable[[MrzFields], tuple[str, ...]],
    surname: str,
    given_names: str,
    number: str,
    age_days: int,
    sex: str,
) -> None:
    today = date(2026, 6, 1)
    number = number[: 13 if layout is td1 else 12]  # and its check digit and a filler in the optional data
    born, expires = today - timedelta(days=age_days), today + timedelta(days=900)
    code = "I" if layout is td1 else "P"
    fields = MrzFields(surname, given_names, number, born, expires, sex, document_code=code)
    lines = layout(fields)
    zone = parse(lines)
    assert zone.document_number == number
    assert zone.key().information == mrz_information(fields)
    assert zone.repaired == ()
