"""The figures of finding_structure_in_time.py: errors in time, and the tree of the words."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.cluster.hierarchy import dendrogram, fcluster

from elman._drawing import BLUE, INK, LINE, MUTED, ORANGE, PALE

COLOURS = {"verbs": INK, "animates": ORANGE, "inanimates": BLUE}
STYLE = {"font.size": 9, "axes.titlesize": 10, "axes.titleweight": "bold", "axes.labelcolor": MUTED}
SHOWN = 32
"""How many letters of the second simulation are drawn."""


def draw(folder: Path, bits: Any, letters: Any, words: Any, sentences: Any, groups: Any) -> None:
    """Draw finding_structure.png and dendrogram.png into a folder, which is made if need be.

    bits, letters, words, sentences : what the four simulations return
    groups : dict of the group of each word, verbs, animates or inanimates, in the order of the tree
    """
    folder.mkdir(parents=True, exist_ok=True)
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(11, 8.6), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.07, wspace=0.04)
        grid = figure.add_gridspec(4, 2, width_ratios=[1.45, 1], height_ratios=[1, 0.8, 0.8, 1.1])
        draw_bits(figure.add_subplot(grid[0, 0]), bits)
        draw_letters(figure.add_subplot(grid[1, 0]), letters)
        draw_features(figure.add_subplot(grid[2, 0]), letters)
        draw_words(figure.add_subplot(grid[3, :]), words)
        of_words = figure.add_subplot(grid[:3, 1])
        draw_tree(of_words, sentences.tree, groups, room=0.34)
        finish(of_words, "4  Sentences: words by their hidden states")
        figure.savefig(folder / "finding_structure.png", dpi=150)
        alone, ax = plt.subplots(figsize=(7.2, 5.4), layout="constrained")
        draw_tree(ax, sentences.tree, groups, room=0.2)
        finish(ax, "29 words, joined by the likeness of the hidden states they lead to")
        alone.savefig(folder / "dendrogram.png", dpi=150)
    plt.close(figure)
    plt.close(alone)


def draw_bits(ax: Axes, found: Any) -> None:
    """Draw the error at each of twelve bits; the thirds can be predicted."""
    place = np.arange(1, 13)
    third = place % 3 == 0
    ax.plot(place, found.error, color=PALE, zorder=1)
    ax.scatter(place[~third], found.error[~third], color=MUTED, zorder=2, label="a random bit")
    ax.scatter(place[third], found.error[third], color=ORANGE, zorder=2, label="the XOR of two")
    ax.legend(frameon=False, ncols=2, loc="upper right", handletextpad=0.1, borderpad=0)
    ax.set(xticks=place, xlabel="bit")
    finish(ax, "1  Bits: each third one is the XOR of the two before", 0.7)


def draw_letters(ax: Axes, found: Any) -> None:
    """Draw the errors of the letters, over all features."""
    error = np.sqrt(np.mean(found.error[:SHOWN] ** 2, axis=1))
    draw_in_time(ax, found.text[:SHOWN], error, found.consonants[:SHOWN])
    finish(ax, "2  Letters: a consonant can be guessed only, and tells its vowels", 0.5)


def draw_features(ax: Axes, found: Any) -> None:
    """Draw the errors of the features CONSONANT and HIGH."""
    error, at = np.abs(found.error[:SHOWN]), np.arange(SHOWN)
    ax.plot(at, error[:, 3], color=PALE, zorder=1)
    ax.scatter(at, error[:, 3], s=14, color=MUTED, label="feature HIGH")
    ax.plot(at, error[:, 0], color=BLUE, linewidth=2, label="feature CONSONANT")
    ax.legend(frameon=False, ncols=2, loc="upper right", borderpad=0)
    ax.set(xticks=at, xticklabels=list(found.text[:SHOWN]), xlim=(-0.8, SHOWN - 0.2))
    finish(ax, "    That a consonant comes is known; whether it is high is not", 1.2)


def draw_words(ax: Axes, found: Any) -> None:
    """Draw the error of each letter of a sentence without spaces."""
    draw_in_time(ax, found.sentence, found.sentence_error, found.sentence_begins)
    top = 1.15 * found.sentence_error.max()
    finish(ax, "3  Words without spaces: the error rises where a word begins", top)


def draw_in_time(ax: Axes, text: str, error: Any, marked: Any) -> None:
    """Draw the error of each letter, with the letter above; some are marked."""
    at = np.arange(len(text))
    ax.plot(at, error, color=PALE, zorder=1)
    ax.scatter(at, error, s=14, c=np.where(marked, ORANGE, MUTED), zorder=2, clip_on=False)
    for i, letter in enumerate(text):
        colour, weight = (ORANGE, "bold") if marked[i] else (INK, "normal")
        written = ax.annotate(letter, (i, error[i]), (0, 5), textcoords="offset points")
        written.set(color=colour, fontweight=weight, ha="center")
        written.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.2})
    ax.set(xticks=[], xlim=(-0.8, len(text) - 0.2))


def draw_tree(ax: Axes, tree: Any, groups: dict[str, str], room: float) -> None:
    """Draw the tree of the words' hidden states, each branch in the colour of its group.

    room : the width of the words, as a share of the tree's
    """
    names = list(groups)
    colours = {i: COLOURS[groups[name]] for i, name in enumerate(names)}
    for i, (left, right) in enumerate(tree[:, :2].astype(int)):
        colours[len(names) + i] = colours[left] if colours[left] == colours[right] else MUTED
    found = dendrogram(tree, no_plot=True, labels=names, link_color_func=colours.__getitem__)
    for along, rows, colour in zip(
        found["dcoord"], found["icoord"], found["color_list"], strict=True
    ):
        ax.plot(along, rows, color=colour, linewidth=1.4, solid_joinstyle="round")
    for row, name in enumerate(found["ivl"]):
        beside(ax, 10 * row + 5, 6, name, COLOURS[groups[name]])
    name_halves(ax, tree, groups, found)
    row = 0
    for group, run in groupby(found["ivl"], key=groups.__getitem__):
        first, row = row, row + len(list(run))
        ends = [10 * first + 1, 10 * row - 1]
        line = {"transform": ax.get_yaxis_transform(), "clip_on": False, "linewidth": 2}
        ax.plot([1.0, 1.0], ends, color=COLOURS[group], **line)
        if row - first > 2:
            beside(ax, np.mean(ends), 0, group, COLOURS[group], rotation=90)
    ax.set(xlim=(1.03 * tree[-1, 2], -room * tree[-1, 2]), ylim=(-3, 10 * len(names) + 3))
    ax.set(yticks=[], xlabel="distance (Ward)", xticks=np.arange(0, tree[-1, 2], 5))
    ax.spines[["left", "bottom"]].set_visible(False)


def name_halves(ax: Axes, tree: Any, groups: dict[str, str], found: dict[str, Any]) -> None:
    """Write nouns and verbs at the two halves of the tree, if it has these halves."""
    verbs = [group == "verbs" for group in groups.values()]
    half = fcluster(tree, 2, "maxclust") == 1
    if not (np.array_equal(half, verbs) or np.array_equal(~half, verbs)):
        return
    last = int(np.argmax([max(along) for along in found["dcoord"]]))
    low, *_, high = found["dcoord"][last]
    first_is_verb = groups[found["ivl"][0]] == "verbs"
    ends = [(low, found["icoord"][last][0]), (high, found["icoord"][last][3])]
    for (end, row), name in zip(
        ends if first_is_verb else ends[::-1], ("verbs", "nouns"), strict=True
    ):
        middle = (end + tree[-1, 2]) / 2
        written = ax.annotate(name, (middle, row), (0, 4), textcoords="offset points")
        written.set(color=INK if name == "verbs" else MUTED, ha="center")


def beside(ax: Axes, row: float, points: float, text: str, colour: str, rotation: int = 0) -> None:
    """Write a text at the right of the tree: a word at its leaf, or a group at the edge."""
    where = ax.get_yaxis_transform() if rotation else ax.transData
    at = (1.02, row) if rotation else (0, row)
    written = ax.annotate(text, at, (points, 0), xycoords=where, textcoords="offset points")
    written.set(color=colour, va="center", rotation=rotation)
    written.set_fontweight("bold" if rotation else "normal")


def finish(ax: Axes, title: str, top: float | None = None) -> None:
    """Give Axes a title and the look of elman's plots; with `top` they show errors up to it."""
    ax.set_title(title, loc="left", color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(PALE)
    ax.tick_params(length=0, colors=MUTED)
    if top is not None:
        ax.set(ylabel="error", ylim=(-0.03 * top, top))
        ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        ax.grid(axis="y", color=LINE, linewidth=0.8)
        ax.set_axisbelow(True)
