"""Wrong usage exits with 2, says so before a fit begins, and touches nothing."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from cli.conftest import COLUMNS, QUICK, Run

import elman
from elman.cli._parser import make_parser
from elman.cli._tasks import estimator_class
from elman.cli._training_options import DEFAULTS

TASKS = tuple(DEFAULTS)
HELPS = [
    *("", "fit", "check", "predict", "evaluate", "generate", "summary", "explain", "demo"),
    *(f"{command} {task}" for command in ("fit", "check") for task in TASKS),
]


@pytest.mark.parametrize("command", HELPS)
def test_every_help_has_two_examples_that_parse(run: Run, command: str) -> None:
    ran = run(*command.split(), "--help")
    assert ran.status == 0
    _, _, examples = ran.out.partition("\nexamples:\n")
    joined = examples.replace("\\\n", " ")
    found = re.findall(r"\belman ((?:[^|<>\n'#]|'[^']*')+)", joined)
    assert len(found) == 2
    for example in found:
        words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", example)]
        make_parser().parse_args(words)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: --id, --target"),
        (["--id", "name", "--target", "way"], "-o: expected a file for the model, or --cv K"),
        ([*COLUMNS, "--cv", "1"], "expected at least 2 folds, got 1"),
        ([*COLUMNS, "--cv", "3", "-o", "m"], "--cv: expected no --output beside it"),
        ([*COLUMNS, "--hidden-size", "many"], "argument --hidden-size: invalid int value: 'many'"),
        ([*COLUMNS, "-o", "{m}", "--hidden-size", "0"], "hidden_size: expected an int greater"),
        ([*COLUMNS, "-o", "{m}", "--set", "solver"], "--set solver: expected NAME=VALUE"),
        ([*COLUMNS, "-o", "{m}", "--set", "solvr=sgd"], "got 'solvr'; did you mean solver?"),
        ([*COLUMNS, "-o", "{m}", "--set", "solver=sgdd"], "solver: expected 'adam' or"),
        ([*COLUMNS, "-o", "{m}", "--set", "random_state=1"], "pass --seed"),
        (
            [*COLUMNS, "-o", "{m}", "--set", "cell=gru", "--cell", "rnn"],
            "--set cell=gru: expected cell once",
        ),
        ([*COLUMNS, "--validation", "2"], "expected a number between 0 and 1, got '2'"),
        ([*COLUMNS, "-o", "-"], "-o: expected the name of a file, got -"),
        ([*COLUMNS, "--features", "a,,b"], "expected names of columns"),
        ([*COLUMNS, "--features", "a,a"], "expected each column once"),
        ([*COLUMNS, "--separator", "::"], "expected one character, or tab, got '::'"),
        ([*COLUMNS, "--threads", "0"], "expected a whole number above 0, got '0'"),
        (
            ["--id", "name", "--target", "name", "-o", "{m}"],
            "--id and --target: expected different columns, got 'name' for both",
        ),
    ],
)
def test_wrong_usage_of_fit(
    run: Run, csv: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    given = [word.format(m=tmp_path / "m.safetensors") for word in arguments]
    ran = run("fit", "classify", csv, *given)
    assert ran.status == 2
    assert ran.out == ""
    assert message in ran.err
    assert [file.name for file in tmp_path.iterdir()] == ["train.csv"]


def test_a_table_of_unknown_suffix(run: Run, csv: Path, tmp_path: Path) -> None:
    other = csv.rename(tmp_path / "train.dat")
    ran = run("check", "classify", other, *COLUMNS)
    assert ran.status == 2
    assert "DATA: expected a name that ends in one of .csv, " in ran.err
    assert run("check", "classify", other, *COLUMNS, "--format", "csv").status == 0


def test_the_output_must_have_a_known_suffix(run: Run, csv: Path, model: Path) -> None:
    ran = run("predict", model, csv, "-o", "out.xlsx")
    assert ran.status == 2
    assert "-o: expected a name that ends in one of .csv, .tsv, .jsonl" in ran.err


def test_a_model_is_not_overwritten_unasked(run: Run, csv: Path, model: Path) -> None:
    before = model.read_bytes()
    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "--seed", 1, "-o", model)
    assert ran.status == 1
    assert ran.err == f"{model}: the file exists; pass --force to replace it\n"
    assert model.read_bytes() == before


@pytest.mark.parametrize("place", ["/proc/m.safetensors", "/dev/full", "{0}/none/m", "{0}"])
def test_a_place_where_no_model_can_be_is_told_before_the_fit(
    run: Run, tmp_path: Path, place: str
) -> None:
    path = place.format(tmp_path)
    ran = run("fit", "classify", "no data are read", *COLUMNS, "-o", path)
    assert ran.status == 1
    assert path.rpartition("/")[0] in ran.err
    assert "no data" not in ran.err


def test_where_saving_fails_the_model_goes_to_another_folder(
    run: Run, csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, save = tmp_path / "m.safetensors", elman.save
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)

    def full(module: object, target: str) -> None:
        if target == str(path):
            raise OSError(28, "No space left on device", target)
        save(module, target)

    monkeypatch.setattr(elman, "save", full)
    ran = run("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path)
    assert ran.status == 1
    expected = f"elman fit classify: {path}: No space left on device; the model is in "
    assert ran.err.splitlines()[-1].startswith(expected)
    elsewhere = ran.err.split("the model is in ")[1].strip()
    assert run("predict", elsewhere, csv).status == 0
    assert not path.exists()


def test_columns_at_predict_are_those_of_fit(run: Run, csv: Path, model: Path) -> None:
    text = csv.read_text()
    without = "\n".join(",".join(line.split(",")[:3]) for line in text.splitlines())
    ran = run("predict", model, "-", stdin=without.encode())
    assert ran.status == 1
    assert ran.err == "<stdin>: expected a column 'b', got 'name', 'day', 'a'\n"
    renamed = text.replace("name,day", "who,day").encode()
    ran = run("predict", model, "-", stdin=renamed)
    assert "expected a column 'name', got 'who'" in ran.err
    assert run("predict", model, "-", "--id", "who", stdin=renamed).out == (
        run("predict", model, csv).out.replace("name", "who")
    )


def test_a_column_that_fit_did_not_see_is_told(run: Run, csv: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    columns = ("--id", "name", "--time", "day", "--target", "way")
    assert run("fit", "classify", csv, *columns, *QUICK, "-o", path).status == 0
    without = "\n".join(line.rpartition(",")[0] for line in csv.read_text().splitlines())
    assert run("predict", path, "-", stdin=without.encode()).status == 0  # no target is needed
    ran = run("evaluate", path, "-", stdin=without.encode())
    assert "expected a column 'way'" in ran.err
    more = csv.read_text().replace("name,", "more,name,").replace("\ns", "\n1,s")
    ran = run("predict", path, "-", stdin=more.encode())
    assert ran.status == 1
    assert ran.err == (
        "<stdin>: expected the columns of fit, got another one, 'more'; take it out, or fit with "
        "--features, which lets others be there\n"
    )


def test_labels_that_the_model_does_not_know(run: Run, csv: Path, model: Path) -> None:
    ran = run("evaluate", model, "-", stdin=csv.read_bytes().replace(b"rise", b"hover"))
    assert ran.status == 1
    assert ran.err.splitlines()[0] == (
        "<stdin>:2:way: expected a class of the model, fall, rise, got 'hover'"
    )


def test_times_of_another_kind(run: Run, csv: Path, model: Path) -> None:
    head, *lines = csv.read_text().splitlines()
    dated = []
    for line in lines:
        name, day, *rest = line.split(",")
        dated.append(",".join([name, f"2024-01-0{int(day) + 1}", *rest]))
    ran = run("predict", model, "-", stdin="\n".join([head, *dated]).encode())
    assert (ran.status, ran.err) == (1, "<stdin>:day: expected numbers, as in fit, got dates\n")


def test_files_that_are_no_models(run: Run, csv: Path, tmp_path: Path) -> None:
    ran = run("predict", csv, csv)
    assert ran.status == 1
    assert "expected a .safetensors file, got a text file" in ran.err
    path = tmp_path / "rnn.safetensors"
    elman.save(elman.nn.RNN(2, 2), path)
    ran = run("predict", path, csv)
    assert ran.status == 2
    assert "expected the model of a fitted estimator, got RNN" in ran.err


def test_a_model_fitted_in_python_needs_columns(run: Run, csv: Path, tmp_path: Path) -> None:
    from elman.estimators import RNNClassifier

    X, y = [[[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0]]] * 4, ["up", "down"] * 4
    path = tmp_path / "m.safetensors"
    estimator = RNNClassifier(hidden_size=2, max_iter=1, n_iter_no_change=float("inf"))
    estimator.fit(X, y).save(path)
    ran = run("predict", path, csv)
    assert ran.status == 2
    assert "the model was fitted in Python and carries no columns: pass --id" in ran.err
    ran = run("predict", path, csv, "--id", "name", "--time", "day", "--features", "a,b")
    assert ran.status == 0
    assert len(ran.out.splitlines()) == 25


@pytest.mark.parametrize("task", TASKS)
def test_help_tells_the_defaults_of_the_estimator(run: Run, task: str) -> None:
    signature = inspect.signature(estimator_class(task)).parameters
    assert {name: signature[name].default for name in DEFAULTS[task]} == DEFAULTS[task]
    text = " ".join(run("fit", task, "--help").out.split())
    for name, value in DEFAULTS[task].items():
        option = "learning-rate" if name == "learning_rate_init" else name.replace("_", "-")
        shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        assert re.search(rf"--{option},? [^()]*\(default: {re.escape(str(shown))}\)", text), name


def test_ids_must_not_be_named_as_results(run: Run, csv: Path, tmp_path: Path) -> None:
    csv.write_text(csv.read_text().replace("name,", "prediction,"))
    columns = ("--id", "prediction", "--target", "way", "--features", "a,b")
    ran = run("fit", "classify", csv, *columns, "-o", tmp_path / "m")
    assert ran.status == 2
    assert "expected another name than 'prediction'" in ran.err


def test_a_held_out_file_is_read_as_its_name_says(run: Run, csv: Path, tmp_path: Path) -> None:
    import pandas as pd

    parquet = tmp_path / "dev.parquet"
    pd.read_csv(csv).to_parquet(parquet)
    ran = run(
        *("fit", "classify", "-", "--format", "csv", *COLUMNS, *QUICK, "--validation", parquet),
        *("-o", tmp_path / "m.safetensors"),
        stdin=csv.read_bytes(),
    )
    assert ran.status == 0


def test_notes_are_for_users_and_can_be_left_out(run: Run, csv: Path, tmp_path: Path) -> None:
    arguments = ("fit", "classify", csv, *COLUMNS, "--hidden-size", 2, "--max-iter", 1)
    ran = run(*arguments, "-o", tmp_path / "a.safetensors")
    told = "elman fit classify: max_iter=1 epochs are over and training has not converged; raise"
    assert told in ran.err
    ran = run(*arguments, "-o", tmp_path / "b.safetensors", "--quiet")
    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "m", "--temperature", "1"], "--temperature 1; did you mean --temp?"),
        (["fit", "tag", "t", "--hiden-size=3"], "--hiden-size=3; did you mean --hidden-size?"),
        (["check", "tag", "t", "-o", "m"], "-o m"),
    ],
)
def test_options_that_are_not_known(run: Run, arguments: list[str], message: str) -> None:
    """The usage of the command itself is shown, and the option that may be meant."""
    ran = run(*arguments)
    assert ran.status == 2
    command = " ".join(arguments[: 1 if arguments[0] == "generate" else 2])
    assert ran.err.startswith(f"usage: elman {command} ")
    assert ran.err.endswith(f"elman {command}: error: unrecognized arguments: {message}\n")
