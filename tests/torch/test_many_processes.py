"""Gradients of two processes, averaged by torch over gloo, are those of one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "torch_many_processes.py"


@pytest.mark.slow
def test_gradients_of_two_processes_are_one_process_s() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", EXAMPLE],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (apart,) = re.findall(r"2 processes; gradients apart from one process's: (\S+)", done.stdout)
    assert float(apart) < 1e-7
    losses = [float(loss) for loss in re.findall(r"loss (\S+)", done.stdout)]
    assert losses[-1] < losses[0]
