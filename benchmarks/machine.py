"""The machine: its name, and its limits as a small probe measures them."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import Any

PROBE = Path(__file__).with_name("probe.cpp")


class Probe:
    """The probe, compiled for this machine by the compiler that CXX names."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "probe.so"
            options = ["-std=c++17", "-O3", "-march=native", "-fopenmp", "-shared", "-fPIC"]
            command = [os.environ.get("CXX", "g++"), *options, str(PROBE), "-o", str(library)]
            subprocess.run(command, check=True)
            self._library = ctypes.CDLL(str(library))
        for name in ("peak_float32", "peak_float64", "read_bandwidth"):
            getattr(self._library, name).restype = ctypes.c_double

    def peak(self, threads: int, dtype: str = "float32", seconds: float = 0.01) -> float:
        """Measure floating-point operations a second of multiply-adds from registers."""
        function = getattr(self._library, f"peak_{dtype}")
        return float(function(ctypes.c_int(threads), ctypes.c_double(seconds)))

    def bandwidth(self, threads: int, size: int, seconds: float = 0.05) -> float:
        """Measure bytes a second read by each of some threads from `size` bytes, added up."""
        return float(
            self._library.read_bandwidth(
                ctypes.c_int(threads), ctypes.c_size_t(size), ctypes.c_double(seconds)
            )
        )


def cache_sizes() -> dict[str, int]:
    """Return the sizes of the first core's caches in bytes, as Linux tells them."""
    sizes = {}
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if (cache / "type").read_text().strip() != "Instruction":
            level, text = (cache / "level").read_text().strip(), (cache / "size").read_text()
            units = {"K": 2**10, "M": 2**20, "G": 2**30}
            sizes[f"L{level}"] = int(text.strip()[:-1]) * units[text.strip()[-1]]
    return sizes


def processor() -> str:
    """Return the processor's name, with family and model where Linux tells them.

    Cloud machines often give a name such as "AMD EPYC" alone; family and model tell which one.
    """
    cpuinfo = Path("/proc/cpuinfo")
    first = cpuinfo.read_text().partition("\n\n")[0] if cpuinfo.exists() else ""
    fields = {
        name.strip(): value.strip()
        for name, _, value in (line.partition(":") for line in first.splitlines())
    }
    name = fields.get("model name") or platform.processor() or platform.machine()
    if "cpu family" in fields and "model" in fields:
        name += f" (family {fields['cpu family']} model {fields['model']})"
    return name


def describe(probe: Probe, most_threads: int) -> dict[str, Any]:
    """Measure the machine's limits for 1 and more threads."""
    caches = cache_sizes()
    # Half of a level, so that the other half of it may hold what else there is; for memory, more
    # than any cache has.
    sizes = {name: size // 2 for name, size in caches.items()}
    if "L2" in caches:
        sizes["L3"] = min(8 * caches["L2"], caches.get("L3", 8 * caches["L2"]) // 2)
    limits = {}
    for threads in range(1, most_threads + 1):
        limits[str(threads)] = {
            "float32_gflops": probe.peak(threads, seconds=0.2) / 1e9,
            "float64_gflops": probe.peak(threads, "float64", seconds=0.2) / 1e9,
            **{
                f"{level}_gb_per_s": probe.bandwidth(
                    threads, size // (threads if level == "L3" else 1)
                )
                / 1e9
                for level, size in sizes.items()
            },
        }
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "caches": caches,
        "limits": limits,
    }
