"""Which side of the kernels is chosen, and what is said when it cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

RunPython = Callable[..., str]

PRINT_BACKEND = """
import warnings
import elman
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import elman.nn
print(elman.show_config()["backend"], elman.kernels.backend)
for warning in caught:
    print(warning.category.__name__, warning.message)
"""

IMPORT_ERROR = """
try:
    import elman.nn
except {error} as error:
    print(error)
"""


def test_native_kernels_are_chosen_unasked(native: ModuleType, run_python: RunPython) -> None:
    assert run_python(PRINT_BACKEND, ELMAN_BACKEND=None).split() == ["native", "native"]


def test_the_environment_may_choose_the_reference(run_python: RunPython) -> None:
    """Without a warning, as it was asked for."""
    assert run_python(PRINT_BACKEND, ELMAN_BACKEND="reference").split() == ["reference"] * 2


def test_the_environment_may_choose_native_kernels(
    native: ModuleType, run_python: RunPython
) -> None:
    assert run_python(PRINT_BACKEND, ELMAN_BACKEND="native").split() == ["native"] * 2


def test_a_backend_of_another_name_is_an_error(run_python: RunPython) -> None:
    message = run_python(IMPORT_ERROR.format(error="ValueError"), ELMAN_BACKEND="cuda")
    assert message == "ELMAN_BACKEND: expected 'native' or 'reference', got 'cuda'\n"


NOT_BUILT = "import sys; sys.modules['elman.kernels._native'] = None\n"


def test_without_native_kernels_one_warning_says_why(run_python: RunPython) -> None:
    printed = run_python(NOT_BUILT + PRINT_BACKEND, ELMAN_BACKEND=None, ELMAN_ISA=None)
    first, *warned = printed.splitlines()
    assert first == "reference reference"
    assert len(warned) == 1
    for words in ("RuntimeWarning", "many times slower", "C++ compiler", "pip install"):
        assert words in warned[0]


def test_native_kernels_that_are_asked_for_must_load(run_python: RunPython) -> None:
    program = NOT_BUILT + IMPORT_ERROR.format(error="ImportError")
    assert "_native" in run_python(program, ELMAN_BACKEND="native", ELMAN_ISA=None)


def test_an_instruction_set_of_another_name_is_an_error(
    native: ModuleType, run_python: RunPython
) -> None:
    program = IMPORT_ERROR.format(error="ImportError")
    message = run_python(program, ELMAN_BACKEND=None, ELMAN_ISA="x86-64-v9")
    assert "ELMAN_ISA: expected one of x86-64-v4, x86-64-v3, x86-64-v2" in message
    assert message.endswith("got x86-64-v9\n")
