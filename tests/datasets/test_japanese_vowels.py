"""The Japanese Vowels data: the loader gives the source's values, the script packs them exactly."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from elman import datasets
from elman.datasets import JapaneseVowels, load_japanese_vowels
from elman.datasets._japanese_vowels import _read

SCRIPT = Path(__file__).parents[2] / "tools" / "make_japanese_vowels.py"
DATA = files("elman.datasets")

TEST_COUNTS = [31, 35, 88, 44, 29, 24, 40, 50, 29]

# Copied from the source: part, utterance, frame, its 12 cepstra.
FRAMES = [
    ("train", 0, 0, (
        "1.860936,-0.207383,0.261557,-0.214562,-0.171253,-0.118167,"
        "-0.277557,0.025668,0.126701,-0.306756,-0.213076,0.088728"
    )),
    ("train", 0, -1, (
        "1.261441,-0.63835,0.217443,0.263384,0.391115,-0.176897,"
        "-0.510697,0.020526,-0.217709,-0.219071,-0.033314,-0.175986"
    )),
    ("train", 269, 0, (
        "1.240598,-0.352572,0.202753,-0.819913,-0.0385,-0.385671,"
        "-0.021062,0.434753,-0.200198,-0.184956,0.050853,0.061848"
    )),
    ("train", 269, -1, (
        "0.966744,-0.323093,0.305467,-0.419457,0.514195,-0.31106,"
        "-0.033985,0.154038,-0.389686,-0.089183,0.16625,0.173642"
    )),
    ("test", 0, 0, (
        "1.635533,0.024848,0.432087,-0.361914,-0.074776,-0.693481,"
        "-0.229621,0.261503,-0.089421,-0.020431,-0.008612,0.139754"
    )),
    ("test", 0, -1, (
        "1.388998,-0.728562,0.801037,0.101208,0.287227,-0.065235,"
        "-0.36335,-0.138497,-0.127783,-0.235129,-0.06768,0.108629"
    )),
    ("test", 369, 0, (
        "1.421622,-0.386758,-0.187715,-0.504102,-0.026528,-0.56274,"
        "0.087821,0.168902,-0.137287,0.087146,-0.142142,0.101818"
    )),
    ("test", 369, -1, (
        "1.177449,-0.40408,0.052026,-0.284812,0.42984,-0.203484,"
        "-0.072393,-0.080955,-0.244424,-0.001849,-0.016634,0.224688"
    )),
]  # fmt: skip

# The source's decimals added up over all frames, one sum for each cepstrum, in millionths.
TRAIN_SUMS = [
    3714556909, -2369939149, 1051870250, -1142413528, 935906118, -899840437,
    -743954416, -220987292, -875876432, -774422520, -100830342, 368478536,
]  # fmt: skip
TEST_SUMS = [
    4292591468, -2896597517, 1238767749, -1734069895, 1313607516, -1392299980,
    -887276347, -240227143, -1201907366, -1025201560, -139236838, 525336483,
]  # fmt: skip

TS = """\
#A made-up file: two channels, two speakers.
@problemName Vowels
@classLabel true 1 2
@data
0.5,-8.3E-4,1.0:2.000001,-2.0,0.25:1
-1.5,0.1:0.3,7:2
"""


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_japanese_vowels", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The loader


def test_the_module_exports_the_loader_and_what_it_returns() -> None:
    assert datasets.__all__ == ["JapaneseVowels", "load_japanese_vowels"]
    assert JapaneseVowels._fields == ("X_train", "y_train", "X_test", "y_test")
    assert isinstance(load_japanese_vowels(), JapaneseVowels)


def test_there_are_270_and_370_utterances_of_7_to_29_frames_of_12_cepstra() -> None:
    X_train, _, X_test, _ = load_japanese_vowels()
    assert (len(X_train), len(X_test)) == (270, 370)
    assert {x.ndim for x in X_train + X_test} == {2}
    assert {x.shape[1] for x in X_train + X_test} == {12}
    lengths = [len(x) for x in X_train + X_test]
    assert (min(lengths), max(lengths)) == (7, 29)
    assert (sum(lengths[:270]), sum(lengths[270:])) == (4274, 5687)
    assert lengths[:3] == [20, 26, 22]


def test_speakers_are_1_to_9_in_order() -> None:
    _, y_train, _, y_test = load_japanese_vowels()
    assert y_train.dtype == y_test.dtype == np.int64
    np.testing.assert_array_equal(y_train, np.repeat(np.arange(1, 10), 30))
    np.testing.assert_array_equal(y_test, np.repeat(np.arange(1, 10), TEST_COUNTS))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("part", "utterance", "frame", "decimals"), FRAMES)
def test_known_frames_are_exact(
    part: str, utterance: int, frame: int, decimals: str, dtype: Any
) -> None:
    data = load_japanese_vowels(dtype=dtype)
    X = data.X_train if part == "train" else data.X_test
    expected = np.array([dtype(number) for number in decimals.split(",")])
    np.testing.assert_array_equal(X[utterance][frame], expected, strict=True)


def test_float64_values_are_the_sources_decimals() -> None:
    X_train, _, X_test, _ = load_japanese_vowels(dtype=np.float64)
    for X, sums in ((X_train, TRAIN_SUMS), (X_test, TEST_SUMS)):
        frames = np.concatenate(X)
        millionths = np.rint(frames * 1e6).astype(np.int64)
        assert millionths.sum(axis=0).tolist() == sums
        decimals = [[float(f"{n}e-6") for n in frame] for frame in millionths.tolist()]
        np.testing.assert_array_equal(frames, decimals)


def test_float32_values_are_the_nearest_to_the_float64_ones() -> None:
    single, double = load_japanese_vowels(), load_japanese_vowels(dtype=np.float64)
    for a, b in zip(single.X_train + single.X_test, double.X_train + double.X_test, strict=True):
        np.testing.assert_array_equal(a, b.astype(np.float32), strict=True)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("float32", np.float32), ("float64", np.float64), (float, np.float64), ("f4", np.float32)],
)
def test_utterances_have_the_dtype_and_are_contiguous(dtype: Any, expected: Any) -> None:
    X_train, _, X_test, _ = load_japanese_vowels(dtype=dtype)
    for x in X_train + X_test:
        assert x.dtype == expected
        assert x.flags.c_contiguous
        assert x.flags.writeable


@pytest.mark.parametrize(
    ("dtype", "got"),
    [
        (np.int32, "int32"),
        (np.float16, "float16"),
        ("no such type", "no such type"),
        (None, "None"),
        (np.dtype(np.float32).newbyteorder(), str(np.dtype(np.float32).newbyteorder())),
    ],
)
def test_another_dtype_is_an_error_that_says_so(dtype: Any, got: str) -> None:
    with pytest.raises(ValueError, match=f"^dtype: expected float32 or float64, got {got}; "):
        load_japanese_vowels(dtype=dtype)


def test_every_call_returns_new_arrays() -> None:
    first = load_japanese_vowels()
    for x in first.X_train + first.X_test:
        x[:] = 0
    first.y_train[:] = first.y_test[:] = 0
    first.X_train.clear()

    second = load_japanese_vowels()
    assert second.X_train[0][0, 0] == np.float32("1.860936")
    assert second.X_test[0][0, 0] == np.float32("1.635533")
    assert (second.y_train[0], second.y_test[0]) == (1, 1)
    assert len(second.X_train) == 270


def test_changing_one_utterance_leaves_its_neighbours_alone() -> None:
    X_train = load_japanese_vowels().X_train
    X_train[0][:] = 0
    np.testing.assert_array_equal(X_train[1], load_japanese_vowels().X_train[1])


def test_importing_the_module_loads_numpy_alone() -> None:
    program = (
        "import sys, numpy.typing, elman; before = set(sys.modules); import elman.datasets; "
        "print({name for name in set(sys.modules) - before if not name.startswith('elman')})"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() in ("set()", "{'__future__'}")


# The files beside it


def test_the_data_add_at_most_500_kilobytes_to_the_wheel() -> None:
    assert len(DATA.joinpath("japanese_vowels.npz").read_bytes()) <= 500_000


def test_the_attribution_names_authors_source_licence_and_changes() -> None:
    text = DATA.joinpath("japanese_vowels.md").read_text(encoding="utf-8")
    for words in (
        "Mineichi Kudo, Jun Toyama and\nMasaru Shimbo",
        "https://doi.org/10.24432/C5NS47",
        "CC BY 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
        "The format only.",
    ):
        assert words in text


# The script that makes the data


def test_script_parses_channels_over_time(script: ModuleType) -> None:
    utterances, speakers = script.parse(TS)
    assert speakers == [1, 2]
    assert [u.tolist() for u in utterances] == [
        [[500_000, 2_000_001], [-830, -2_000_000], [1_000_000, 250_000]],
        [[-1_500_000, 300_000], [100_000, 7_000_000]],
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.25", "?", r"expected a number, got '\?'"),
        ("0.25", "NaN", "expected a finite number of at most six decimals, got 'NaN'"),
        ("0.25", "inf", "expected a finite number of at most six decimals, got 'inf'"),
        ("0.25", "0.2500001", "expected a finite number of at most six decimals"),
        ("0.3,7", "0.3", "expected channels of one length"),
        ("@data", "@date", "expected a line '@data'"),
    ],
)
def test_script_refuses_what_it_cannot_hold(
    script: ModuleType, old: str, new: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        script.parse(TS.replace(old, new))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_the_script_packs_the_loader_reads(script: ModuleType, dtype: Any) -> None:
    train, test = script.parse(TS), script.parse(TS.replace("0.5,", "-0.000001,"))
    packed = script.pack(train, test)
    assert packed == script.pack(train, test)

    X_train, y_train, X_test, y_test = _read(io.BytesIO(packed), np.dtype(dtype))
    first = [["0.5", "2.000001"], ["-8.3E-4", "-2"], ["1", "0.25"]]
    second = [["-1.5", "0.3"], ["0.1", "7"]]
    changed = [["-0.000001", "2.000001"], *first[1:]]
    for x, rows in zip(X_train + X_test, [first, second, changed, second], strict=True):
        expected = np.array([[dtype(number) for number in row] for row in rows])
        np.testing.assert_array_equal(x, expected, strict=True)
    assert y_train.tolist() == y_test.tolist() == [1, 2]


def test_script_refuses_steps_beyond_its_integers(script: ModuleType) -> None:
    part = script.parse(TS.replace("-1.5", "-8.5"))
    with pytest.raises(ValueError, match=r"expected steps below 8\.3"):
        script.pack(part, part)


@pytest.mark.parametrize(
    ("speakers", "shapes", "value", "message"),
    [
        ([1, 2], [(7, 12), (29, 12)], 0, None),
        ([2, 1], [(7, 12), (29, 12)], 0, "in order of speaker, got"),
        ([1, 1], [(7, 12), (29, 12)], 0, r"expected \[1, 1\] utterances.* got \[2, 0\]"),
        ([1, 2], [(6, 12), (29, 12)], 0, r"expected 7 to 29 frames of 12 cepstra, got \(6, 12\)"),
        ([1, 2], [(7, 12), (30, 12)], 0, r"got \(30, 12\)"),
        ([1, 2], [(7, 12), (29, 11)], 0, r"got \(29, 11\)"),
        ([1, 2], [(7, 12), (29, 12)], 2**24 + 1, r"expected values below 16\.8"),
    ],
)
def test_script_checks_the_published_figures(
    script: ModuleType,
    speakers: list[int],
    shapes: list[tuple[int, int]],
    value: int,
    message: str | None,
) -> None:
    part = script.Part([np.full(shape, value) for shape in shapes], speakers)
    if message is None:
        script.check(part, (1, 1))
    else:
        with pytest.raises(ValueError, match=message):
            script.check(part, (1, 1))


def test_script_reads_a_wheel_and_writes_the_same_bytes_twice(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = np.random.default_rng(0)

    def ts(counts: list[int]) -> tuple[str, list[list[list[str]]]]:
        utterances, lines = [], ["@data"]
        for speaker in np.repeat(np.arange(1, 10), counts):
            T = generator.integers(7, 30)
            cepstra = [[f"{v:.6f}" for v in row] for row in generator.uniform(-2, 2, (12, T))]
            utterances.append(cepstra)
            lines.append(":".join([*map(",".join, cepstra), str(speaker)]))
        return "\n".join(lines) + "\n", utterances

    wheel, first, second = tmp_path / "aeon.whl", tmp_path / "first", tmp_path / "second"
    train_text, train = ts([30] * 9)
    test_text, test = ts(TEST_COUNTS)
    with zipfile.ZipFile(wheel, "w") as archive:
        folder = "aeon/datasets/data/JapaneseVowels"
        archive.writestr(f"{folder}/JapaneseVowels_TRAIN.ts", train_text)
        archive.writestr(f"{folder}/JapaneseVowels_TEST.ts", test_text)

    for output in (first, second):
        script.main(["--wheel", str(wheel), "--output", str(output)])
        assert str(output) in capsys.readouterr().out
    assert first.read_bytes() == second.read_bytes()

    with first.open("rb") as file:
        data = _read(file, np.dtype(np.float64))
    np.testing.assert_array_equal(data.y_test, np.repeat(np.arange(1, 10), TEST_COUNTS))
    for x, cepstra in zip(data.X_train + data.X_test, train + test, strict=True):
        np.testing.assert_array_equal(x.T, np.array(cepstra, dtype=np.float64))


def test_the_data_are_what_the_script_packs(script: ModuleType) -> None:
    data = load_japanese_vowels(dtype=np.float64)

    def part(X: list[np.ndarray[Any, Any]], y: np.ndarray[Any, Any]) -> Any:
        return script.Part([np.rint(x * 1e6).astype(np.int64) for x in X], y.tolist())

    train, test = part(data.X_train, data.y_train), part(data.X_test, data.y_test)
    script.check(train, script.TRAIN_COUNTS)
    script.check(test, script.TEST_COUNTS)
    repacked = np.load(io.BytesIO(script.pack(train, test)))
    with DATA.joinpath("japanese_vowels.npz").open("rb") as file, np.load(file) as shipped:
        assert shipped.files == repacked.files
        for name in shipped.files:
            np.testing.assert_array_equal(shipped[name], repacked[name], strict=True)
