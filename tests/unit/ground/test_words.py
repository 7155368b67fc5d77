"""Words: complete in every language and for every kind of station, or not loaded at all."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.words import MOST_BYTES, SHARED, Words, WordsError, languages, load, spelt

KINDS = ("egate", "nii")


def folders(kind: str) -> tuple[Traversable, ...]:
    return SHARED, resources.files("gate_agent").joinpath(kind, "words")


@cache
def spoken(kind: str) -> Words:
    return load("en", *folders(kind))


def everywhere() -> list[tuple[str, str]]:
    return [(kind, language) for kind in KINDS for language in languages(*folders(kind))]


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for language, text in files.items():
        (folder / f"{language}.toml").write_text(text, encoding="utf-8")
    return folder


# ---------------------------------------------------------------- what is shipped


@pytest.mark.parametrize("kind", KINDS)
def test_english_and_german_are_spoken(kind: str) -> None:
    assert languages(*folders(kind)) == ("en", "de")


@pytest.mark.parametrize(("kind", "language"), everywhere())
def test_h3_every_language_says_all_that_english_says_and_nothing_else(kind: str, language: str) -> None:
    english, words = load("en", *folders(kind)), load(language, *folders(kind))
    assert words.sentences.keys() == english.sentences.keys()
    assert (words.language, words.direction) == (language, "ltr")


@pytest.mark.parametrize(("kind", "language"), everywhere())
def test_every_order_has_its_own_key_and_none_that_of_the_list_of_keys(kind: str, language: str) -> None:
    words = load(language, *folders(kind))
    keys = [s for code, s in words.sentences.items() if code.startswith("orders.") and code.endswith(".key")]
    assert len(set(keys)) == len(keys) >= 4
    assert all(isinstance(key, str) and key.isascii() and key.isupper() and key != "K" for key in keys)


@pytest.mark.parametrize("language", languages(SHARED))
def test_no_key_orders_at_one_kind_of_station_what_decides_a_case_at_another(language: str) -> None:
    """An officer who knows both must not release by habit."""
    keys = [
        {
            str(sentence)
            for code, sentence in load(language, *folders(kind)).sentences.items()
            if code.startswith("orders.") and code.endswith(".key") and code not in shared
        }
        for kind in KINDS
        for shared in (load(language, SHARED).sentences,)
    ]
    assert set.intersection(*keys) == set()


@pytest.mark.parametrize(("kind", "language"), everywhere())
def test_what_travellers_are_told_names_no_suspicion(kind: str, language: str) -> None:
    """They are told what to do: never a reason's sentence, and never more than a line or two."""
    words = load(language, *folders(kind))
    reasons = {s for code, s in words.sentences.items() if code.startswith("reasons.")}
    told = [s for code, s in words.sentences.items() if code.startswith("instructions.")]
    assert told and not reasons & set(told)
    assert all(isinstance(sentence, str) and len(sentence) <= 90 for sentence in told)


# ---------------------------------------------------------------- what does not load

ENGLISH = (
    '[language]\nname = "English"\n[page]\nhello = "Hello {officer}"\n[page.far]\nbye = "Bye"\nlist = ["a"]\n'
)
SAME = ENGLISH.replace("English", "D").replace("Hello", "Hallo").replace('["a"]', '["b", "c"]')
SAME = SAME.replace("Bye", "Tschüs")


