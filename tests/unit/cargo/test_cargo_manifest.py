"""Manifest files: what the format holds, and that every wrong field is named."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.cargo.consignment import Consignment, Fullness, Goods, Issue
from gate_agent.cargo.errors import ManifestError
from gate_agent.cargo.manifest import MAX_BYTES, ManifestFile, problems, read_manifest
from gate_agent.errors import GateError

# CSQU3054383 is the example of ISO 6346 Annex A.
WHOLE: dict[str, Any] = {
    "format": "gate-agent-manifest/1",
    "id": "MAN-7",
    "issued_at": "2026-03-01T06:00:00Z",
    "consignments": [
        {
            "container": "CSQU 305438 3",
            "fullness": "full",
            "goods": [
                {"hs": "1701.99", "gross_mass_kg": 21000, "packages": 420},
                {"hs": "3104", "gross_mass_kg": 500.5},
            ],
            "tare_mass_kg": 2200,
            "vehicle_mass_kg": 14100,
            "seals": [{"number": "ML-CN 1234567"}, {"manufacturer": "42", "serial": "c0ffee"}],
            "lot": "LOT-9",
            "plate": "AB-123 C",
            "nuclides": ["K-40"],
        },
        {"container": "MSKU6011672", "fullness": "empty", "tare_mass_kg": 3900},
    ],
}


def written(folder: Path, content: object) -> Path:
    path = folder / "manifest.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def changed(**fields: object) -> dict[str, Any]:
    """The first consignment with other fields; None takes one away."""
    made = deepcopy(WHOLE)
    made["consignments"][0] |= fields
    made["consignments"][0] = {k: v for k, v in made["consignments"][0].items() if v is not None}
    return made


def test_a_manifest_gives_frozen_consignments(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, WHOLE))
    issue = Issue("MAN-7", datetime(2026, 3, 1, 6, tzinfo=UTC))
    assert manifest.find("CSQU3054383") == Consignment(
        container="CSQU3054383",
        fullness=Fullness.FULL,
        issue=issue,
        goods=(Goods("170199", 21000, 420), Goods("3104", 500.5, None)),
        gross_mass_kg=21500.5,
        tare_mass_kg=2200,
        vehicle_mass_kg=14100,
        seals=("ML-CN 1234567",),
        electronic_seals=("0042-00C0FFEE",),
        lot="LOT-9",
        plate="AB-123 C",
        nuclides=("K-40",),
    )
    empty = manifest.find("MSKU6011672")
    assert empty is not None
    assert (empty.empty, empty.gross_mass_kg) == (True, None)
    assert manifest.find("CSQU3054384") is None


def test_goods_tell_their_chapter_and_share_of_the_mass(tmp_path: Path) -> None:
    first = read_manifest(written(tmp_path, WHOLE)).consignments[0]
    assert [(goods.chapter, goods.heading) for goods in first.goods] == [(17, "1701"), (31, "3104")]
    assert [round(share, 3) for _, share in first.mass_shares()] == [0.977, 0.023]
    unknown = Consignment("", Fullness.FULL, first.issue, (Goods("17"), Goods("31", 5.0)))
    assert [share for _, share in unknown.mass_shares()] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("container", "CSQU3054384", "container"),
        ("container", "CSQX3054383", "container"),
        ("container", "X" * 1000, "container"),
        ("fullness", "half", "fullness"),
        ("goods", [{"hs": "7700"}], "goods.0.hs"),
        ("goods", [{"hs": "0012"}], "goods.0.hs"),
        ("goods", [{"hs": "170"}], "goods.0.hs"),
        ("goods", [{"hs": "17", "gross_mass_kg": -1}], "goods.0.gross_mass_kg"),
        ("goods", [{"hs": "17", "gross_mass_kg": "21000"}], "goods.0.gross_mass_kg"),
        ("goods", [{"hs": "17", "packages": 0}], "goods.0.packages"),
        ("goods", [{"hs": "17"}] * 1000, "goods"),
        ("gross_mass_kg", 1e9, "gross_mass_kg"),
        ("tare_mass_kg", 1, "tare_mass_kg"),
        ("seals", [{"number": ""}], "seals.0.mechanical.number"),
        ("seals", [{"manufacturer": "XYZ", "serial": "1"}], "seals.0.electronic.manufacturer"),
        ("seals", [{"manufacturer": "1"}], "seals.0.electronic.serial"),
        ("seals", ["ML-1"], "seals.0.electronic"),
        ("nuclides", ["Potassium"], "nuclides.0"),
        ("lot", "../x", "lot"),
        ("driver", "somebody", "driver"),
    ],
)
def test_each_wrong_field_is_named(tmp_path: Path, field: str, value: object, where: str) -> None:
    path = written(tmp_path, changed(**{field: value}))
    (error,) = problems(path)
    assert error.field == f"{path}: consignments.0.{where}"
    assert error.what
    with pytest.raises(ManifestError):
        read_manifest(path)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, changed(fullness="half", lot="?", goods=[{"hs": "77"}]))
    assert [error.field.rpartition("consignments.0.")[2] for error in problems(path)] == [
        "fullness",
        "goods.0.hs",
        "lot",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (changed(gross_mass_kg=15000), "the goods' sum"),
        (changed(fullness="empty"), "declared empty, and yet"),
        (changed(fullness="empty", goods=None, nuclides=None, gross_mass_kg=5), "declared empty, and yet"),
        ({**WHOLE, "consignments": [WHOLE["consignments"][1]] * 2}, "stands here twice"),
        ({**WHOLE, "consignments": []}, "at least 1"),
        ({**WHOLE, "format": "gate-agent-manifest/2"}, "gate-agent-manifest/1"),
        ({**WHOLE, "issued_at": "2026-03-01T06:00:00"}, "timezone"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("", "JSON"),
    ],
)
def test_contradictions_and_broken_files_are_told(tmp_path: Path, content: object, says: str) -> None:
    (error,) = problems(written(tmp_path, content))
    assert says in error.what


def test_what_is_no_file_or_too_large_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    assert "No such file" in problems(tmp_path / "none.json")[0].what
    assert "cannot be read" in problems(tmp_path)[0].what
    large = tmp_path / "large.json"
    with large.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    assert "larger than" in problems(large)[0].what


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_typed_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(raw)
    with pytest.raises(ManifestError):
        read_manifest(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(WHOLE["consignments"][0])), JSON)
def test_any_value_in_any_field_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, field: str, value: object
) -> None:
    content = deepcopy(WHOLE)
    content["consignments"][0][field] = value
    path = tmp_path_factory.getbasetemp() / "field.json"
    path.write_text(json.dumps(content))
    try:
        read_manifest(path)
    except GateError as error:
        assert isinstance(error, ManifestError)
        assert str(path) in error.field


def test_the_schema_names_every_field() -> None:
    schema = json.dumps(ManifestFile.model_json_schema())
    assert all(f'"{name}"' in schema for name in WHOLE["consignments"][0])


def test_the_manual_shows_a_manifest_that_is_in_order(tmp_path: Path) -> None:
    manual = Path(__file__).parents[3] / "docs" / "cargo.md"
    example = manual.read_text(encoding="utf-8").split("```json")[1].split("```")[0]
    assert problems(written(tmp_path, example)) == ()
