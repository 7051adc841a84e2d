"""What every benchmark needs: clocks, the machine in words, and Markdown tables."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Clock:
    """Wall and processor seconds of each repeat; the latter over all threads and finished child processes."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    @classmethod
    def of(cls, work: Callable[[], object], repeats: int = 1) -> Clock:
        wall, cpu = [], []
        for _ in range(repeats):
            began, busy = time.perf_counter(), sum(os.times()[:4])
            work()
            wall.append(time.perf_counter() - began)
            cpu.append(sum(os.times()[:4]) - busy)
        return cls(tuple(wall), tuple(cpu))

    def __add__(self, other: Clock) -> Clock:
        return Clock(self.wall + other.wall, self.cpu + other.cpu)

    def __mul__(self, factor: float) -> Clock:
        return Clock(tuple(s * factor for s in self.wall), tuple(s * factor for s in self.cpu))

    def cells(self, ours: Clock) -> tuple[str, str, str, str]:
        """Wall seconds (with their range) and processor seconds, each with how many times ours it is."""
        wall, cpu = median(self.wall), median(self.cpu)
        span = f" ({min(self.wall):.3g} to {max(self.wall):.3g})" if len(self.wall) > 1 else ""
        times = (f"{own / other:.3g}" for own, other in ((wall, median(ours.wall)), (cpu, median(ours.cpu))))
        return f"{wall:.3g}{span}", next(times), f"{cpu:.3g}", next(times)


CLOCK_COLUMNS = ("wall seconds", "times ours", "processor seconds", "times ours")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def machine(packages: Sequence[str]) -> str:
    """The processor, its cores, how busy they are, and the versions at work, as a sentence."""
    load = f", load average {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    day = time.strftime("%Y-%m-%d")
    return f"{day}: {_processor()}, {os.cpu_count()} cores{load}; Python {platform.python_version()}, {versions}."


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
