"""All layers and directions in one call of the kernels: the bits of layer by layer."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Array

from elman import kernels, nn


@pytest.fixture(autouse=True)
def native_kernels(native: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("prepare", "forward", "backward", "network"):
        monkeypatch.setattr(kernels, name, getattr(native, name))


@st.composite
def layers(draw: st.DrawFn) -> Any:
    module = draw(st.sampled_from([nn.RNN, nn.GRU, nn.LSTM]))
    options: dict[str, Any] = {
        "num_layers": draw(st.integers(1, 3)),
        "bidirectional": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "dtype": draw(st.sampled_from([np.float32, np.float64])),
    }
    H = draw(st.integers(1, 40))
    if module is nn.RNN:
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    if module is nn.LSTM and H > 1:
        options["proj_size"] = draw(st.integers(0, H - 1))
    return module(draw(st.integers(1, 40)), H, **options)


def flat(value: Any) -> list[Array]:
    """Return the arrays in results or gradients, in order."""
    if isinstance(value, np.ndarray):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [array for part in parts for array in flat(part)]


def assert_same_bits(found: Any, expected: Any) -> None:
    for a, b in zip(flat(found), flat(expected), strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
        np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


def states(layer: Any, generator: np.random.Generator, N: int) -> Any:
    LD = layer.num_layers * (1 + layer.bidirectional)
    sizes = [layer.proj_size or layer.hidden_size]
    sizes += [layer.hidden_size] * isinstance(layer, nn.LSTM)
    drawn = [generator.standard_normal((LD, N, size)).astype(layer.dtype) for size in sizes]
    return tuple(drawn) if len(drawn) > 1 else drawn[0]


@given(
    layer=layers(),
    T=st.integers(1, 70),
    N=st.integers(1, 9),
    has_state=st.booleans(),
    d_output_is=st.sampled_from(["array", "strided", "none"]),
    has_d_state=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_the_bits_are_those_of_layer_by_layer(
    layer: Any,
    T: int,
    N: int,
    has_state: bool,
    d_output_is: str,
    has_d_state: bool,
    seed: int,
) -> None:
    """Lengths make a call go layer by layer; here they are all T."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((T, N, layer.input_size)).astype(layer.dtype)
    state = states(layer, generator, N) if has_state else None
    lengths = [T] * N
    assert layer._run_plain(x, state, keep=False) is not None

    assert_same_bits(layer(x, state), layer(x, state, lengths=lengths))
    found, backward = layer.vjp(x, state)
    expected, expected_backward = layer.vjp(x, state, lengths=lengths)
    assert_same_bits(found, expected)
    assert not found[0].flags.writeable
    d_output, d_state = None, states(layer, generator, N) if has_d_state else None
    if d_output_is != "none":
        d_output = generator.standard_normal(found[0].shape).astype(layer.dtype)
    if d_output_is == "strided":
        d_output = np.asfortranarray(d_output)
    before = backward(d_output, d_state)
    assert list(before.parameters) == [name for name, _ in layer.named_parameters()]
    assert_same_bits(before, expected_backward(d_output, d_state))

    for name, parameter in layer.named_parameters():
        setattr(layer, name, parameter + 1)
    assert_same_bits(backward(d_output, d_state), before)
    assert_same_bits(layer(x, state), layer(x, state, lengths=lengths))


class Subclass(np.ndarray):
    """An array of another type."""


@pytest.mark.parametrize("module", [nn.RNN, nn.LSTM])
def test_what_needs_conversion_is_left_to_python(module: Any) -> None:
    layer, generator = module(3, 5), np.random.default_rng(0)
    x = generator.standard_normal((4, 2, 3)).astype(np.float32)
    state, expected = states(layer, generator, 2), layer(x)
    unusual = [x[:, 0], x.tolist(), x.view(Subclass), np.asfortranarray(x), x.astype(">f4"), x[:0]]
    unusual += [x.astype(np.float64), x[..., :2], x[:, :0], [x[:, 0], x[:, 1]], None]
    for other in unusual:
        assert layer._run_plain(other, None, keep=False) is None
    unusual_states = [state[0] if module is nn.LSTM else (state, state), "h", 0.5]
    if module is nn.LSTM:
        unusual_states += [list(state), (state[0], None), (*state, state[0]), (None, None)]
        unusual_states += [(state[0], state[1][:, :1])]
    else:
        unusual_states += [state[0], state.astype(np.float64), state[:, :1], state[..., :4]]
    for other in unusual_states:
        assert layer._run_plain(x, other, keep=False) is None
    assert_same_bits(layer(np.asfortranarray(x)), expected)
    assert_same_bits(layer(np.repeat(x, 2, axis=0)[::2]), expected)


def test_dropout_and_learned_states_are_left_to_python() -> None:
    x = np.ones((4, 2, 3), np.float32)
    for options in (
        {"num_layers": 2, "dropout": 0.5},
        {"recurrent_dropout": 0.5},
        {"learn_initial_state": True},
        {"batch_first": True},
    ):
        layer = nn.GRU(3, 5, **options)
        assert layer._run_plain(x, None, keep=False) is None
        if "dropout" in str(options):
            assert layer.eval()._run_plain(x, None, keep=False) is not None


def test_a_run_outlives_its_arguments() -> None:
    """It holds what backward reads."""
    layer = nn.LSTM(3, 5, num_layers=2, bidirectional=True)
    generator = np.random.default_rng(0)
    arguments = generator.standard_normal((4, 2, 3)).astype(np.float32), states(layer, generator, 2)
    expected = layer.vjp(*arguments)[1](None, arguments[1])
    _, backward = layer.vjp(*(arguments[0].copy(), tuple(part.copy() for part in arguments[1])))
    del layer
    _ = [np.ones((4, 2, 3), np.float32) for _ in range(100)]
    assert_same_bits(backward(None, arguments[1]), expected)
