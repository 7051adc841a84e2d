"""python every_float32.py [FORMAT …]: our codes against independent casts on all 2^32 float32 inputs.

`make exhaustive` runs it. Floats against ml_dtypes and numpy, integers against rounding and clipping in numpy; our
side is the compiled path where there is one. Exits with 1 if any code differs.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from format_oracles import CASTS, DIFFERENCES, codes_of

from analysis.formats.elements import ELEMENTS

TITLE = "## Every float32"
CHUNK = 2**20  # inputs at a time
PART = 2**27  # bit patterns of a task
ROUNDED = tuple(f"int{bits}" for bits in range(2, 9))


@dataclass(frozen=True)
class Outcome:
    """What a range of bit patterns gave: inputs, those with a documented difference, mismatches and the first one."""

    inputs: int = 0
    documented: int = 0
    mismatches: int = 0
    first: str = ""
    seconds: float = 0.0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.inputs + other.inputs,
            self.documented + other.documented,
            self.mismatches + other.mismatches,
            self.first or other.first,
            self.seconds + other.seconds,
        )


def expected_codes(x: np.ndarray, name: str) -> np.ndarray:
    """The codes that an implementation of somebody else gives."""
    if name in CASTS:
        return codes_of(x, name)
    bits = ELEMENTS[name].bits
    levels = np.clip(np.rint(np.where(np.isnan(x), np.float32(0), x)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return levels.astype(np.int8).view(np.uint8) & np.uint8(2**bits - 1)


def compare(name: str, start: int, stop: int, stride: int) -> Outcome:
    """Every stride-th bit pattern of a range."""
    torch.set_num_threads(1)
    began, total = time.process_time(), Outcome()
    with np.errstate(all="ignore"):
        for first in range(start, stop, CHUNK * stride):
            bits = np.arange(first, min(first + CHUNK * stride, stop), stride, dtype=np.uint64).astype(np.uint32)
            x = bits.view(np.float32)
            found, expected = ELEMENTS[name].encode(x), expected_codes(x, name)
            wrong = np.flatnonzero(found != expected)
            words = ""
            if wrong.size:
                words = f"{x[wrong[0]]!r} gives {found[wrong[0]]} instead of {expected[wrong[0]]}"
            documented = int(DIFFERENCES[name].applies(x).sum()) if name in DIFFERENCES else 0
            total += Outcome(len(x), documented, wrong.size, words)
    return total + Outcome(seconds=time.process_time() - began)


def outcomes(names: Iterable[str], stride: int, processes: int) -> Iterator[tuple[str, Outcome]]:
    """The outcome of each format, when all of its ranges are done."""
    size = PART // stride * stride
    starts = range(0, 2**32, size)
    with _mapper(processes) as run:
        started = [
            (name, run(compare, *zip(*((name, a, min(a + size, 2**32), stride) for a in starts), strict=True)))
            for name in names
        ]
        for name, parts in started:
            yield name, sum(parts, Outcome())


@contextmanager
def _mapper(processes: int) -> Iterator[Callable]:
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes) as pool:
        yield pool.map


def row(name: str, outcome: Outcome) -> str:
    """A line of the table."""
    oracle = "numpy" if name in ROUNDED or name == "fp16" else f"ml_dtypes.{np.dtype(CASTS[name]).name}"
    known = f"{outcome.documented:,}: {DIFFERENCES[name].words}" if name in DIFFERENCES else "none"
    found = f"{outcome.mismatches:,}" + (f", first {outcome.first}" if outcome.first else "")
    return f"| {name} | {oracle} | {outcome.inputs:,} | {found} | {known} | {outcome.seconds:.0f} |"


def head(stride: int) -> list[str]:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("ml_dtypes", "numpy", "numba"))
    which = "every float32 bit pattern" if stride == 1 else f"one float32 bit pattern in {stride}"
    return [
        TITLE,
        "",
        f"{time.strftime('%Y-%m-%d')}, {versions}: nearest-even codes of {which} (NaNs, infinities, "
        "subnormals and both zeros among them) by the compiled path, against casts that share no code with it. "
        "Written by `tests/analysis/formats/every_float32.py`.",
        "",
        "| format | against | inputs | mismatches | documented differences | processor seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]


def keep(file: Path, lines: list[str]) -> None:
    """Puts the section in place of the one that the file has, or at its end."""
    text = (
        file.read_text(encoding="utf-8") if file.exists() else "# Exhaustive checks\n\nWritten by `make exhaustive`.\n"
    )
    section = "\n".join(lines) + "\n"
    others = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    places = [index for index, other in enumerate(others) if other.startswith(TITLE)] or [len(others)]
    others[places[0] : places[0] + 1] = [section]
    file.write_text("\n\n".join(part.strip() for part in others) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    known = (*CASTS, *ROUNDED)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(known)}; all unless given")
    parser.add_argument("--stride", type=int, default=1, help="compare every N-th bit pattern only")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at once (default: one a core)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the table in this file as it grows")
    args = parser.parse_args(arguments)
    unknown = [name for name in args.formats if name not in known]
    if unknown or args.stride < 1 or args.processes < 1:
        parser.error(f"unknown format '{unknown[0]}'" if unknown else "--stride and --processes must be 1 or more")
    wrong, lines = 0, head(args.stride)
    print(*lines, sep="\n", flush=True)
    for name, outcome in outcomes(args.formats or known, args.stride, args.processes):
        wrong += outcome.mismatches
        lines.append(row(name, outcome))
        print(lines[-1], flush=True)
        if args.write:
            keep(args.write, lines)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
