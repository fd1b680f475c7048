"""The benchmark runs, on one small point, and says what it measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def versus(*arguments):
    script = str(ROOT / "benchmarks" / "versus.py")
    done = subprocess.run(
        [sys.executable, script, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_versus_compares_times_and_reports(tmp_path):
    run, of_both = tmp_path / "run", tmp_path / "report"
    point = "GRU tiny 10,1,5,8, 2 layers training"
    versus("--only", point, "--rounds", 2, "--busy", "--output", run)
    result = json.loads((run / "versus.json").read_text())
    assert result["machine"]["limits"]["1"]["float32_gflops"] > 0.1
    libraries = {(record["library"], record["threads"]) for record in result["points"]}
    assert {("elman", 1), ("torch", 1)} <= libraries
    for record in result["points"]:
        assert (record["cell"], record["mode"]) == ("GRU", "training")
        # Two layers: T · N · G · H · (I + H + 2 H) multiply-adds.
        assert record["flops"] == 2 * 10 * 3 * 8 * (5 + 3 * 8)
        seconds = record["seconds"]
        assert 0 < seconds["lower"] <= seconds["median"] <= seconds["upper"]
    assert {record["library"] for record in result["busy"]} == {"elman", "torch"}

    slower = json.loads((run / "versus.json").read_text())
    for record in slower["points"]:
        if record["library"] == "elman":
            record["seconds"]["median"] *= 1000
    (tmp_path / "slower.json").write_text(json.dumps(slower))
    versus("--report", run / "versus.json", tmp_path / "slower.json", "--output", of_both)
    row = next(
        line for line in (of_both / "speed.md").read_text().splitlines() if line.startswith("| GRU")
    )
    ratio = {
        record["library"]: record["seconds"]["median"]
        for record in slower["points"]
        if record["threads"] == max(threads for _, threads in libraries)
    }
    of_torch = min(r["seconds"]["median"] for r in slower["points"] if r["library"] == "torch")
    assert row.split("|")[4].strip() == f"**{of_torch / ratio['elman']:.2f}**"
    assert (of_both / "versus.png").read_bytes().startswith(b"\x89PNG")
