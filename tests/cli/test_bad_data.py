"""What is said of files that are wrong: file, row and column, what was expected, the fix."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from cli.conftest import Run

HEAD = "id,t,x,y\n"
GOOD = "a,1,0.5,no\na,2,0.5,no\nb,1,1.5,yes\nb,2,2.5,yes\n"
COLUMNS = ("--id", "id", "--time", "t", "--target", "y")


def check(run: Run, path: Path, content: bytes | str, task: str = "classify") -> str:
    """Write a file, and return what fit and check say is wrong with it."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    fitted = run("fit", task, path, *COLUMNS, "-o", path.parent / "never.safetensors")
    assert fitted.status == 1
    assert not (path.parent / "never.safetensors").exists()
    checked = run("check", task, path, *COLUMNS)
    assert checked.status == 1
    assert checked.err == fitted.err
    return fitted.err.replace(str(path.parent) + "/", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            HEAD + GOOD + "b,3,,yes\n",
            "x.csv:6:x: expected a number, got an empty cell; fill the value in, or take the row "
            "or the column out\n",
        ),
        (
            HEAD + GOOD + "b,3,inf,yes\nb,4,NaN,yes\nb,5,many,yes\nb,6,\"1,5\",yes\nb,7,1_0,yes",
            "x.csv:6:x: expected a finite number, got 'inf'\n"
            "x.csv:7:x: expected a number, got 'NaN'; fill the value in, or take the row or the "
            "column out\n"
            "x.csv:8:x: expected a number, got 'many'\n"
            "x.csv:9:x: expected a number, got '1,5'; write decimals with a point\n"
            "x.csv:10:x: expected a number, got '1_0'\n",
        ),
        (
            "id,t,x,y\na,1,u,no\na,2,v,no\nb,1,w,yes\n",
            "x.csv:2:x: expected a column of numbers, got 'u'; leave the column out: name the "
            "others with --features\n",
        ),
        (
            HEAD + GOOD + "b,3,1\nb,4,1,yes,1\n",
            "x.csv:6: expected 4 values, as the first line has names, got 3\n"
            "x.csv:7: expected 4 values, as the first line has names, got 5; a value that holds "
            "the separator stands in double quotes\n",
        ),
        (
            HEAD + GOOD + "b,2,7,yes\n",
            "x.csv:6:t: expected one row of id 'b' at 2, got another one, after line 5; take one "
            "out, or take their mean\n",
        ),
        (
            HEAD + GOOD + "b,3,7,no\n",
            "x.csv:6:y: expected 'yes', as in line 4, where id 'b' begins, got 'no'\n",
        ),
        (
            HEAD + GOOD + ",3,7,no\nb,3,7,\n",
            "x.csv:6:id: expected an id in every row, got an empty cell; fill it in, or take the "
            "row out\n"
            "x.csv:7:y: expected a label in every row, got an empty cell; fill it in, or take the "
            "row out\n",
        ),
        (
            HEAD + "a,1,0.5,no\na,2,0.5,no\nb,1,1.5,no\n",
            "x.csv:y: expected two classes or more, got 'no' alone\n",
        ),
        (
            HEAD + GOOD + "b,soon,1,yes\n",
            "x.csv:6:t: expected a number, got 'soon'\n",
        ),
        (
            HEAD + "a,2024-01-31,0.5,no\nb,31.1.2024,1,yes\nb,2024-02,1,yes\n",
            "x.csv:3:t: expected a date such as 2024-01-31 or 2024-01-31T18:30:00, got "
            "'31.1.2024'; write the year first, then month and day\n",
        ),
        (
            HEAD + "a,2024-01-31T10:00,0.5,no\nb,2024-01-31T10:00+01:00,1,yes\n",
            "x.csv:3:t: expected a time without a time zone, as in the rows before, got "
            "'2024-01-31T10:00+01:00'; write all with one, as in 2024-01-31T18:30:00+00:00\n",
        ),
        ("", "x.csv: expected a table, got an empty file\n"),
        ("\n\n", "x.csv: expected a line of names of columns, got empty lines\n"),
        (HEAD, "x.csv: expected a row for each time step, got no rows\n"),
        (
            "1,1,0.5,2\n1,2,0.5,2\n",
            "x.csv:1: expected the names of the columns in the first line, got numbers such as "
            "'1'; put them there\n",
        ),
        ("id,t,x,x\n", "x.csv:1: expected different names of columns, got 'x' twice\n"),
        ("id,t,,y\n", "x.csv:1: expected a name for column 3, got none\n"),
        (
            ",id,t,x,y\n",
            "x.csv:1: expected a name for column 1, got none; if it is the index of pandas, write "
            "the file with index=False\n",
        ),
        (
            HEAD.replace(",", ";") + GOOD.replace(",", ";"),
            "x.csv:1: the file has one column 'id;t;x;y'; it seems to be separated by semicolons: "
            "pass --separator ';'\n",
        ),
        (
            HEAD.replace(",", "\t"),
            "x.csv:1: the file has one column 'id\\tt\\tx\\ty'; it seems to be separated by tabs: "
            "pass --separator 'tab'\n",
        ),
        (
            (HEAD + GOOD + "b,3,7,").encode() + "né\n".encode("latin1"),
            "x.csv:6:8: expected text in UTF-8, got byte 0xe9; convert it, as in iconv -f latin1 "
            "-t utf-8\n",
        ),
        (
            (HEAD + GOOD).encode("utf-16"),
            "x.csv: expected a table, got text in UTF-16: convert it, as in iconv -f utf-16 -t "
            "utf-8\n",
        ),
        (
            gzip.compress((HEAD + GOOD).encode())[:-9],
            "x.csv: expected a whole file of gzip, got one that was cut off; copy it again\n",
        ),
        (
            HEAD + GOOD + 'b,3,"7,yes\n',
            "x.csv:6: expected a double quote that ends the value, got the end of the file\n",
        ),
        (HEAD + GOOD + "b,3,7\0,yes\n",
         "x.csv:6:x: expected a number, got '7\\x00'\n"),
        (b"PAR1....", "x.csv: expected a table, got a Parquet file: pass --format parquet, or name "
         "it .parquet\n"),
        (
            "id,t,y\na,1,no\n",
            "x.csv: expected a column of numbers beside id, t, y, got none\n",
        ),
        (
            "id,time,x,y\n" + GOOD,
            "x.csv: --time: expected a column 't', got 'id', 'time', 'x', 'y'\n",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) and value.startswith("x.csv") else "",
)  # fmt: skip
@pytest.mark.parametrize("reader", ["csv", "pyarrow"])
def test_a_fault_is_named(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reader: str,
    content: str | bytes,
    message: str,
) -> None:
    if reader == "pyarrow":
        monkeypatch.setattr("elman.cli._arrow_csv.LARGE", 0)
    assert check(run, tmp_path / "x.csv", content) == message