@settings(max_examples=20, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_a_language_that_lacks_any_code_does_not_load_and_says_which(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str
) -> None:
    english = spoken(kind)
    code = data.draw(st.sampled_from(sorted(english.sentences)))
    folder = tmp_path_factory.mktemp("words")
    kept = {each: sentence for each, sentence in english.sentences.items() if each != code}
    write(folder, en=as_toml(english.sentences), xx=as_toml(kept))
    with pytest.raises(WordsError, match=code.replace(".", r"\.")) as refused:
        load("xx", folder)
    assert (refused.value.language, refused.value.missing) == ("xx", (code,))
    assert "xx" in str(refused.value)


def as_toml(sentences: Any) -> str:
    """One dotted key a line: JSON's strings and lists of strings are TOML's."""
    return "\n".join(
        f"{code} = {json.dumps(list(s) if isinstance(s, tuple) else s, ensure_ascii=False)}"
        for code, s in sentences.items()
    )


@pytest.mark.parametrize(
    "other",
    [
        SAME.replace("{officer}", ""),
        SAME.replace("{officer}", "{when}"),
        SAME.replace('"Hallo {officer}"', '""'),
        SAME.replace('["b", "c"]', '"b"'),
        SAME.replace('["b", "c"]', "[]"),
        SAME.replace('bye = "Tschüs"\n', ""),
    ],
)
def test_a_sentence_without_its_placeholders_or_of_another_shape_is_as_good_as_missing(
    tmp_path: Path, other: str
) -> None:
    write(tmp_path, en=ENGLISH, de=SAME)
    assert load("de", tmp_path).text("page.hello", officer="B1") == "Hallo B1"
    write(tmp_path, de=other)
    with pytest.raises(WordsError) as refused:
        load("de", tmp_path)
    assert len(refused.value.missing) == 1


def test_what_a_kind_declares_must_be_told_in_english_too(tmp_path: Path) -> None:
    write(tmp_path, en=ENGLISH)
    assert load("en", tmp_path, declared={"page": ("hello", "far")})
    with pytest.raises(WordsError) as refused:
        load("en", tmp_path, declared={"page": ("hello", "fa"), "phases": ("idle",)})
    assert refused.value.missing == ("page.fa", "phases.idle")


def test_what_two_folders_tell_is_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "one", en=ENGLISH)
    other = write(tmp_path / "other", en='[page.far]\nmore = "More"\n')
    assert load("en", one, other).text("page.far.more") == "More"
    write(tmp_path / "other", en='[page.far]\nbye = "Bye bye"\n')
    with pytest.raises(WordsError, match=r"page\.far\.bye told in two folders"):
        load("en", one, other)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("page = ", "not TOML"),
        ("page = 7", "page is neither"),
        ("[page]\nlist = [1]", "page.list is neither"),
        ('[language]\ndirection = "up"', "ltr or rtl"),
        ("#" * (MOST_BYTES + 1), "larger than"),
    ],
)
def test_files_that_are_no_words_are_refused_with_the_language(tmp_path: Path, text: str, what: str) -> None:
    write(tmp_path, en=text)
    with pytest.raises(WordsError, match=what) as refused:
        load("en", tmp_path)
    assert refused.value.language == "en"


@pytest.mark.parametrize("language", ["", "../en", "EN", "e", "en/..", "klingon"])
def test_only_language_tags_name_files(tmp_path: Path, language: str) -> None:
    write(tmp_path, en=ENGLISH)
    with pytest.raises(WordsError):
        load(language, tmp_path)


def test_a_language_that_one_folder_does_not_speak_is_not_offered(tmp_path: Path) -> None:
    one = write(tmp_path / "one", en=ENGLISH, fr=SAME, de=SAME, readme=SAME)
    other = write(tmp_path / "other", en="", de="")
    (tmp_path / "other" / "fr.txt").write_text("")
    assert languages(one) == ("en", "de", "fr")
    assert languages(one, other) == ("en", "de")


# ---------------------------------------------------------------- how they are said


@pytest.fixture(scope="module")
def words() -> Words:
    return load("en", *folders("egate"))


def test_a_reason_may_carry_its_source(words: Words) -> None:
    assert words.reason("DEVICE_FAULT:camera").endswith("; see device health. (Camera)")
    assert words.reason("DEVICE_FAULT:spare-7").endswith("(spare-7)")
    assert words.reason("MINOR") == "The traveller is a minor and needs an officer."


def test_u9_the_loser_of_two_officers_is_told_who_did_what_and_when(words: Words) -> None:
    fills = {"officer": "B1234", "order": "refuse", "at": "2026-03-02T20:09:19.250+00:00"}
    said = words.objection("DECIDED_BY_OTHER", fills)
    assert said.startswith("B1234 refused this traveller at ") and said.endswith(":19.")
    assert (
        words.objection("NOT_NOW", {"phase": "referred"}) == "The station cannot do that now: Officer needed."
    )


@pytest.mark.parametrize("kind", KINDS)
def test_u9_every_order_can_be_told_of(kind: str) -> None:
    words = load("en", *folders(kind))
    orders = {code.split(".")[1] for code in words.sentences if code.startswith("orders.")}
    for order in orders:
        said = words.objection(
            "DECIDED_BY_OTHER", {"officer": "B1", "order": order, "at": "2026-03-02T20:09:19Z"}
        )
        assert said.startswith("B1 ") and "…" not in said


def test_what_nobody_told_is_spelt_out(words: Words) -> None:
    assert words.reason("SOMETHING_NEW") == "Something new"
    assert words.text("page.title") == "… · console"
    assert words.instruction("<b>") == "<b>" == spelt("<b>")


def test_tables_are_the_files_again(words: Words) -> None:
    shared, own = (
        tomllib.loads((f / "en.toml").read_text("utf-8")) for f in map(Path, map(str, folders("egate")))
    )
    assert words.tables()["reasons"] == shared["reasons"] | own["reasons"]
    assert words.tables()["orders"]["reset"]["reasons"] == tuple(own["orders"]["reset"]["reasons"])
