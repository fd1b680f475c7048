"""Layers that several threads use at once, while one of them assigns parameters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

STRESS = """
import sys
import threading

import numpy as np
from elman import nn

CALLERS, CALLS, ASSIGNMENTS = 4, 6, 3
sys.setswitchinterval(1e-6)
kind = getattr(nn, sys.argv[1])
x = np.random.default_rng(0).standard_normal((3, 2, 8)).astype(np.float32)


def arrays_of(nested):
    if isinstance(nested, np.ndarray):
        return [nested]
    return [array for part in nested for array in arrays_of(part)]


def bits(*results):
    return tuple(array.tobytes() for array in arrays_of(results))


def call(layer):
    return bits(layer(x))


def gradients(layer):
    results, backward = layer.vjp(x)
    found = backward(np.ones_like(results[0]))
    return bits(results, found.x, list(found.parameters.values()))


def stream(layer):
    step = layer.stream(batch_size=2)
    return bits(step.step(x[0]))


USES = (call, gradients, stream)


def make():
    return kind(8, 64, 3)


def use(layer, start, first, found):
    start.wait()
    for k in range(CALLS):
        user = USES[(first + k) % len(USES)]
        found.append((user, user(layer)))


def assign(layer, start, states):
    start.wait()
    for k in range(ASSIGNMENTS):
        layer.load_state_dict(states[(k + 1) % 2])


def one_round(states, expected):
    layer = make()
    layer.load_state_dict(states[0])
    found = [[] for _ in range(CALLERS)]
    start = threading.Barrier(CALLERS + 1)
    threads = [threading.Thread(target=assign, args=(layer, start, states))]
    threads += [
        threading.Thread(target=use, args=(layer, start, k, found[k])) for k in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = sum(CALLS - len(of_caller) for of_caller in found)
    for of_caller in found:
        wrong += sum(bits not in expected[user] for user, bits in of_caller)
    last = ASSIGNMENTS % 2
    return wrong, sum(user(layer) != expected[user][last] for user in USES)


layers = make(), make()
states = [layer.state_dict() for layer in layers]
expected = {user: [user(layer) for layer in layers] for user in USES}
wrong = stale = 0
for _ in range(int(sys.argv[2])):
    of_calls, afterwards = one_round(states, expected)
    wrong, stale = wrong + of_calls, stale + afterwards
print(wrong, stale)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_every_call_sees_all_old_or_all_new_weights(
    run_python: Callable[..., str], kind: str
) -> None:
    """Each result has the bits of one of two sets of weights, and after all threads of the last.

    Four threads use a layer for the first time, call it, take gradients and step a stream, while a
    fifth one assigns all parameters. Threads are switched as often as can be. It runs in a process
    of its own, as a fault may let it compute for ever.
    """
    program = f"import sys; sys.argv = ['', '{kind}', '150']\n{STRESS}"
    assert run_python(program, OMP_NUM_THREADS="1").split() == ["0", "0"]