def test_many_faults_are_counted(run: Run, tmp_path: Path) -> None:
    lines = "".join(f"b,{t},{'' if t % 2 else 1},yes\n" for t in range(3, 103))
    message = check(run, tmp_path / "x.csv", HEAD + GOOD + lines).splitlines()
    assert len(message) == 11
    assert message[0].startswith("x.csv:6:x: expected a number")
    assert message[-1] == "x.csv: and 40 more like these"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"id": "a", "t": 1, "x": 1, "y": "no"}\n{"id": "b" "t": 1}\n',
            "x.jsonl:2:12: expected an object of JSON, got '{\"id\": \"b\" \"t\": 1}' "
            "(Expecting ',' delimiter)\n",
        ),
        (
            '{"id": "a", "t": 1, "x": 1, "y": "no"}\n[1]\n',
            "x.jsonl:2: expected an object of JSON with values, as {\"id\": 1, \"x\": 0.5}, got "
            "'[1]'\n",
        ),
        (
            '{"id": "a", "t": 1, "x": 1, "y": "no"}\n{"id": "b", "t": 1, "y": "yes", "z": 1}\n',
            "x.jsonl:2:x: expected a number, got an empty cell; fill the value in, or take the row "
            "or the column out\n"
            "x.jsonl:2:z: expected the keys of the first line, got another key\n",
        ),
        (
            '{"id": "a", "t": 1, "x": 1, "y": "no"}\n{"id": ["b"], "t": 1, "x": 1, "y": "yes"}\n',
            "x.jsonl:2:id: expected an id in every row, got ['b']\n",
        ),
        (
            '{"id": "a", "t": 1, "x": 1, "y": "no"}\n{"id": "b", "t": 1, "x": [1], "y": "yes"}\n',
            "x.jsonl:2:x: expected a number, got [1]\n",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_json_lines_is_named(
    run: Run, tmp_path: Path, content: str, message: str
) -> None:
    found = check(run, tmp_path / "x.jsonl", content)
    assert sorted(found.splitlines()) == sorted(message.splitlines())


def test_a_fault_of_parquet_is_named(run: Run, tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"id": ["a", "b"], "t": [1, 1], "x": [1.0, None], "y": ["no", "yes"]})
    frame.to_parquet(tmp_path / "y.parquet")
    found = check(run, tmp_path / "x.parquet", (tmp_path / "y.parquet").read_bytes())
    assert found.startswith("x.parquet:2:x: expected a number, got ")
    found = check(run, tmp_path / "x.parquet", b"PAR1 and no more")
    assert found.startswith("x.parquet: expected a Parquet file, got: ")


