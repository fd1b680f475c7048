"""Make src/elman/datasets/japanese_vowels.npz from the copy of the data in the aeon wheel.

    python tools/make_japanese_vowels.py                  # downloads the wheel with pip
    python tools/make_japanese_vowels.py --wheel PATH     # reads a wheel already here

The source has at most six decimals, so every value is a whole number of millionths. The archive
holds these whole numbers, not floats: nothing is rounded, and differences between consecutive
frames take a quarter of the room of the text. Its members, F being the frames of all utterances,
training before testing:

    steps_high, steps_low          int8 and uint16, shape (F, 12): frame t minus frame t-1 (the
                                   first frame minus 0) is steps_high * 65536 + steps_low
    train_lengths, test_lengths    uint8: the frames of each utterance
    train_speakers, test_speakers  uint8: 1 to 9

The low halves are as good as noise and do not compress; the high halves, kept apart from them, do.
Running the script twice gives the same bytes, given the same zlib.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

AEON = "aeon==1.6.0"
MEMBER = "aeon/datasets/data/JapaneseVowels/JapaneseVowels_{part}.ts"
OUTPUT = Path(__file__).parents[1] / "src" / "elman" / "datasets" / "japanese_vowels.npz"

CHANNELS = 12
LENGTHS = range(7, 30)
TRAIN_COUNTS = (30,) * 9
TEST_COUNTS = (31, 35, 88, 44, 29, 24, 40, 50, 29)

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
UNIX = 3  # as a zip names the system that wrote it


class Part(NamedTuple):
    """The utterances of one .ts file, each (T_i, 12) in millionths, and who spoke them."""

    utterances: list[NDArray[np.int64]]
    speakers: list[int]


def millionths(number: str) -> int:
    """Return the decimal `number` in millionths, or raise if it is none or has more decimals."""
    try:
        scaled = Decimal(number).scaleb(6)
    except InvalidOperation:
        raise ValueError(f"expected a number, got {number!r}") from None
    if not scaled.is_finite() or scaled != int(scaled):
        raise ValueError(f"expected a finite number of at most six decimals, got {number!r}")
    return int(scaled)


def parse(text: str) -> Part:
    """Parse a .ts file: after @data one utterance a line, `channel:channel:...:speaker`.

    A channel is the comma-separated values of one cepstrum coefficient over time.
    """
    _, found, data = text.partition("@data\n")
    if not found:
        raise ValueError("expected a line '@data', got none")
    part = Part([], [])
    for line in data.splitlines():
        *channels, speaker = line.split(":")
        values = [[millionths(value) for value in channel.split(",")] for channel in channels]
        if len({len(channel) for channel in values}) != 1:
            raise ValueError(f"expected channels of one length, got {line[:60]!r}...")
        part.utterances.append(np.ascontiguousarray(np.array(values, dtype=np.int64).T))
        part.speakers.append(int(speaker))
    return part


def check(part: Part, counts: Sequence[int]) -> None:
    """Raise unless `part` has the published shape and `counts` utterances by speakers 1 to 9."""
    expected = [speaker for speaker, count in enumerate(counts, start=1) for _ in range(count)]
    if part.speakers != expected:
        got = [part.speakers.count(speaker) for speaker in range(1, len(counts) + 1)]
        raise ValueError(f"expected {list(counts)} utterances, in order of speaker, got {got}")
    for utterance in part.utterances:
        if utterance.shape[0] not in LENGTHS or utterance.shape[1] != CHANNELS:
            raise ValueError(f"expected 7 to 29 frames of 12 cepstra, got {utterance.shape}")
        # float32 holds whole numbers up to 2**24, so that one division by 10**6 rounds but once.
        if np.abs(utterance).max() > 2**24:
            raise ValueError("expected values below 16.8, which float32 holds in millionths")


def pack(train: Part, test: Part) -> bytes:
    """Return the archive described at the top of this file."""
    frames = np.concatenate(train.utterances + test.utterances)
    steps = np.diff(frames, axis=0, prepend=0)
    high, low = np.divmod(steps, 65536)
    if not np.array_equal(high, high.astype(np.int8)):
        raise ValueError("expected steps below 8.3 between frames, which int8 and uint16 hold")
    members = {
        "steps_high": high.astype(np.int8),
        "steps_low": low.astype("<u2"),
        "train_lengths": np.array([len(u) for u in train.utterances], dtype=np.uint8),
        "train_speakers": np.array(train.speakers, dtype=np.uint8),
        "test_lengths": np.array([len(u) for u in test.utterances], dtype=np.uint8),
        "test_speakers": np.array(test.speakers, dtype=np.uint8),
    }
    # np.savez_compressed promises neither the time nor the system it writes into the zip.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, array in members.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=EPOCH)
            member.create_system = UNIX
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(member, buffer.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


def download(folder: Path) -> Path:
    """Download the aeon wheel into `folder` and return its path."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--dest", str(folder), AEON], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def read(wheel: Path) -> tuple[Part, Part]:
    """Return the training and the testing part held by `wheel`, checked."""
    with zipfile.ZipFile(wheel) as archive:
        train = parse(archive.read(MEMBER.format(part="TRAIN")).decode("ascii"))
        test = parse(archive.read(MEMBER.format(part="TEST")).decode("ascii"))
    check(train, TRAIN_COUNTS)
    check(test, TEST_COUNTS)
    return train, test


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the wheel and write the archive."""
    parser = argparse.ArgumentParser(description="Make elman's copy of the Japanese Vowels data.")
    parser.add_argument("--wheel", type=Path, help=f"a wheel of {AEON}; default: download it")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: %(default)s")
    options = parser.parse_args(arguments)

    with tempfile.TemporaryDirectory() as folder:
        train, test = read(options.wheel or download(Path(folder)))
    options.output.write_bytes(pack(train, test))
    print(f"{options.output}: {options.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
