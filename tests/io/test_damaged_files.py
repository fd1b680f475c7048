"""Whatever a file holds, `elman.load` gives the module that was saved or one clear error."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import damaged_files
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import elman
from elman import nn
from elman.io import ModelFileError


def small_gru() -> Any:
    return nn.GRU(3, 2, generator=elman.Generator(1))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("good") / "gru.safetensors"
    elman.save(small_gru(), path)
    return path.read_bytes()


def assert_refused(path: Path, content: bytes, told: str) -> None:
    """By the one error, which names the file, in memory of a few times the file's."""
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError) as caught:
            elman.load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.type is ModelFileError
    message = str(caught.value)
    assert message.startswith(f"{path}: expected ")
    assert len(message) < 1000
    with pytest.raises(ModelFileError, match=told):
        raise caught.value
    assert peak < 40 * len(content) + 300_000


def assert_refused_or_the_same(path: Path, content: bytes, expected: Any) -> bool:
    """Return whether it was refused."""
    path.write_bytes(content)
    try:
        found = elman.load(path)
    except ModelFileError:
        return True
    assert type(found) is type(expected)
    assert found.config() == expected.config()
    for name, parameter in expected.named_parameters():
        np.testing.assert_array_equal(getattr(found, name), parameter, strict=True)
    return False


@pytest.mark.parametrize("name", damaged_files.LIES)
def test_a_file_that_lies_is_refused(good: bytes, tmp_path: Path, name: str) -> None:
    told = damaged_files.LIES[name][1]
    assert_refused(tmp_path / "lie", damaged_files.lie(good, name), told)


def test_damaged_files_are_refused(good: bytes, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for name, (content, told) in damaged_files.damaged(good).items():
        with subtests.test(name):
            assert_refused(tmp_path / "damaged", content, told)


def test_taken_apart_and_put_together_it_is_the_good_file(good: bytes) -> None:
    """So that of a lie nothing but what it says is wrong."""
    parts = damaged_files.Parts.of(good)
    assert parts.signed().content() == good


def test_a_file_cut_off_anywhere_is_refused(good: bytes, tmp_path: Path) -> None:
    for content in damaged_files.cut(good):
        assert assert_refused_or_the_same(tmp_path / "cut", content, None)


def test_each_flipped_bit_is_found(tmp_path: Path) -> None:
    """All of them: none makes another module, and none goes unseen."""
    path = tmp_path / "flipped"
    elman.save(nn.Linear(2, 1), path)
    for content in damaged_files.flipped(path.read_bytes()):
        assert assert_refused_or_the_same(path, content, None)


of_json = st.sampled_from([b" ", b"[", b'"', b"\\", b"-0", b"9", b"true", b"1e9"])


@given(data=st.data())
def test_changed_bytes_give_the_module_or_the_error(
    good: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, min(len(content), start + 9)))
        content[start:stop] = data.draw(st.one_of(st.binary(max_size=9), of_json))
    path = tmp_path_factory.getbasetemp() / "changed"
    assert_refused_or_the_same(path, bytes(content), small_gru())


@given(content=st.binary(max_size=200))
def test_any_bytes_give_the_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert assert_refused_or_the_same(tmp_path_factory.getbasetemp() / "any", content, None)


@pytest.mark.parametrize("name", ["NaN", "infinity"])
def test_nan_is_loaded_if_asked_for(good: bytes, tmp_path: Path, name: str) -> None:
    path = tmp_path / "diverged"
    path.write_bytes(damaged_files.lie(good, name))
    found = elman.load(path, allow_nan=True)
    values = np.concatenate([parameter.ravel() for parameter in found.parameters()])
    assert np.isnan(values[2]) if name == "NaN" else values[24] == -np.inf
    assert (~np.isfinite(values)).sum() == 1


def test_loading_takes_memory_of_a_few_times_the_file(tmp_path: Path) -> None:
    """The data, zeros of a new module, and the copy that takes their place."""
    path = tmp_path / "gru"
    elman.save(nn.GRU(100, 200), path)
    elman.load(path)
    tracemalloc.start()
    elman.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * path.stat().st_size
