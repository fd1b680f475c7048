"""How many examples Hypothesis draws, and Python programs run in processes of their own.

HYPOTHESIS_PROFILE=thorough in the environment draws ten times as many examples.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = 60

for name, factor in {"quick": 1, "thorough": 10}.items():
    settings.register_profile(
        name,
        max_examples=EXAMPLES * factor,
        deadline=None,
        derandomize="CI" in os.environ,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Return the function that runs a program in a new process and returns what it prints.

    The process imports what this one can, and what is in `folders`; keyword arguments are set in
    its environment, or taken out of it where they are None.
    """

    def run(program: str, *folders: str, **changes: str | None) -> str:
        path = os.pathsep.join([*folders, *filter(None, sys.path)])
        environment = {**os.environ, "PYTHONPATH": path, **changes}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={name: value for name, value in environment.items() if value is not None},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
