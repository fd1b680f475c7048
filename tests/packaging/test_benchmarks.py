"""The benchmarks run, on one small point, and compute the right figures from what they measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script, *arguments):
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def benchmarks(monkeypatch):
    """Let a test import the modules of the benchmarks, which import each other by name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_versus_compares_times_and_reports(tmp_path):
    folder, of_both = tmp_path / "run", tmp_path / "report"
    point = "GRU tiny 10,1,5,8, 2 layers training"
    run("versus.py", "--only", point, "--rounds", 2, "--busy", "--output", folder)
    result = json.loads((folder / "versus.json").read_text())
    assert result["machine"]["limits"]["1"]["float32_gflops"] > 0.1
    libraries = {(record["library"], record["threads"]) for record in result["points"]}
    assert {("elman", 1), ("torch", 1)} <= libraries
    for record in result["points"]:
        assert (record["cell"], record["mode"]) == ("GRU", "training")
        # Two layers: T · N · G · H · (I + H + 2 H) multiply-adds.
        assert record["flops"] == 2 * 10 * 3 * 8 * (5 + 3 * 8)
        seconds = record["seconds"]
        assert 0 < seconds["least"] <= seconds["lower"] <= seconds["median"] <= seconds["upper"]
    assert {record["library"] for record in result["busy"]} == {"elman", "torch"}
    (tmp_path / "again.json").write_text(json.dumps(result))
    both = [folder / "versus.json", tmp_path / "again.json"]
    run("versus.py", "--report", *both, "--output", of_both)
    assert (of_both / "speed.md").stat().st_size > 0
    assert (of_both / "versus.png").read_bytes().startswith(b"\x89PNG")


def measured(elman, torch, in_float64):
    """Return a run of one point; seconds of elman by threads, of torch by threads."""
    point = {"cell": "RNN", "shape": "1,2,3,4", "mode": "training", "regime": "mid"}
    point |= {"flops": 3e9, "peak_gflops": 100.0, "weight_bytes": 1}
    of_all = [("elman", "float32", elman), ("torch", "float32", torch)]
    of_all.append(("elman", "float64", in_float64))
    return {
        "machine": {"limits": {"2": {}}},
        "busy": [],
        "points": [
            {**point, "library": library, "dtype": dtype, "threads": threads}
            | {"seconds": {"median": median}}
            for library, dtype, of_threads in of_all
            for threads, median in of_threads.items()
        ],
    }


def test_the_report_takes_the_worst_of_all_runs(benchmarks):
    import report

    fast = measured(elman={1: 0.3, 2: 0.2}, torch={1: 1.0, 2: 0.8}, in_float64={2: 0.5})
    slow = measured(elman={1: 0.3, 2: 0.25}, torch={1: 0.5, 2: 0.9}, in_float64={2: 0.25})
    point = ("RNN", "1,2,3,4", "training")
    assert report.summary([fast])[point] == pytest.approx(
        # Training is three times the products of forward: 9 GF in 0.2 s are 45 GF/s of 100.
        {
            "torch": 4.0,
            "of one thread": 1.5,
            "share of peak": 0.45,
            "limit": 4.0 / 0.45,
            "float32 to float64": 0.4,
        }
    )
    worst = report.summary([fast, slow])[point]
    assert worst["torch"] == pytest.approx(0.5 / 0.25)
    assert worst["of one thread"] == pytest.approx(1.2)
    assert worst["float32 to float64"] == pytest.approx(0.4)


def test_forms_are_timed_beside_the_plain_call(tmp_path):
    options = ["--rounds", 2, "--output", tmp_path]
    run("forms.py", "--only", "LSTM 10,1,5,8", *options)
    records = json.loads((tmp_path / "forms.json").read_text())
    names = {(record["mode"], record["form"]) for record in records}
    forms = ["batch-first", "lengths, a list", "lengths, an array", "list of arrays"]
    forms += ["dropout, 2 layers", "recurrent dropout", "learned initial state"]
    assert names == {
        *((mode, form) for mode in ("forward", "training") for form in forms),
        ("step", "cell"),
    }
    for record in records:
        found = record["builds"]["here"]
        assert found["plain"] > 0
        assert found["this"] > 0
        assert (found["own"] > 0) == ("dropout" in record["form"] or "arrays" in record["form"])
        assert found["ratio"] == pytest.approx((found["this"] - found["own"]) / found["plain"])
        assert found["ok"] == (found["ratio"] <= record["limit"])


