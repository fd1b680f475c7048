"""What only a process of its own shows: imports, signals, pipes and full disks."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import COLUMNS, QUICK, Run

import elman

HELP = """
import sys
from elman.cli import main
try:
    main({arguments!r})
except SystemExit as done:
    assert done.code == 0
print(*sorted({{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names))
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["fit", "classify", "--help"], ["predict", "--help"]],
    ids=" ".join,
)
def test_help_imports_nothing_but_the_standard_library(
    run_python: Callable[..., str], arguments: list[str]
) -> None:
    printed = run_python(HELP.format(arguments=arguments)).splitlines()
    others = {"__main__", "__mp_main__", "_distutils_hack"}
    loaded = {name for name in printed[-1].split() if not name.startswith("_")} - others
    assert loaded <= {"elman"} | {name for name in loaded if "finder" in name}


def test_threads_are_set_before_the_kernels_are_loaded(
    run_python: Callable[..., str], model: Path, csv: Path
) -> None:
    program = "import elman; from elman.cli import main\n"
    program += f"main(['predict', {str(model)!r}, {str(csv)!r}, '--threads', '1'])\n"
    program += "print(elman.show_config()['threads'])"
    assert run_python(program, OMP_NUM_THREADS=None).splitlines()[-1] == "1"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return the function that starts a command in a process."""
    started: list[subprocess.Popen[str]] = []

    def start_command(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        path = os.pathsep.join(filter(None, sys.path))
        process = subprocess.Popen(
            [sys.executable, "-m", "elman", *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options},
        )
        started.append(process)
        return process

    yield start_command
    for process in started:
        process.kill()
        process.communicate()


Start = Callable[..., subprocess.Popen[str]]
LONG = ("--hidden-size", 8, "--set", "n_iter_no_change=inf")


def test_nobody_reads_the_output_any_more(start: Start, model: Path, csv: Path) -> None:
    process = start("predict", model, csv)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 128 + signal.SIGPIPE
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_ctrl_c_leaves_the_model_of_the_finished_epochs(
    start: Start, run: Run, csv: Path, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    process = start("fit", "classify", csv, *COLUMNS, *LONG, "--max-iter", 10**6, "-o", path)
    assert process.stderr is not None
    first = process.stderr.readline()
    assert first.startswith("epoch 1/1000000  loss ")
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert rest.endswith(f"elman fit classify: interrupted; {path} has what was learned\n")
    assert elman.load(path).table["fit"]["epochs"] >= 1
    assert run("predict", path, csv).status == 0


def test_a_killed_fit_goes_on_to_the_same_bytes(start: Start, csv: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    arguments = ("fit", "classify", csv, *COLUMNS, *LONG, "--max-iter", 150)
    assert start(*arguments, "-o", paths[0]).wait(60) == 0
    checkpoint = tmp_path / "run.ckpt"
    process = start(*arguments, "-o", paths[1], "--checkpoint", checkpoint)
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not paths[1].exists()
    process = start(*arguments, "-o", paths[1], "--checkpoint", checkpoint)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0
    assert not told.startswith("epoch 1/")
    assert paths[1].read_bytes() == paths[0].read_bytes()


def test_a_full_disk_under_the_output(start: Start, model: Path, csv: Path) -> None:
    with open("/dev/full", "w") as full:
        process = start("predict", model, csv, stdout=full)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told == "elman predict: No space left on device\n"
    process = start("predict", model, csv, "-o", "/dev/full")
    assert process.communicate(timeout=60) == ("", "elman predict: No space left on device\n")
    assert process.returncode == 1


def test_a_full_disk_under_the_model(start: Start, csv: Path, tmp_path: Path) -> None:
    """Neither a half-written model nor what was written before it is left."""
    path, elsewhere = tmp_path / "m.safetensors", tmp_path / "elsewhere"
    elsewhere.mkdir()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        os.environ["TMPDIR"] = str(elsewhere)

    process = start("fit", "classify", csv, *COLUMNS, *QUICK, "-o", path, preexec_fn=limit)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told.splitlines()[-1] == "elman fit classify: File too large"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["elsewhere", "train.csv"]


@pytest.mark.parametrize(
    ("closed", "arguments", "status"),
    [
        (">&-", ["predict", "MODEL", "CSV"], 1),
        ("<&-", ["predict", "MODEL", "-"], 1),
        ("2>&-", ["predict", "MODEL", "CSV"], 0),
        ("2>&-", ["predict", "MODEL", "nowhere.csv"], 1),
        ("<&- >&- 2>&-", ["predict", "MODEL", "CSV", "-o", "OUT"], 0),
    ],
)
def test_streams_that_are_closed(
    model: Path, csv: Path, tmp_path: Path, closed: str, arguments: list[str], status: int
) -> None:
    names = {"MODEL": model, "CSV": csv, "OUT": tmp_path / "out.csv"}
    command = [sys.executable, "-m", "elman", *(str(names.get(a, a)) for a in arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *command],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == status
    if status and "2>" not in closed:
        assert done.stderr == "elman predict: Bad file descriptor\n"
    answers = names["OUT"].read_text() if names["OUT"].exists() else done.stdout
    assert answers.count("\n") == (0 if status else 25)


def test_a_package_that_is_not_there_is_named(
    run_python: Callable[..., str], csv: Path, tmp_path: Path
) -> None:
    arguments = ["fit", "forecast", str(csv), "--id", "name", "--time", "day", "--target", "a"]
    arguments += ["--h", "2", "-o", str(tmp_path / "m")]
    program = "import os, sys; os.dup2(1, 2); sys.modules['pandas'] = None\n"
    program += f"from elman.cli import main\nprint(main({arguments!r}))"
    printed = run_python(program).splitlines()
    assert printed[-2:] == [
        "elman fit forecast: this needs pandas: pip install 'elman[cli]' brings it",
        "1",
    ]
