"""Files are replaced as a whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elman.io import _paths

on_posix = pytest.mark.skipif(os.name != "posix", reason="of POSIX")


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("old", [None, b"old", b"a longer old file"])
def test_a_file_is_made_or_replaced(tmp_path: Path, old: bytes | None) -> None:
    path = tmp_path / "model"
    if old is not None:
        path.write_bytes(old)
    _paths.replace(str(path), [b"new ", memoryview(b"file")])
    assert path.read_bytes() == b"new file"
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _paths.replace("model", [b"new"])
    assert (tmp_path / "model").read_bytes() == b"new"


@on_posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_a_new_file_or_of_the_old_one(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        _paths.replace(str(tmp_path / "model"), [b"new"])
        (tmp_path / "other").touch()
    finally:
        os.umask(before)
    assert permissions(tmp_path / "model") == permissions(tmp_path / "other") == 0o666 & ~umask
    (tmp_path / "other").chmod(0o640)
    _paths.replace(str(tmp_path / "other"), [b"new"])
    assert permissions(tmp_path / "other") == 0o640


@on_posix
def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "model", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    _paths.replace(str(link), [b"new"])
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert os.listdir(target.parent) == ["model"]


def failing_parts() -> Iterator[bytes]:
    yield b"half"
    raise MemoryError("no more")


def fails(*_: Any) -> None:
    raise OSError("no space left")


def interrupts(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("step", ["parts", "fsync", "replace", "chmod", "interrupt"])
def test_after_an_error_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, old: bytes | None
) -> None:
    path = tmp_path / "model"
    if old is not None:
        path.write_bytes(old)
    parts: Any = failing_parts() if step == "parts" else [b"half", b"the rest"]
    if step == "interrupt":
        monkeypatch.setattr(os, "fsync", interrupts)
    elif step != "parts":
        monkeypatch.setattr(os, step, fails)
    if step == "chmod" and old is None:
        _paths.replace(str(path), parts)  # a new file takes no other permissions
        return
    with pytest.raises((OSError, MemoryError, KeyboardInterrupt), match=r"no more|no space|^$"):
        _paths.replace(str(path), parts)
    assert os.listdir(tmp_path) == ([] if old is None else ["model"])
    if old is not None:
        assert path.read_bytes() == old


def test_the_file_and_then_its_folder_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file before it gets its name, so that a power cut leaves the old or the new one."""
    done: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_fsync(handle)

    def replace(source: str, target: str) -> None:
        assert Path(source).parent == Path(target).parent == tmp_path.resolve()
        done.append("replace")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    _paths.replace(str(tmp_path / "model"), [b"new"])
    assert done == ["file", "replace", "folder"][: len(done)]
    assert len(done) == 3 or os.name != "posix"


def test_a_folder_that_cannot_be_synced_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some systems open no folders; the file is in its place by then."""
    monkeypatch.setattr(os, "open", fails)
    _paths.replace(str(tmp_path / "model"), [b"new"])
    assert (tmp_path / "model").read_bytes() == b"new"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "no" / "model"
    with pytest.raises(FileNotFoundError, match=r"the folder does not exist; make it.*model"):
        _paths.replace(str(path), [b"new"])
    assert os.listdir(tmp_path) == []


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(IsADirectoryError, match=r"cannot save: it is a folder"):
        _paths.replace(str(tmp_path / "model"), [b"new"])
    assert os.listdir(tmp_path) == ["model"]


@on_posix
def test_a_device_and_a_pipe_are_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (str(pipe), os.devnull):
        with pytest.raises(OSError, match=r"cannot save: it is no regular file"):
            _paths.replace(path, [b"new"])
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("value", [None, 3, ["model"], object()])
def test_what_is_no_path_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^path: expected a str or an os.PathLike, got"):
        _paths.checked(value)


def test_paths_of_all_kinds_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "größe"
    assert _paths.checked(path) == _paths.checked(os.fsencode(path)) == str(path)
