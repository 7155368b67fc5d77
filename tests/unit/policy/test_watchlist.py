"""Watchlists: signed, dated, no readable name inside, found by document or by person."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.errors import BadInput, GateError
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.policy.signature import SignatureError, sign
from gate_agent.policy.watchlist import Subject, Watchlist, WatchlistError, build_watchlist

ROOT = Path(__file__).parents[3]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = (KEY.public_key(),)
ISSUED = datetime(2026, 6, 1, tzinfo=UTC)

ANNA = Subject("L-1", "L898902C3", "UTO", "Eriksson", "Anna Maria", date(1974, 8, 12))
ERIKA = Subject("L-2", surname="Mustermann", given_names="Erika", date_of_birth=date(1964, 8, 12))
LONG = Subject(
    "L-3", surname="Papandropoulou-Konstantinopolitou", given_names="Jonathon Warren", date_of_birth="550101"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.json"
    build_watchlist(path, [ANNA, ERIKA, LONG], KEY, id="t", version="1", issued_at=ISSUED, max_age_days=3)
    return path


def ask(watchlist: Watchlist, **changes: str) -> CheckResult:
    holder = {
        "document_number": "C01X00T47",
        "issuing_state": "D",
        "surname": "SMITH",
        "given_names": "JOHN",
        "date_of_birth": "800101",
    }
    return watchlist.check(**(holder | changes))


def test_nobody_on_the_list_passes(file: Path) -> None:
    result = ask(Watchlist.load(file, KEYS))
    assert (result.check, result.outcome, result.reasons) == ("watchlist", Outcome.PASSED, ())
    assert result.versions == {"watchlist": "t@1"}


@pytest.mark.parametrize(
    ("holder", "reference"),
    [
        ({"document_number": "L898902C3", "issuing_state": "UTO"}, "L-1"),
        ({"document_number": "L898902C3<", "issuing_state": "UTO"}, "L-1"),
        ({"surname": "ERIKSSON", "given_names": "ANNA MARIA", "date_of_birth": "740812"}, "L-1"),
        ({"surname": "MUSTERMANN", "given_names": "ERIKA", "date_of_birth": "640812"}, "L-2"),
        (
            {
                "surname": "PAPANDROPOULOU KONSTANTINOPOLITOU",
                "given_names": "JONA",
                "date_of_birth": "550101",
            },
            "L-3",
        ),
    ],
    ids=["document", "filler", "person", "person only", "name cut by the zone"],
)
def test_a_hit_gives_the_lists_reference_and_nothing_else(
    file: Path, holder: dict[str, str], reference: str
) -> None:
    result = ask(Watchlist.load(file, KEYS), **holder)
    assert (result.outcome, result.reasons) == (Outcome.FAILED, ("WATCHLIST_HIT",))
    assert dict(result.measured) == {"reference": reference}


@pytest.mark.parametrize(
    "holder",
    [
        {"document_number": "L898902C3", "issuing_state": "UTP"},
        {"surname": "ERIKSSON", "given_names": "ANNA MARIA", "date_of_birth": "740813"},
        {"surname": "ERIKSSON", "given_names": "ANNA", "date_of_birth": "740812"},
    ],
)
def test_near_misses_are_no_hits(file: Path, holder: dict[str, str]) -> None:
    assert ask(Watchlist.load(file, KEYS), **holder).outcome is Outcome.PASSED


@pytest.mark.parametrize("gap", ["document_number", "surname", "date_of_birth"])
def test_a_holder_who_cannot_be_looked_up_does_not_pass(file: Path, gap: str) -> None:
    assert ask(Watchlist.load(file, KEYS), **{gap: ""}).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("printed", "zone"),
    [
        ("Müller", "MUELLER"),
        ("O'Connor", "OCONNOR"),
        ("Núñez-Ibáñez", "NUNEZ IBANEZ"),
        ("Ærø", "AEROE"),
        ("Łukasz ß", "LUKASZ SS"),
    ],
)
def test_names_are_transliterated_as_the_zone_prints_them(tmp_path: Path, printed: str, zone: str) -> None:
    """Doc 9303-3 §6."""
    entry = Subject("L-9", surname=printed, given_names="X", date_of_birth="800101")
    path = build_watchlist(tmp_path / "l.json", [entry], KEY, id="t", version="1", issued_at=ISSUED)
    assert ask(Watchlist.load(path, KEYS), surname=zone, given_names="X").reasons == ("WATCHLIST_HIT",)


def test_the_file_holds_digests_and_no_name(file: Path) -> None:
    text = file.read_text()
    for word in ("ERIKSSON", "Eriksson", "L898902C3", "740812", "1974"):
        assert word not in text
    content = json.loads(text)
    expected = hmac.new(
        bytes.fromhex(content["key"]), b"document\0UTO\0L898902C3", hashlib.sha256
    ).hexdigest()
    assert content["entries"][0]["documents"] == [expected]


@pytest.mark.parametrize(
    ("age", "outcome"),
    [
        (timedelta(), Outcome.PASSED),
        (timedelta(days=3), Outcome.PASSED),
        (timedelta(days=3, seconds=1), Outcome.FAILED),
        (timedelta(minutes=-4), Outcome.PASSED),
        (timedelta(hours=-1), Outcome.FAILED),
    ],
)
def test_freshness(file: Path, age: timedelta, outcome: Outcome) -> None:
    result = Watchlist.load(file, KEYS).freshness(ISSUED + age)
    assert result.outcome is outcome
    assert result.reasons == (() if outcome is Outcome.PASSED else ("WATCHLIST_STALE",))


def test_the_station_may_be_stricter_than_the_list_but_not_laxer(file: Path) -> None:
    assert Watchlist.load(file, KEYS, max_age_days=1).max_age == timedelta(days=1)
    assert Watchlist.load(file, KEYS, max_age_days=30).max_age == timedelta(days=3)


def test_a_changed_list_or_another_key_is_refused(file: Path) -> None:
    with pytest.raises(SignatureError):
        Watchlist.load(file, (Ed25519PrivateKey.generate().public_key(),))
    file.write_text(file.read_text().replace("L-1", "L-9"))
    with pytest.raises(SignatureError):
        Watchlist.load(file, KEYS)


@settings(deadline=None)
@given(raw=st.binary(max_size=200) | st.sampled_from([b"{}", b"[]", b"null", b'{"entries": 3}', b"[" * 5000]))
def test_signed_nonsense_is_a_typed_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("w") / "list.json"
    path.write_bytes(raw)
    sign(path, KEY)
    with pytest.raises(WatchlistError):
        Watchlist.load(path, KEYS)


def test_a_missing_list_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(WatchlistError, match="cannot be read"):
        Watchlist.load(tmp_path / "none.json", KEYS)


@pytest.mark.parametrize(
    "entry",
    [
        Subject("L-1"),
        Subject("L-1", surname="X"),
        Subject("", "A1", "UTO"),
        Subject("L-1", surname="李", date_of_birth="800101"),
    ],
)
def test_entries_that_could_never_be_found_do_not_build(tmp_path: Path, entry: Subject) -> None:
    with pytest.raises(BadInput):
        build_watchlist(tmp_path / "l.json", [entry], KEY, id="t", version="1", issued_at=ISSUED)


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_no_holder_raises(surname: str, number: str, state: str, born: str) -> None:
    watchlist = Watchlist.load(ROOT / "config/watchlists/sample.json", ROOT / "config/keys/sample.pub.pem")
    try:
        result = ask(
            watchlist, surname=surname, document_number=number, issuing_state=state, date_of_birth=born
        )
    except GateError:
        pytest.fail("a holder's data must not raise")
    assert result.outcome in Outcome


def test_the_sample_list_is_signed_by_the_sample_key() -> None:
    watchlist = Watchlist.load(ROOT / "config/watchlists/sample.json", ROOT / "config/keys/sample.pub.pem")
    assert ask(watchlist, document_number="L898902C3", issuing_state="UTO").reasons == ("WATCHLIST_HIT",)
    assert ask(watchlist).outcome is Outcome.PASSED
