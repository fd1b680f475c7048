"""Ctrl-C at different moments: what is saved, what is said, and how a fit goes on."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.conftest import COLUMNS, QUICK, Run

import elman
from elman.cli import _fit
from elman.cli._progress import Progress


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the function that lets Ctrl-C come at the end of an epoch."""

    def interrupt_at(epoch: int) -> None:
        def report(self: Any, number: int, loss: float, score: float | None) -> None:
            self.epochs = number
            if number == epoch:
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(Progress, "report", report)

    return interrupt_at


def test_the_model_has_the_finished_epochs(
    run: Run, csv: Path, tmp_path: Path, interrupt: Any
) -> None:
    path = tmp_path / "m.safetensors"
    interrupt(3)
    before = signal.getsignal(signal.SIGINT)
    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path)
    assert signal.getsignal(signal.SIGINT) is before
    assert ran.status == 130
    assert ran.err.splitlines()[-1] == (
        f"elman fit classify: interrupted; {path} has what was learned"
    )
    assert elman.load(path).table["fit"]["epochs"] == 3
    expected = tmp_path / "three.safetensors"
    interrupt(-1)
    shorter = (*QUICK[:3], 3, *QUICK[4:])
    assert run("fit", "classify", csv, *COLUMNS, *shorter, "-o", expected).status == 0
    for name, array in elman.load(expected).state_dict().items():
        np.testing.assert_array_equal(elman.load(path).state_dict()[name], array)


def test_with_a_checkpoint_the_same_command_goes_on(
    run: Run, csv: Path, tmp_path: Path, model: Path, interrupt: Any
) -> None:
    path, checkpoint = tmp_path / "m.safetensors", tmp_path / "c"
    arguments = ("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path, "--checkpoint", checkpoint)
    interrupt(3)
    ran = run(*arguments)
    assert ran.status == 130
    assert ran.err.splitlines()[-1].endswith("; the same command with --force goes on")
    interrupt(-1)
    assert run(*arguments).status == 1  # the model is there
    assert run(*arguments, "--force").status == 0
    assert path.read_bytes() == model.read_bytes()


def test_before_the_first_epoch_there_is_no_model(
    run: Run, csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"

    def enter(self: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return self

    monkeypatch.setattr(Progress, "__enter__", enter)
    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path)
    assert ran.status == 130
    assert ran.err == (
        "elman fit classify: interrupted before the first epoch ended; no model was written\n"
    )
    assert not path.exists()


def test_while_data_are_read_there_is_no_model(
    run: Run, csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_fit, "read_checked", read)
    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", tmp_path / "m.safetensors")
    assert (ran.status, ran.err) == (130, "elman fit classify: interrupted\n")
    assert [file.name for file in tmp_path.iterdir()] == ["train.csv"]


def test_folds_give_no_scores(run: Run, csv: Path, interrupt: Any) -> None:
    interrupt(2)
    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "--cv", 3)
    assert (ran.status, ran.out) == (130, "")
    assert ran.err == "elman fit classify: interrupted in fold 1 of 3; no scores\n"


def test_a_second_ctrl_c_does_not_end_the_saving(
    run: Run, csv: Path, tmp_path: Path, interrupt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, save = tmp_path / "m.safetensors", elman.save

    def interrupted(module: Any, target: str) -> None:
        signal.raise_signal(signal.SIGINT)
        save(module, target)

    interrupt(3)
    monkeypatch.setattr(elman, "save", interrupted)
    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path)
    assert ran.status == 130
    assert elman.load(path).table["fit"]["epochs"] == 3
