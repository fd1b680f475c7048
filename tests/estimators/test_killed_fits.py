"""A fit that is killed and run again ends with the bits of one that never was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import killed_fits
import numpy as np
import pytest

from elman.estimators import RNNClassifier

PROGRAM = Path(killed_fits.__file__)


@pytest.mark.parametrize("name", ["classifier", "regressor", "language", "tagger", "forecaster"])
def test_a_fit_killed_at_drawn_moments_ends_with_the_same_bits(name: str, tmp_path: Path) -> None:
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, PROGRAM, name, tmp_path],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    killed, left, same = done.stdout.split()
    assert same == "True"
    assert int(killed) >= killed_fits.KILLS // 2  # the others had come to their end
    assert int(left) >= 2
    # What a kill leaves beside the checkpoint, the next write takes away.
    assert [file.name for file in tmp_path.iterdir()] == ["fit.safetensors"]


def test_a_checkpoint_of_another_fit_is_refused_and_stays(
    draw: Any, fast: Any, tmp_path: Path
) -> None:
    X, y, _, _ = draw()
    path = tmp_path / "fit.safetensors"
    fast(max_iter=2).fit(X, y, checkpoint=path)
    before = path.read_bytes()
    others = [(fast(max_iter=2, alpha=0.5), X), (fast(max_iter=2, hidden_size=9), X)]
    others += [(fast(max_iter=2), [x + 1 for x in X]), (fast(max_iter=3), X)]
    for other, data in others:
        with pytest.raises(ValueError, match=r"^checkpoint: expected .* of this fit.*; delete the"):
            other.fit(data, y, checkpoint=path)
        assert not hasattr(other, "model_")
        assert path.read_bytes() == before


def test_a_checkpoint_needs_a_seed(draw: Any, fast: Any, tmp_path: Path) -> None:
    X, y, _, _ = draw()
    with pytest.raises(ValueError, match=r"^random_state: expected an int with a checkpoint"):
        fast(random_state=None).fit(X, y, checkpoint=tmp_path / "fit")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"", b"{}", b"PK\x03\x04" + bytes(100)])
def test_a_damaged_checkpoint_is_told(draw: Any, fast: Any, tmp_path: Path, damage: bytes) -> None:
    X, y, _, _ = draw()
    path = tmp_path / "fit"
    path.write_bytes(damage)
    with pytest.raises(ValueError, match=str(path)):
        fast().fit(X, y, checkpoint=path)
    assert path.read_bytes() == damage


def test_one_flipped_bit_of_a_checkpoint_is_seen(draw: Any, fast: Any, tmp_path: Path) -> None:
    X, y, _, _ = draw()
    path = tmp_path / "fit"
    fast(max_iter=2).fit(X, y, checkpoint=path)
    bits = bytearray(path.read_bytes())
    bits[-5] ^= 1
    path.write_bytes(bits)
    with pytest.raises(ValueError, match=r"SHA-256.*delete it to begin again"):
        fast(max_iter=2).fit(X, y, checkpoint=path)


def test_a_fit_that_ended_is_not_trained_again(draw: Any, fast: Any, tmp_path: Path) -> None:
    X, y, _, _ = draw()
    path = tmp_path / "fit"
    first = fast().fit(X, y, checkpoint=path)

    def no_epoch(total: int, done: int) -> Any:
        assert done == total
        return Silent()

    second = fast(verbose=no_epoch).fit(X, y, checkpoint=path)
    assert second.loss_curve_ == first.loss_curve_
    for name, array in first.model_.state_dict().items():
        np.testing.assert_array_equal(second.model_.state_dict()[name], array)


class Silent:
    """Reports nothing, and fails on an epoch."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def report(self, epoch: int, loss: float, score: float | None) -> None:
        raise AssertionError(epoch, loss, score)


def test_fit_is_routed_weights_alone() -> None:
    from sklearn.utils.metadata_routing import get_routing_for_object

    requests = get_routing_for_object(RNNClassifier()).fit.requests
    assert set(requests) == {"sample_weight"}
