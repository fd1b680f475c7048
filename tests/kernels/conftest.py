"""The two sides of the kernels, for tests that hold for each."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from types import ModuleType

import pytest
from threadpoolctl import threadpool_limits

from elman.kernels import reference


def load_native() -> ModuleType:
    """Return the native side; only ELMAN_BACKEND=reference excuses its absence."""
    try:
        return importlib.import_module("elman.kernels.native")
    except ImportError as error:
        if os.environ.get("ELMAN_BACKEND") == "reference":
            pytest.skip(f"ELMAN_BACKEND=reference, and no native kernels: {error}")
        pytest.fail(f"the native kernels cannot be imported: {error}")


@pytest.fixture(scope="package", autouse=True)
def one_thread_of_blas() -> Iterator[None]:
    """NumPy's products are small here: waking BLAS's threads takes longer than they do."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="session", params=["reference", "native"])
def side(request: pytest.FixtureRequest) -> ModuleType:
    """Each side of the kernels in turn."""
    return reference if request.param == "reference" else load_native()


@pytest.fixture(scope="session")
def native() -> ModuleType:
    """The native side."""
    return load_native()
