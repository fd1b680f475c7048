"""What five introductory notebooks on RNNs show, in shapes and figures.

They are about what goes into nn.RNN and what comes out, the same recurrence written as a loop in
NumPy, a layer's parameters, and one forward pass worked out by hand.
"""

from __future__ import annotations

import numpy as np
import pytest

import elman
from elman import nn


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    ("options", "output_shape", "state_shape"),
    [
        ({}, (1, 10, 8), (1, 1, 8)),
        ({"num_layers": 2}, (1, 10, 8), (2, 1, 8)),
        ({"num_layers": 2, "bidirectional": True}, (1, 10, 16), (4, 1, 8)),
    ],
    ids=["plain", "deep", "deep and bidirectional"],
)
def test_shapes_of_plain_deep_and_bidirectional_layers(
    options: dict[str, int], output_shape: tuple[int, ...], state_shape: tuple[int, ...]
) -> None:
    """Of RNN(5, 8, batch_first=True) on one sequence of ten steps.

    The output is the last layer's states at all steps, and the state is every layer's and
    direction's last one: forwards at the last step, backwards at the first.
    """
    rnn = nn.RNN(5, 8, batch_first=True, **options)
    output, state = rnn(random(1, 10, 5))
    assert output.shape == output_shape
    assert state.shape == state_shape
    if rnn.bidirectional:
        np.testing.assert_array_equal(output[:, -1, :8], state[-2])
        np.testing.assert_array_equal(output[:, 0, 8:], state[-1])
    else:
        np.testing.assert_array_equal(output[:, -1], state[-1])


def test_a_deep_layer_has_a_state_only_once_it_is_called() -> None:
    """A state printed before the call is the old layer's: (1, 1, 8) and not (2, 1, 8)."""
    x = random(1, 10, 5)
    _, state = nn.RNN(5, 8, batch_first=True)(x)
    deep = nn.RNN(5, 8, num_layers=2, batch_first=True)
    assert state.shape == (1, 1, 8)
    _, state = deep(x)
    assert state.shape == (2, 1, 8)


@pytest.mark.parametrize("bias", [True, False])
def test_the_loop_in_numpy_is_the_layer(bias: bool) -> None:
    """h = tanh(Wx x + Wh h + b) from h = 0, with T = 10, I = 4, H = 8, keeping every state."""
    T, H = 10, 8
    x, Wx, Wh = random(T, 4), random(H, 4), random(H, H) / 4
    b = random(H) if bias else np.zeros(H, np.float32)

    h = np.zeros(H, np.float32)
    states = []
    for x_t in x:
        h = np.tanh(Wx @ x_t + Wh @ h + b)
        states.append(h)
    states = np.array(states)
    assert (Wx.shape, Wh.shape, b.shape, states.shape) == ((8, 4), (8, 8), (8,), (10, 8))

    rnn = nn.RNN(4, H, bias=bias)
    rnn.weight_ih_l0, rnn.weight_hh_l0 = Wx, Wh
    if bias:
        rnn.bias_ih_l0, rnn.bias_hh_l0 = b, np.zeros(H, np.float32)
    output, state = rnn(x)
    # float32 sums of 13 terms of order one: a few eps, which tanh and W_hh carry a few steps on.
    np.testing.assert_allclose(output, states, rtol=0, atol=2e-6)
    np.testing.assert_allclose(state[0], states[-1], rtol=0, atol=2e-6)


def test_a_given_initial_state() -> None:
    """One hidden unit on (1, 3, 10); from another h_0 the states are others."""
    rnn, x = nn.RNN(10, 1, 1, batch_first=True), random(1, 3, 10)
    h0 = random(1, 1, 1)
    output, hn = rnn(x, h0)
    assert output.shape == (1, 3, 1)
    assert hn.shape == (1, 1, 1)
    np.testing.assert_array_equal(output[0, -1], hn[0, 0])
    first = np.tanh(
        x[0, 0] @ rnn.weight_ih_l0[0]
        + h0[0, 0, 0] * rnn.weight_hh_l0[0, 0]
        + rnn.bias_ih_l0
        + rnn.bias_hh_l0
    )
    np.testing.assert_allclose(output[0, 0], first, rtol=0, atol=1e-6)
    assert (rnn(x)[0] != output).any()


def test_names_and_shapes_of_parameters() -> None:
    """One unit: two weights and two biases; all_weights is a list of one list of them."""
    rnn = nn.RNN(10, 1, 1, batch_first=True)
    assert {name: p.shape for name, p in rnn.named_parameters()} == {
        "weight_ih_l0": (1, 10),
        "weight_hh_l0": (1, 1),
        "bias_ih_l0": (1,),
        "bias_hh_l0": (1,),
    }
    ((*weights,),) = rnn.all_weights
    assert len(weights) == 4
    for weight, parameter in zip(weights, rnn.parameters(), strict=True):
        assert weight is parameter


def test_numbers_of_parameters() -> None:
    """RNN(10, 5) has 5·10 + 5·5 + 5 + 5 = 85; three units have 3 + 3 biases and not 9."""
    rnn = nn.RNN(10, 5, 1, batch_first=True)
    output, _ = rnn(random(1, 4, 10), random(1, 1, 5))
    assert output.shape == (1, 4, 5)
    assert sum(parameter.size for parameter in rnn.parameters()) == 85

    three = dict(nn.RNN(10, 3).named_parameters())
    assert sum(p.size for name, p in three.items() if name.startswith("bias")) == 3 + 3


# x is rows of 1s, 2s and 3s: the step, its part from the input, and the state.
BY_HAND = [
    ([-0.4701929, 0.58639044], [-0.3519801, 0.52525216]),
    ([-0.88883156, 1.2364398], [-0.68424344, 0.76074266]),
    ([-1.3074702, 1.8864892], [-0.8649416, 0.9046636]),
]


def test_the_forward_pass_by_hand() -> None:
    """All figures follow from manual_seed(1)."""
    elman.manual_seed(1)
    rnn = nn.RNN(5, 2, 1, batch_first=True)
    assert repr(rnn) == "RNN(5, 2, batch_first=True)"
    assert [p.shape for p in rnn.parameters()] == [(2, 5), (2, 2), (2,), (2,)]

    x = np.repeat(np.float32([1, 2, 3]), 5).reshape(1, 3, 5)
    output, state = rnn(x)
    h = np.zeros(2, np.float32)
    for step, (from_input, by_hand) in enumerate(BY_HAND):
        projected = x[0, step] @ rnn.weight_ih_l0.T + rnn.bias_ih_l0
        h = np.tanh(projected + h @ rnn.weight_hh_l0.T + rnn.bias_hh_l0)
        np.testing.assert_allclose(projected, from_input, rtol=0, atol=1e-6)
        np.testing.assert_allclose(h, by_hand, rtol=0, atol=1e-6)
        np.testing.assert_allclose(output[0, step], by_hand, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(state[0, 0], output[0, -1])


def test_the_nonlinearity_is_a_choice() -> None:
    """With relu in tanh's place the first step is what of its sum is positive."""
    elman.manual_seed(1)
    rnn = nn.RNN(5, 2, 1, nonlinearity="relu", batch_first=True)
    output, _ = rnn(np.ones((1, 1, 5), np.float32))
    expected = np.arctanh(BY_HAND[0][1])
    np.testing.assert_allclose(output[0, 0], np.maximum(expected, 0), rtol=0, atol=1e-6)
    assert output[0, 0, 0] == 0 < output[0, 0, 1]
