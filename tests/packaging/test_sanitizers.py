"""The kernels' tests on a build that AddressSanitizer and UndefinedBehaviorSanitizer watch."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def runtime(name):
    """Return the path of the compiler's sanitizer runtime, which must be loaded first."""
    found = subprocess.run(
        [os.environ.get("CXX", "g++"), f"-print-file-name={name}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that imports a watched elman, and all else that this one does."""
    folder = tmp_path_factory.mktemp("sanitized")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--target", str(folder / "package")),
            "--config-settings=cmake.define.ELMAN_SANITIZE=address,undefined",
            f"--config-settings=build-dir={folder / 'build'}",
            str(ROOT),
        ],
        check=True,
        env=os.environ | {"ELMAN_REQUIRE_NATIVE": "1"},
    )
    venv.create(folder / "venv")
    site = Path("lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages")
    # Paths in a .pth file are not searched for others, such as the editable install's.
    paths = [str(folder / "package"), sysconfig.get_path("platlib")]
    (folder / "venv" / site / "paths.pth").write_text("\n".join(paths))
    return folder / "venv" / "bin" / "python"


@pytest.mark.parametrize("isa", ["x86-64-v3", None], ids=["x86-64-v3", "best"])
def test_kernels_touch_nothing_they_must_not(python, isa):
    environment = {key: value for key, value in os.environ.items() if key != "HYPOTHESIS_PROFILE"}
    environment |= {
        "LD_PRELOAD": f"{runtime('libasan.so')} {runtime('libubsan.so')}",
        # Python leaks by design; a small quarantine is soon full, as the test of memory needs.
        "ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }
    if isa:
        environment["ELMAN_ISA"] = isa
    program = "import elman.kernels.native, pytest, sys; print(elman.__file__); "
    program += "sys.exit(pytest.main(sys.argv[1:]))"
    done = subprocess.run(
        [
            *(str(python), "-c", program, "-q", "-x", "-p", "no:cacheprovider"),
            *("-k", "not reference", str(ROOT / "tests" / "kernels")),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    assert str(python.parents[2] / "package") in done.stdout.splitlines()[0]
