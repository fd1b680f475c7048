"""Run a program with torch's recurrent modules on elman's kernels.

python -m elman.torch program.py [arguments]
python -m elman.torch -m module [arguments]
"""

from __future__ import annotations

import os
import runpy
import sys

from elman.torch import install


def main() -> None:
    """Install, and run the program as Python would."""
    arguments = sys.argv[1:]
    as_module = arguments[:1] == ["-m"]
    program = arguments[1:] if as_module else arguments
    if not program or (not as_module and program[0].startswith("-")):
        if program and program[0] not in ("-h", "--help"):
            raise SystemExit(f"unknown option {program[0]}\n{__doc__}")
        print(__doc__)
        raise SystemExit(0 if program else 2)
    install()
    sys.argv = program
    if as_module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.path.dirname(os.path.abspath(program[0]))
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main()