def test_a_form_that_computes_something_else_is_found(benchmarks):
    from call_forms import check, forms

    found = forms("GRU", (4, 2, 3, 5), "training")
    check(found)
    assert found["dropout, 2 layers"].layer.dropout == 0.5  # as it will be timed
    batch_first = found["batch-first"]
    with pytest.raises(AssertionError, match="batch-first, forward"):
        check({**found, "batch-first": batch_first._replace(x=batch_first.x + 1)})


def test_two_builds_are_timed_by_turns(tmp_path):
    options = ["--before", sys.executable, "--rounds", 2, "--output", tmp_path]
    run("before_after.py", "--only", "RNN tiny 10,1,5,8 forward", *options)
    (record,) = json.loads((tmp_path / "before_after.json").read_text())
    assert record["same_bits"]
    for mood in ("quiet", "busy"):
        found = record[mood]
        ratio = found["before"]["median"] / found["after"]["median"]
        assert found["ratio"] == pytest.approx(ratio)
        least = found["before"]["least"] / found["after"]["least"]
        assert found["ratio of the least"] == pytest.approx(least)


def test_training_is_timed_beside_torch(tmp_path):
    options = ("--rounds", 2, "--budget", 0, "--output", tmp_path)
    run("fit.py", "--only", "Japanese Vowels", *options)
    records = json.loads((tmp_path / "fit.json").read_text())
    assert [record["layer"] for record in records] == ["RNN", "GRU", "LSTM"]
    for record in records:
        spreads = {name: v for name, v in record.items() if isinstance(v, dict)}
        assert len(spreads) == 5  # torch on one and two threads, padded and packed
        for spread in spreads.values():
            assert spread["rounds"] >= 2
            assert 0 < spread["least"] <= spread["median"] <= spread["upper"]
        best = min(v["median"] for name, v in spreads.items() if name != "elman")
        assert record["ratio"] == best / record["elman"]["median"]


def test_fit_and_predict_of_two_builds_are_timed(tmp_path):
    run("fit.py", "--before", sys.executable, "--rounds", 2, "--budget", 0, "--output", tmp_path)
    records = json.loads((tmp_path / "fit.json").read_text())
    assert [record["cell"] for record in records] == ["rnn", "gru", "lstm"]
    for record in records:
        builds = [value for value in record.values() if isinstance(value, dict)]
        assert len(builds) == 2
        for build in builds:
            for what in ("epoch", "predict"):
                assert build[what]["rounds"] >= 2
                assert 0 < build[what]["least"] <= build[what]["median"] <= build[what]["upper"]


def test_another_build_that_cannot_be_had_is_an_error(tmp_path, benchmarks):
    from workers import Worker

    with pytest.raises(SystemExit, match="expected a folder with elman"):
        Worker(tmp_path)
    with pytest.raises(SystemExit, match="expected a source folder or a Python"):
        Worker(tmp_path / "python")


def test_cluster_says_what_a_billion_sequences_cost():
    lines = run("cluster.py", "--workers", 1, "--sequences", 1600, "--price", 0.5).splitlines()
    assert lines[0] == "1 workers of one thread each; sequences of 16 steps of 12 numbers"
    rows = [line.rsplit(maxsplit=3) for line in lines[3:]]
    assert [row[0] for row in rows] == ["array", "bag", "data frame", "in memory"]
    for _, rate, hours, cost in rows:
        wanted = 1e9 / float(rate.replace(",", "")) / 3600
        assert abs(float(hours) - wanted) < 0.051 + 1e-3 * wanted
        assert abs(float(cost) - 0.5 * wanted) < 0.0051 + 1e-3 * wanted
