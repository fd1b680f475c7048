"""Ctrl-C in a long call, and the end of the process while a thread is inside the kernels."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from elman.kernels import backend

pytestmark = pytest.mark.skipif(
    backend == "reference", reason="NumPy's calls are short: Python itself looks between them"
)

# A thread that waits for Python's lock gets it once the main thread gives it away, which it does in
# the kernels. So the signal comes while it is there.
INTERRUPT = """
import os, signal, sys, threading
import numpy as np
from elman import nn

sys.setswitchinterval(1000)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
begun = threading.Event()

def interrupt():
    begun.wait()
    os.kill(os.getpid(), signal.SIGINT)

def interrupted(call):
    begun.clear()
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        begun.set()
        call()
    except KeyboardInterrupt:
        thread.join()
        return True
    return False
"""

FORWARD = """
layer = nn.LSTM(8, 1024)
few = np.ones((3, 1, 8), np.float32)
before = layer(few)[0]
x = np.broadcast_to(few[:1], (1_000_000, 1, 8))  # minutes of work, and no memory
print(interrupted(lambda: layer(x)), np.array_equal(layer(few)[0], before))
"""

BACKWARD = """
layer = nn.GRU(32, 128)
x = np.random.default_rng(0).standard_normal((4000, 32, 32)).astype(np.float32)
(output, _), run = layer._network.run(x, None, None, None, True)
d_output = np.ones_like(output)
zeros = [np.zeros_like(p) for p in layer.parameters()]
given = [array.copy() for array in zeros]
print(interrupted(lambda: run.backward(d_output, None, given)))
expected = run.backward(d_output, None, zeros)[2]
# Had the call come to its end, what was given would hold the gradients.
print(all(np.array_equal(a, b) for a, b in zip(given, expected)))
again = run.backward(d_output)[2]
print(all(np.array_equal(a, b) for a, b in zip(again, expected)))
"""


MASK = """
from elman._random import Generator
from elman.kernels import dropout_mask

ours, theirs = Generator(1), Generator(1)
# Seconds of drawing. The array's memory is used as far as it is drawn.
print(interrupted(lambda: dropout_mask(ours.bits, (2**30,), 0.5, np.dtype("f"))))
first = dropout_mask(ours.bits, (3,), 0.5, np.dtype("f"))  # the generator is whole
print(first.shape, ours.bits.lock.acquire(blocking=False))
"""


def test_a_long_drawing_of_masks_is_interrupted(run_python: Callable[..., str]) -> None:
    assert run_python(INTERRUPT + MASK).splitlines() == ["True", "(3,) True"]


def test_a_long_forward_is_interrupted(run_python: Callable[..., str]) -> None:
    """Uninterrupted, it would take longer than the program may run."""
    assert run_python(INTERRUPT + FORWARD).split() == ["True", "True"]


def test_a_long_backward_is_interrupted_and_may_be_called_again(
    run_python: Callable[..., str],
) -> None:
    assert run_python(INTERRUPT + BACKWARD).split() == ["True", "False", "True"]


END = """
import atexit, threading
import numpy as np
from elman import nn

layer, x = nn.{module}(64, 256), np.ones((100, 8, 64), np.float32)
begun = [threading.Event() for _ in range(3)]

def loop(k):
    while True:
        layer(x)
        begun[k].set()

atexit.register(lambda: print("at exit", layer(x)[0].shape))
for k in range(3):
    threading.Thread(target=loop, args=(k,), daemon=True).start()
for event in begun:
    event.wait()
print("done")
"""


@pytest.mark.parametrize("module", ["GRU", "LSTM"])
def test_daemon_threads_in_the_kernels_do_not_abort_the_end(
    run_python: Callable[..., str], module: str
) -> None:
    """The program ends with status 0, which `run_python` asks for."""
    printed = run_python(END.format(module=module)).splitlines()
    assert printed == ["done", "at exit (100, 8, 256)"]
