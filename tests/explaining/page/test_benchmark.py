"""The benchmark of the page runs, and times what it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "page.py"


@pytest.mark.usefixtures("browser")
def test_a_redraw_is_timed_for_every_kind_view_and_array():
    command = [sys.executable, str(SCRIPT), "--rounds", "2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sizes = re.findall(r"^(\w+): (\d+) kB$", done.stdout, re.MULTILINE)
    assert [kind for kind, _ in sizes] == ["RNN", "GRU", "LSTM"]
    assert all(100 < int(size) < 400 for _, size in sizes)
    times = re.findall(r"^ +(forward|backward) +(\w+) +(\S+) +(\S+)$", done.stdout, re.MULTILINE)
    assert len(times) == 3 * 2 * 3
    assert all(0 < float(median) <= float(worst) for *_, median, worst in times)