def test_numbers_as_targets(run: Run, tmp_path: Path) -> None:
    found = check(run, tmp_path / "x.csv", HEAD + "a,1,0.5,7\nb,1,0.5,high\n", "regress")
    assert found == "x.csv:3:y: expected a number, got 'high'\n"


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    ran = run("check", "classify", tmp_path / "none.csv", *COLUMNS)
    assert ran.status == 1
    assert ran.err == f"elman check classify: {tmp_path}/none.csv: No such file or directory\n"


def test_check_tells_what_is_there(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + GOOD.replace("b,1", "b,3") + "c,2024,1,yes\n")
    ran = run("check", "classify", path, *COLUMNS)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "rows                  5\n"
        "sequences             3\n"
        "shortest              1\n"
        "median length         2\n"
        "longest               2\n"
        "features              x\n"
        "columns with missing  0\n"
        "first time            1\n"
        "last time             2024\n"
        "out of order          1\n"
        "duplicates            0\n"
        "classes               2\n"
        "  yes                 2\n"
        "  no                  1\n"
        "faults                0\n"
    )
    found = json.loads(run("check", "classify", path, *COLUMNS, "--json").out)
    assert found["classes"] == {"yes": 2, "no": 1}
    assert found["median_length"] == 2.0


def test_gaps_are_warned_of(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + "a,1,1,no\na,2,1,no\na,3,1,no\na,5,1,no\nb,1,1,yes\nb,2,1,yes\n")
    gap = "time: expected a step of 1 between rows, as most have, got id 'a' from 3 to 5; fill in "
    gap += "the rows that are missing, unless the gaps do not matter"
    out = tmp_path / "m.safetensors"
    ran = run("fit", "classify", path, *COLUMNS, "-o", out, "--max-iter", 1, "--hidden-size", 2)
    assert f"elman fit classify: {path}: {gap}\n" in ran.err
    assert ran.status == 0
    assert gap in run("check", "classify", path, *COLUMNS).out


def test_pyarrow_gives_way_in_the_middle_of_a_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows before are those that pyarrow read; those after name their lines."""
    monkeypatch.setattr("elman.cli._arrow_csv.LARGE", 0)
    monkeypatch.setattr("elman.cli._arrow_csv._BLOCK", 50)
    monkeypatch.setattr("elman.cli._csv.BLOCK", 3)
    lines = [f"{'ab'[t % 2]},{t},{t / 7!r},{['no', 'yes'][t % 2]}" for t in range(40)]
    path = tmp_path / "x.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n")
    expected = run("check", "classify", path, *COLUMNS)
    assert expected.status == 0
    path.write_text(HEAD + "\n".join([*lines[:30], "", *lines[30:]]) + "\n")
    assert run("check", "classify", path, *COLUMNS) == expected
    lines[30] = "a,30"
    lines[35] = "b,35,many,yes"
    path.write_text(HEAD + "\n".join(lines) + "\n")
    ran = run("check", "classify", path, *COLUMNS)
    assert ran.err.replace(f"{tmp_path}/", "") == (
        "x.csv:32: expected 4 values, as the first line has names, got 2\n"
        "x.csv:37:x: expected a number, got 'many'\n"
    )


def test_numbers_that_python_alone_reads_are_read_alike(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + GOOD + "b,3, +1.5 ,yes\nb,4,1E3,yes\nb,5,.5,yes\n")
    expected = run("check", "classify", path, *COLUMNS)
    monkeypatch.setattr("elman.cli._arrow_csv.LARGE", 0)
    assert run("check", "classify", path, *COLUMNS) == expected
    assert expected.status == 0


def test_check_counts_what_it_names(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + GOOD + "b,2,,yes\na,2,,no\na,3,,no\n")
    ran = run("check", "classify", path, *COLUMNS, "--json")
    assert ran.status == 1
    found = json.loads(ran.out)
    assert (found["duplicates"], found["columns_with_missing"]) == (2, {"x": 3})
    assert found["faults"] == ran.err.count("\n") == 5
