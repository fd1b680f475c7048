"""The demo's pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay

from elman._typing import FloatArray, IntArray

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

DPI = 150
INK, PALE = "#1b3a57", "#c9d3dc"


def draw_confusion(speakers: IntArray, predicted: IntArray, path: Path) -> None:
    """Draw how often each speaker was taken for each."""
    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes = figure.add_subplot()
    display = ConfusionMatrixDisplay.from_predictions(
        speakers, predicted, ax=axes, cmap="Blues", colorbar=False
    )
    for text in display.text_.ravel():
        if text.get_text() == "0":
            text.set_text("")
    right = int(np.sum(speakers == predicted))
    axes.set(
        title=f"{right} of {len(speakers)} utterances recognised",
        xlabel="speaker, as recognised",
        ylabel="speaker",
    )
    figure.savefig(path, dpi=DPI)


def draw_growth(
    recogniser: Pipeline, utterances: list[FloatArray], speakers: IntArray, path: Path
) -> None:
    """Draw one utterance above the probability of each speaker after each of its frames."""
    chosen, probabilities = _most_telling(recogniser, utterances, speakers)
    utterance, speaker = utterances[chosen], speakers[chosen]
    frames = np.arange(1, len(utterance) + 1)

    figure = Figure(figsize=(7.2, 5.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 3])
    above.imshow(
        utterance.T,
        aspect="auto",
        origin="lower",
        cmap="viridis",
        extent=(0.5, len(utterance) + 0.5, 0.5, utterance.shape[1] + 0.5),
    )
    above.set(
        title=f"Speaker {speaker} says /ae/, and the network makes up its mind",
        ylabel="cepstral coefficient",
        yticks=(1, 6, 12),
    )
    rivals = _rivals(probabilities, recogniser.classes_, speaker)
    for label, curve in zip(recogniser.classes_, probabilities.T, strict=True):
        style: dict[str, Any] = {"color": PALE, "linewidth": 1.5, "zorder": 1}
        if label == speaker:
            style = {"color": INK, "linewidth": 3, "zorder": 3, "label": f"speaker {label}"}
        elif label in rivals:
            style |= {"color": rivals[label], "zorder": 2, "label": f"speaker {label}"}
        below.plot(frames, curve, marker=".", **style)
    below.set(
        xlabel="frames heard",
        ylabel="probability of each speaker",
        ylim=(-0.03, 1.2),  # room for the legend
        yticks=np.linspace(0, 1, 6),
        xlim=(0.5, len(utterance) + 0.5),
    )
    below.xaxis.get_major_locator().set_params(integer=True)
    below.legend(frameon=False, loc="upper left", ncols=3)
    below.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=DPI)


def _most_telling(
    recogniser: Pipeline, utterances: list[FloatArray], speakers: IntArray
) -> tuple[int, FloatArray]:
    """Pick the recognised utterance that was doubtful for longest.

    Returns its index, and the probabilities (T, speakers) after each of its frames. What the
    network says after t frames is what it says of the first t frames alone.
    """
    prefixes = [u[:t] for u in utterances for t in range(1, len(u) + 1)]
    lengths = [len(u) for u in utterances]
    parts = np.split(recogniser.predict_proba(prefixes), np.cumsum(lengths)[:-1])
    columns = np.searchsorted(recogniser.classes_, speakers)
    of_speaker = [part[:, column] for part, column in zip(parts, columns, strict=True)]
    doubt = [1 - p.mean() if p[-1] > 0.9 else 0 for p in of_speaker]
    chosen = int(np.argmax(doubt))
    return chosen, parts[chosen]


def _rivals(probabilities: FloatArray, labels: IntArray, speaker: int) -> dict[int, str]:
    """Give a colour to the two other speakers who were most probable at any frame."""
    order = np.argsort(-probabilities.max(axis=0))
    others = [int(label) for label in labels[order] if label != speaker]
    return dict(zip(others[:2], ("#d1702e", "#8a6fb0"), strict=True))
