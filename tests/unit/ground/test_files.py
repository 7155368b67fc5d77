"""Reading within a bound and writing whole: what a disk, a pipe and a full one do to both."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent import files
from gate_agent.errors import BadInput, GateError
from gate_agent.files import read_bounded, replacing, sync_folder, write_whole


class RoomError(GateError):
    """Stands for the error of any room."""


@given(data=st.binary(max_size=300), most=st.integers(0, 300))
def test_a_file_is_read_whole_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, most: int
) -> None:
    path = tmp_path_factory.mktemp("files") / "a"
    path.write_bytes(data)
    if len(data) <= most:
        assert read_bounded(path, most) == data
    else:
        with pytest.raises(BadInput, match=f"larger than {most} bytes"):
            read_bounded(path, most)


def test_more_than_one_read_call_gives_the_same_bytes(tmp_path: Path) -> None:
    data = os.urandom(1_000_003)
    (tmp_path / "a").write_bytes(data)
    assert read_bounded(tmp_path / "a", 2_000_000) == data


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_what_has_no_size_is_read_to_the_bound_only(device: str) -> None:
    with pytest.raises(RoomError, match="larger than 70000 bytes") as caught:
        read_bounded(Path(device), 70_000, RoomError)
    assert caught.value.field == device


def test_a_file_that_grows_while_it_is_read_is_held_to_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read, seen = tmp_path / "a", os.read, 0
    path.write_bytes(b"x" * 10)

    def growing(descriptor: int, count: int) -> bytes:
        nonlocal seen
        with path.open("ab") as more:
            more.write(b"x" * 200_000)
        seen += len(part := read(descriptor, count))
        return part

    monkeypatch.setattr(files.os, "read", growing)
    with pytest.raises(BadInput, match="larger"):
        read_bounded(path, 150_000)
    assert seen == 150_001


def test_a_pipe_that_nobody_writes_into_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PATIENCE_S", 0.05)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RoomError, match="nothing came"):
        read_bounded(tmp_path / "pipe", 100, RoomError)


def test_a_pipe_is_read_to_its_end_or_its_bound(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    def write(data: bytes) -> None:
        with (tmp_path / "pipe").open("wb") as stream:
            try:
                stream.write(data)
                stream.flush()
            except BrokenPipeError:
                pass

    for size, most in ((100_000, 100_000), (100_001, 100_000)):
        writer = threading.Thread(target=write, args=(b"x" * size,))
        writer.start()
        if size <= most:
            assert read_bounded(tmp_path / "pipe", most) == b"x" * size
        else:
            with pytest.raises(BadInput, match="larger"):
                read_bounded(tmp_path / "pipe", most)
        writer.join()


@pytest.mark.parametrize("name", ["absent", "folder", "no\0name", "x" * 300])
def test_what_cannot_be_read_is_the_callers_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(RoomError, match="cannot be read") as caught:
        read_bounded(tmp_path / name, 10, RoomError, field="policy.file", advice="name another")
    assert (caught.value.field, caught.value.advice) == ("policy.file", "name another")
    assert isinstance(caught.value.__cause__, (OSError, ValueError))


@settings(max_examples=25)  # each waits for the disk
@given(before=st.none() | st.binary(max_size=50), after=st.binary(max_size=50))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, before: bytes | None, after: bytes
) -> None:
    path = tmp_path_factory.mktemp("files") / "a"
    if before is not None:
        path.write_bytes(before)
    write_whole(path, after)
    assert path.read_bytes() == after
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_write_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, b"old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as stream:
        stream.write(b"half of the n")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_disk_that_refuses_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = tmp_path / "a"
    write_whole(path, b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((files.os, "fsync") if fails == "fsync" else (Path, "replace")), refuse)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_content_reaches_the_disk_before_its_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content")
        fsync(descriptor)

    def replaced(path: Path, target: Path) -> Path:
        order.append("name")
        return replace(path, target)

    monkeypatch.setattr(files.os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_whole(tmp_path / "a", b"x")
    assert order == ["content", "name", "folder"]


def test_a_private_file_is_private_from_its_first_moment(tmp_path: Path) -> None:
    with replacing(tmp_path / "key", mode=0o600) as stream:
        assert stat.S_IMODE(os.fstat(stream.fileno()).st_mode) == 0o600
        stream.write(b"secret")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_other_files_are_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        sync_folder(tmp_path / "absent")
    with pytest.raises(OSError, match="No such file"):
        write_whole(tmp_path / "absent" / "a", b"")
