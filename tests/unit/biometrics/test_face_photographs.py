"""The test photographs: named, pinned, cached, and a clear answer when they cannot be had."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from gate_simulators.egate import photographs as module
from gate_simulators.egate.photographs import PICTURES, PhotographsError, fetch, photographs


@pytest.fixture(scope="module")
def cache() -> Path:
    try:
        return fetch()
    except PhotographsError as error:
        pytest.skip(str(error))


def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pip answers: the interpreter that would download is one that fails."""
    monkeypatch.setenv("PYTHON", "/bin/false")


def test_three_people_and_several_photographs_of_one(cache: Path) -> None:
    people = photographs(cache)
    assert set(people) == {"president_a", "president_b", "astronaut"}
    assert len(people["president_a"]) == 3
    for pictures in people.values():
        for pixels in pictures:
            assert pixels.shape[2] == 3
            assert str(pixels.dtype) == "uint8"


def test_a_filled_cache_needs_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offline(monkeypatch)
    assert fetch(cache) == cache


def test_offline_and_not_cached_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offline(monkeypatch)
    with pytest.raises(PhotographsError, match=r"connect once and run .python -m gate_simulators"):
        fetch(tmp_path / "empty")
    monkeypatch.setenv("PYTHON", str(tmp_path / "no-such-python"))
    with pytest.raises(PhotographsError, match="cannot run pip"):
        fetch(tmp_path / "empty")


def test_an_altered_photograph_is_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline(monkeypatch)
    copy = shutil.copytree(cache, tmp_path / "copy")
    (copy / PICTURES["president_b"][0][0]).write_bytes(b"\xff\xd8 not the picture \xff\xd9")
    with pytest.raises(PhotographsError, match="download failed"):
        fetch(copy)


def test_another_archive_under_the_same_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "python"
    fake.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        'folder = pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])\n'
        '(folder / "face_recognition-1.3.0.tar.gz").write_bytes(b"something else")\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PYTHON", str(fake))
    with pytest.raises(PhotographsError, match="SHA-256"):
        fetch(tmp_path / "empty")


def test_set_up_fails_where_nothing_can_be_kept(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert module.main() == 0
    monkeypatch.setattr(module, "default_cache", lambda: Path("/proc/nowhere"))
    offline(monkeypatch)
    assert module.main() == 1
    assert "photographs:" in capsys.readouterr().err
