"""The machine readable zone: examples of Doc 9303 first, then rules, properties, and the reader's errors."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.emrtd.lds.mrz import CheckDigitError, Mrz, MrzError, MrzKey, check_digit, parse, split_lines
from gate_agent.emrtd.lds.mrz_layout import LAYOUTS, FieldType, MrzKind

TODAY = date(2026, 6, 1)

# Doc 9303-4 Appendix B, -5 Appendix B, -6 Appendix B, -7 Appendix B.
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
TD2 = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")
MRV_A = ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<")
MRV_B = ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<")
# Doc 9303-11 Appendix D.2: document numbers of more than nine characters.
TD1_LONG = (
    "I<UTOD23145890<7349<<<<<<<<<<<",
    "3407127M9507122UTO<<<<<<<<<<<2",
    "STEVENSON<<PETER<JOHN<<<<<<<<<",
)
TD2_LONG = ("I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<", "D23145890<UTO3407127M95071227349<<<8")

ALL = (TD3, TD1, TD2, MRV_A, MRV_B, TD1_LONG, TD2_LONG)


def replaced(lines: tuple[str, ...], line: int, first: int, text: str) -> tuple[str, ...]:
    """`lines` with `text` put at position `first` (from 1) of `line` (from 0)."""
    old = lines[line]
    new = old[: first - 1] + text + old[first - 1 + len(text) :]
    return (*lines[:line], new, *lines[line + 1 :])


def with_digits(lines: tuple[str, ...]) -> tuple[str, ...]:
    """A TD3 zone with all its check digits made right."""
    line = lines[1]
    line = line[:9] + check_digit(line[:9]) + line[10:]
    line = line[:19] + check_digit(line[13:19]) + line[20:]
    line = line[:27] + check_digit(line[21:27]) + line[28:]
    line = line[:42] + check_digit(line[28:42]) + line[43:]
    return (lines[0], line[:43] + check_digit(line[:10] + line[13:20] + line[21:43]))


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("520727", "3"),
        ("AB2134<<<", "5"),
        ("HA672242<658022549601086<<<<<<<<<<<<<<0", "8"),
        ("L898902C3", "6"),
    ],
)
def test_check_digit_examples_of_doc_9303_3(text: str, digit: str) -> None:
    assert check_digit(text) == digit


def test_td3_example() -> None:
    zone = parse(TD3)
    assert zone == Mrz(
        kind=MrzKind.TD3,
        lines=TD3,
        document_code="P",
        issuing_state="UTO",
        primary_identifier="ERIKSSON",
        secondary_identifier="ANNA MARIA",
        document_number="L898902C3",
        nationality="UTO",
        date_of_birth="740812",
        sex="F",
        date_of_expiry="120415",
        optional_data="ZE184226B",
    )


@pytest.mark.parametrize(
    ("lines", "kind"),
    [(TD1, "TD1"), (TD2, "TD2"), (TD3, "TD3"), (MRV_A, "MRV-A"), (MRV_B, "MRV-B")],
)
def test_every_format_is_recognised_by_its_shape(lines: tuple[str, ...], kind: str) -> None:
    zone = parse(lines)
    assert (zone.kind, zone.primary_identifier, zone.secondary_identifier) == (kind, "ERIKSSON", "ANNA MARIA")


@pytest.mark.parametrize(
    ("lines", "information"),
    [
        (TD1_LONG, "D23145890734934071279507122"),
        (TD2_LONG, "D23145890734934071279507122"),
        (TD3, "L898902C3674081221204159"),
    ],
)
def test_mrz_information_of_doc_9303_11_d2(lines: tuple[str, ...], information: str) -> None:
    assert parse(lines).key().information == information


def test_a_long_document_number_leaves_the_rest_of_the_optional_data() -> None:
    zone = parse(TD1_LONG)
    assert (zone.document_number, zone.optional_data) == ("D23145890734", "")


def test_short_document_numbers_are_filled_for_the_key() -> None:
    assert MrzKey("L898902C", "690806", "940623").information == "L898902C<369080619406236"


def test_empty_optional_data_may_have_a_filler_as_check_digit() -> None:
    lines = with_digits(replaced(TD3, 1, 29, "<" * 14))
    assert lines[1][42] == "0"
    filler = lines[1][:42] + "<"
    filler += check_digit(filler[:10] + filler[13:20] + filler[21:43])
    assert parse((lines[0], filler)).optional_data == ""


@pytest.mark.parametrize(
    ("line", "first", "text", "field"),
    [
        (0, 1, "X", "document_code"),
        (0, 3, "<<<", "issuing_state"),
        (0, 3, "U<O", "issuing_state"),
        (0, 3, "U1O", "issuing_state"),
        (0, 6, "<", "name"),
        (0, 7, "7", "name"),
        (1, 1, "<<<<<<<<<", "document_number"),
        (1, 11, "1TO", "nationality"),
        (1, 14, "741312", "date_of_birth"),
        (1, 14, "74<<12", "date_of_birth"),
        (1, 14, "7408A2", "date_of_birth"),
        (1, 21, "X", "sex"),
        (1, 22, "120431", "date_of_expiry"),
        (1, 22, "1204<<", "date_of_expiry"),
        (1, 20, "K", "date_of_birth_check"),
    ],
)
def test_a_broken_rule_names_its_field(line: int, first: int, text: str, field: str) -> None:
    with pytest.raises(MrzError) as caught:
        parse(replaced(TD3, line, first, text))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ((), "mrz"),
        ((TD3[0],), "mrz"),
        ((TD3[0], TD3[1][:-1]), "line 2"),
        (("P<UTO", "L8989"), "mrz"),
        ((TD3[0], TD3[1].lower()), "line 2"),
        ((TD3[0], TD3[1].replace("8", "\u0668")), "line 2"),
        ((TD1[0], TD1[1]), "mrz"),
        ((*TD1, TD1[2]), "mrz"),
    ],
)
def test_a_wrong_shape_is_named(lines: tuple[str, ...], field: str) -> None:
    with pytest.raises(MrzError) as caught:
        parse(lines)
    assert caught.value.field == field


def test_all_failing_check_digits_are_named() -> None:
    with pytest.raises(CheckDigitError) as caught:
        parse(replaced(replaced(TD3, 1, 10, "7"), 1, 28, "8"))
    assert caught.value.fields == ("document_number", "date_of_expiry", "composite")


def test_errors_and_repr_never_quote_the_zone() -> None:
    assert "ERIKSSON" not in repr(parse(TD3))
    assert "L898902C3" not in repr(parse(TD3).key())
    with pytest.raises(MrzError) as caught:
        parse(replaced(TD3, 1, 10, "7"))
    assert "L898902C" not in str(caught.value)


# ---------------------------------------------------------------- O and 0


def test_o_in_a_date_and_zero_in_a_name_are_repaired_and_reported() -> None:
    lines = (TD3[0].replace("ERIKSSON", "ERIKSS0N"), TD3[1].replace("7408122", "74O8122"))
    zone = parse(lines)
    assert zone.repaired == ("name", "date_of_birth")
    assert (zone.primary_identifier, zone.date_of_birth) == ("ERIKSSON", "740812")
    assert zone.lines == TD3


def test_o_and_0_in_a_document_number_are_never_repaired() -> None:
    with pytest.raises(CheckDigitError):
        parse(replaced(TD3, 1, 1, "L8989O2C3"))


def test_the_chips_copy_is_not_repaired() -> None:
    with pytest.raises(MrzError):
        parse(replaced(TD3, 1, 14, "74O812"), repair=False)


# ---------------------------------------------------------------- dates


def zone_with(birth: str = "740812", expiry: str = "120415") -> Mrz:
    return parse(with_digits(replaced(replaced(TD3, 1, 14, birth), 1, 22, expiry)))


@pytest.mark.parametrize(
    ("birth", "earliest", "latest"),
    [
        ("740812", date(1974, 8, 12), date(1974, 8, 12)),
        ("260601", date(2026, 6, 1), date(2026, 6, 1)),
        ("260602", date(1926, 6, 2), date(1926, 6, 2)),
        ("000229", date(2000, 2, 29), date(2000, 2, 29)),
        ("7402<<", date(1974, 2, 1), date(1974, 2, 28)),
        ("74<<<<", date(1974, 1, 1), date(1974, 12, 31)),
        ("26<<<<", date(2026, 1, 1), TODAY),
        ("<<<<<<", date.min, TODAY),
    ],
)
def test_birth_is_in_the_latest_century_that_is_past(birth: str, earliest: date, latest: date) -> None:
    assert zone_with(birth=birth).born_between(TODAY) == (earliest, latest)


def test_a_29_february_that_never_was() -> None:
    with pytest.raises(MrzError):
        zone_with(birth="000229").born_between(date(1999, 1, 1))


@pytest.mark.parametrize(
    ("expiry", "day"),
    [
        ("120415", date(2012, 4, 15)),
        ("360601", date(2036, 6, 1)),
        ("751231", date(2075, 12, 31)),
        ("800101", date(1980, 1, 1)),
        ("<<<<<<", None),
    ],
)
def test_expiry_is_in_the_nearest_century(expiry: str, day: date | None) -> None:
    assert zone_with(expiry=expiry).expires(TODAY) == day


# ---------------------------------------------------------------- comparison, DG1 text


def test_differences_name_the_fields() -> None:
    assert parse(TD3).differences(parse(TD3)) == ()
    other = parse(with_digits(replaced(TD3, 1, 14, "750812")))
    assert parse(TD3).differences(other) == ("date_of_birth",)
    assert "kind" in parse(TD3).differences(parse(TD2))


@pytest.mark.parametrize("lines", [TD1, TD2, TD3])
def test_lines_are_split_as_dg1_joins_them(lines: tuple[str, ...]) -> None:
    assert split_lines("".join(lines)) == lines
    with pytest.raises(MrzError):
        split_lines("".join(lines)[1:])


@pytest.mark.parametrize("kind", LAYOUTS)
def test_layouts_cover_every_position_exactly_once(kind: MrzKind) -> None:
    layout = LAYOUTS[kind]
    places = sorted(
        (place.line, position)
        for place in layout.fields.values()
        for position in range(place.first, place.last + 1)
    )
    assert places == [(n, p) for n in range(layout.line_count) for p in range(1, layout.line_length + 1)]
    assert all(isinstance(place.type, FieldType) for place in layout.fields.values())


# ---------------------------------------------------------------- properties


@given(st.sampled_from(ALL), st.data())
def test_any_single_wrong_digit_is_noticed(lines: tuple[str, ...], data: st.DataObject) -> None:
    """Every digit of dates and check digits is protected (weights are coprime with 10)."""
    layout = LAYOUTS[parse(lines).kind]
    place = layout.fields[data.draw(st.sampled_from(["date_of_birth", "date_of_expiry"]))]
    position = data.draw(st.integers(place.first, place.last))
    old = lines[place.line][position - 1]
    new = data.draw(st.sampled_from([d for d in "0123456789" if d != old]))
    with pytest.raises(MrzError):
        parse(replaced(lines, place.line, position, new))


_LINES = st.lists(st.text(alphabet="ABO01<P", min_size=0, max_size=50), max_size=5)
_SHAPED = st.sampled_from([(2, 44), (2, 36), (3, 30)]).flatmap(
    lambda shape: st.lists(
        st.text(alphabet="VPIO0123456789<ABZ", min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@given(st.one_of(_LINES, _SHAPED, st.lists(st.text(max_size=60), max_size=4)))
def test_anything_else_is_an_mrz_error(lines: list[str]) -> None:
    try:
        zone = parse(lines)
    except MrzError as error:
        assert error.field
    else:
        zone.expires(TODAY)


@given(
    number=st.from_regex(r"[A-Z0-9]{1,9}", fullmatch=True),
    birth=st.dates(date(1927, 1, 1), TODAY),
    expiry=st.dates(date(1980, 1, 1), date(2070, 12, 31)),
    surname=st.from_regex(r"[A-Z]{1,12}(<[A-Z]{1,8})?", fullmatch=True),
)
def test_what_is_printed_is_what_is_parsed(number: str, birth: date, expiry: date, surname: str) -> None:
    name = f"P<UTO{surname}<<ANNA".ljust(44, "<")
    line = f"{number:<<9}0UTO{birth:%y%m%d}0F{expiry:%y%m%d}0".ljust(44, "<")
    zone = parse(with_digits((name, line)))
    assert zone.document_number == number
    assert zone.primary_identifier == surname.replace("<", " ")
    assert zone.born_between(TODAY) == (birth, birth)
    assert zone.expires(TODAY) == expiry
