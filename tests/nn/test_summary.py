"""elman.summary: counts by hand, shapes as of a real call, one layout of text and one of HTML."""

from __future__ import annotations

import html.parser
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYERS, Options, layer_options, parts

import elman
from elman import nn

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def test_the_known_example_has_85_parameters() -> None:
    """10 · 5 + 5 · 5 + 5 + 5."""
    summary = elman.summary(nn.RNN(10, 5, batch_first=True), input_size=(1, 4, 10))
    assert summary.total.parameters == 85
    assert summary.total.output_shape == (1, 4, 5)


@given(
    options=layer_options(),
    learn=st.booleans(),
    T=st.integers(1, 5),
    N=st.none() | st.integers(1, 5),
)
def test_counts_and_shapes_are_those_of_a_call(
    options: Options, learn: bool, T: int, N: int | None
) -> None:
    """Multiply-adds are T N times G·H·(I + P), and P·H with a projection, for each direction."""
    layer = options.elman(learn_initial_state=learn)
    batch = () if N is None else (N,)
    leading = (N, T) if batch and layer.batch_first else (T, *batch)
    shape = (*leading, layer.input_size)
    summary = elman.summary(layer, shape)
    output, state_n = layer(np.zeros(shape, layer.dtype))

    assert summary.total.output_shape == output.shape
    assert summary.total.parameters == sum(p.size for p in layer.parameters())
    D, H = 1 + layer.bidirectional, layer.hidden_size
    P, G = layer.proj_size or H, GATES[options.module]
    assert len(summary.rows) == D * layer.num_layers
    for k, row in enumerate(summary.rows):
        inputs = layer.input_size if k < D else D * P
        products = G * H * (inputs + P) + (P * H if layer.proj_size else 0)
        assert row.multiply_adds == products * T * (1 if N is None else N)
        assert row.output_shape == (*leading, P)
        weights = layer.all_weights[k]
        assert row.parameters == sum(w.size for w in weights)
    for field in ("multiply_adds", "forward_bytes", "training_bytes"):
        rows = sum(getattr(row, field) for row in summary.rows)
        initial = 0
        if learn and field == "training_bytes":  # the gradients of h_0 and c_0
            initial = sum(p.nbytes for n, p in layer.named_parameters() if n in ("h_0", "c_0"))
        assert getattr(summary.total, field) == rows + initial
    if layer.num_layers == 1:
        states = sum(part.nbytes for part in parts(state_n))
        assert summary.total.forward_bytes == output.nbytes + states


# x is (T, N, I) = (5, 2, 3), H is 4, P of the LSTM 2; numbers, not bytes.
BY_HAND = {
    # output 5·2·4, h_n 2·4
    ("RNN", "forward"): 40 + 8,
    # forward, d_a 5·2·4, d_x 5·2·3, d_h_0 2·4, gradients 4·3 + 4·4 + 4 + 4
    ("RNN", "training"): 48 + 40 + 30 + 8 + 36,
    ("GRU", "forward"): 40 + 8,
    # forward, r z n and W_hn h + b_hn: 4·4·10, d_a 3·4·10 and the third gate's other 4·10, d_x,
    # d_h_0, gradients 12·3 + 12·4 + 12 + 12
    ("GRU", "training"): 48 + 160 + 120 + 40 + 30 + 8 + 108,
    # output 5·2·2, h_n 2·2, c_n 2·4
    ("LSTM", "forward"): 20 + 4 + 8,
    # forward, i f g o c 5·4·10, d_a 4·4·10, d_h 2·10, d_x, d_h_0 and d_c_0, gradients
    # 16·3 + 16·2 + 16 + 16 + 2·4
    ("LSTM", "training"): 32 + 200 + 160 + 20 + 30 + 12 + 120,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("module", LAYERS)
def test_bytes_are_counted_by_hand(module: str, dtype: Any) -> None:
    arguments = {"proj_size": 2} if module == "LSTM" else {}
    layer = getattr(nn, module)(3, 4, dtype=dtype, **arguments)
    total = elman.summary(layer, (5, 2, 3)).total
    each = np.dtype(dtype).itemsize
    assert total.forward_bytes == each * BY_HAND[module, "forward"]
    assert total.training_bytes == each * BY_HAND[module, "training"]


def test_the_learned_initial_states_gradients_count() -> None:
    plain, learned = nn.LSTM(3, 4), nn.LSTM(3, 4, learn_initial_state=True)
    without, with_them = (elman.summary(layer, (5, 2, 3)).total for layer in (plain, learned))
    assert with_them.parameters - without.parameters == 8
    assert with_them.training_bytes - without.training_bytes == 8 * 4


TEXT = """\
GRU(30, 400, num_layers=2, bidirectional=True), x (100, 8, 30)
----------------------------------------------------------------------
layer      output         parameters  multiply-adds  forward  training
----------------------------------------------------------------------
0 forward  (100, 8, 400)     518,400    412,800,000  1.29 MB   13.7 MB
0 reverse  (100, 8, 400)     518,400    412,800,000  1.29 MB   13.7 MB
1 forward  (100, 8, 400)   1,442,400  1,152,000,000  1.29 MB   19.9 MB
1 reverse  (100, 8, 400)   1,442,400  1,152,000,000  1.29 MB   19.9 MB
----------------------------------------------------------------------
total      (100, 8, 800)   3,921,600  3,129,600,000  5.17 MB   67.2 MB"""


def test_the_text_is_laid_out_so() -> None:
    summary = elman.summary(nn.GRU(30, 400, num_layers=2, bidirectional=True), (100, 8, 30))
    assert str(summary) == repr(summary) == TEXT


class Cells(html.parser.HTMLParser):
    """Collects the text of a table's cells and holds that every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.caption = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] == "caption":
            self.caption += data
        else:
            assert self.open[-1] in ("td", "th")
            self.rows[-1][-1] += data


def test_html_is_the_same_table() -> None:
    summary = elman.summary(nn.GRU(30, 400, num_layers=2, bidirectional=True), (100, 8, 30))
    cells = Cells()
    cells.feed(summary._repr_html_())
    cells.close()
    assert cells.open == []
    title, _, head, _, *rows = str(summary).splitlines()
    assert cells.caption == title
    assert cells.rows[0] == head.split()
    expected = [row for row in rows if set(row) != {"-"}]
    for row, line in zip(cells.rows[1:], expected, strict=True):
        assert "".join(row).replace(" ", "") == line.replace(" ", "")


def test_html_is_escaped() -> None:
    """A subclass's name and repr are not the library's to choose."""

    class Odd(nn.GRU):
        def __repr__(self) -> str:
            return "<b>Odd</b> & co"

    text = elman.summary(Odd(3, 4), (5, 2, 3))._repr_html_()
    assert "&lt;b&gt;Odd&lt;/b&gt; &amp; co, x (5, 2, 3)" in text
    assert "<b>" not in text


@pytest.mark.parametrize("shape", [[4, 10], (np.int64(4), np.int64(10)), np.array([4, 10])])
def test_sizes_may_be_any_integers(shape: Any) -> None:
    layer = nn.RNN(10, 5)
    assert elman.summary(layer, shape) == elman.summary(layer, (4, 10))


def test_nothing_is_run_or_drawn() -> None:
    """A call of that size would not fit in memory."""
    total = elman.summary(nn.GRU(3, 4, recurrent_dropout=0.5), (10**9, 10**6, 3)).total
    assert total.output_shape == (10**9, 10**6, 4)
    assert total.multiply_adds == 10**15 * 12 * 7
