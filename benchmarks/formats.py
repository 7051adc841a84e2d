"""Quantizing 2^26 float32 values against torchao, torch's own cast, ml_dtypes and the bandwidth of a copy."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import torch

from analysis.formats import FORMATS, fake_quantize
from analysis.formats.elements import ELEMENTS
from analysis.formats.survey import SURVEYED, survey
from benchmarks.report import Clock, machine, table

TITLE = "Number formats"
VALUES, TURNS = 2**26, 5
SAME = 1e-6
COLUMNS = (
    *("what", "who", "million values a second", "share of the copy", "by processor time"),
    *("times ours", "by processor time", "values unlike ours"),
)
FIRST_USE = """
import time, numpy, torch
from analysis.formats import FORMATS, fake_quantize
x = torch.ones(2**20)
began = time.process_time()
fake_quantize(FORMATS["nvfp4"], x)
print(time.process_time() - began)
"""


@dataclass(frozen=True)
class Side:
    """Who does it, and the call; repeats of it, since peers may take long."""

    who: str
    work: Callable[[], object]
    turns: int = TURNS


def sections(quick: bool) -> Iterator[str]:
    """Paragraphs and tables of Markdown, as they are ready."""
    n = VALUES // 16 if quick else VALUES
    yield machine(("numpy", "numba", "torch", "torchao", "ml_dtypes"))
    yield (
        f"N(0, 1), {n:,} float32 values; medians of {TURNS} calls in turns with the copy, slow peers once. The copy is "
        "torch's, of float32 into memory that is there. Fake-quantizing reads and writes float32 as well, encoding "
        "writes a byte a value. Where other work keeps the machine busy, processor time says more. Unlike: codes that "
        f"are not the same, values that differ by more than {SAME:g} of themselves."
    )
    x = torch.randn(n, generator=torch.Generator().manual_seed(0))
    room = torch.zeros(n)
    yield table(COLUMNS, _rows(_tasks(x, room), n, lambda: room.copy_(x)))
    yield from _first_use()
    sample = x[: 2**18].reshape(256, 1024).numpy()
    torch.set_num_threads(1)  # as the dashboard's workers have it
    survey(sample)
    clock = Clock.of(lambda: survey(sample), TURNS)
    yield (
        f"A survey of {len(SURVEYED)} formats on {sample.size:,} values, as on the page and on one thread, takes "
        f"{median(clock.wall):.2g} s ({mean(clock.cpu):.2g} processor seconds)."
    )


def _tasks(x: torch.Tensor, room: torch.Tensor) -> dict[str, list[Side]]:
    """What is done -> sides, ours first. Peers are checked to give what ours gives."""
    mx = importlib.import_module("torchao.prototype.mx_formats.mx_tensor").MXTensor
    nv = importlib.import_module("torchao.prototype.mx_formats.nvfp4_tensor")
    ml_dtypes = importlib.import_module("ml_dtypes")
    rows = x.reshape(-1, 4096)

    def mxfp4() -> torch.Tensor:
        return mx.to_mx(rows, torch.float4_e2m1fn_x2, 32).dequantize(torch.float32)

    def nvfp4() -> torch.Tensor:
        scale = nv.per_tensor_amax_to_scale(rows.abs().max())
        return nv.NVFP4Tensor.to_nvfp4(rows, 16, scale).dequantize(torch.float32)

    def ours(name: str) -> list[Side]:
        fmt = FORMATS[name]
        return [
            Side("**Precision Atlas**, into given memory", lambda: fake_quantize(fmt, x, out=room)),
            Side("Precision Atlas, new memory", lambda: fake_quantize(fmt, x)),
        ]

    def codes(name: str) -> Side:
        return Side("**Precision Atlas**", lambda: ELEMENTS[name].encode(x))

    numbers = x.numpy()
    return {
        "MXFP4 fake-quantize": [*ours("mxfp4"), Side("torchao, eager", mxfp4, 1)],
        "NVFP4 fake-quantize": [*ours("nvfp4"), Side("torchao, eager", nvfp4, 1)],
        "INT4 in groups of 32": ours("int4_g32"),
        "INT4 in groups of 128": ours("int4_g128"),
        "e4m3 encode": [
            codes("e4m3"),
            Side("torch", lambda: x.to(torch.float8_e4m3fn)),
            Side("ml_dtypes", lambda: numbers.astype(ml_dtypes.float8_e4m3fn), 1),
        ],
        "e2m1 encode": [codes("e2m1"), Side("ml_dtypes", lambda: numbers.astype(ml_dtypes.float4_e2m1fn), 1)],
    }


def _rows(tasks: dict[str, list[Side]], n: int, copy: Callable[[], object]) -> Iterator[tuple[str, ...]]:
    copies, rows = Clock((), ()), []
    for what, sides in tasks.items():
        first, *others = [_numbers(side.work()) for side in sides]  # a first call makes tables and machine code
        different = [0, *(int((~torch.isclose(other, first, SAME, 0)).sum()) for other in others)]
        taken = [Clock((), ()) for _ in sides]
        for turn in range(TURNS):
            copies += Clock.of(copy)
            for place, side in enumerate(sides):
                if turn < side.turns:
                    taken[place] += Clock.of(side.work)
        rows += [(what, *row, taken[0]) for row in zip(sides, taken, different, strict=True)]
    yield _row("copy of float32", "torch", copies, None, copies, None, n)
    for what, side, clock, unlike, ours in rows:
        yield _row(what, side.who, clock, unlike, copies, ours, n)


def _row(
    what: str, who: str, clock: Clock, unlike: int | None, copies: Clock, ours: Clock | None, n: int
) -> tuple[str, ...]:
    wall, cpu = median(clock.wall), mean(clock.cpu)
    share = f"{median(copies.wall) / wall:.3g}", f"{mean(copies.cpu) / cpu:.3g}"
    times = ("", "") if ours is None else (f"{wall / median(ours.wall):.3g}", f"{cpu / mean(ours.cpu):.3g}")
    return (what, who, f"{n / wall / 1e6:,.0f}", *share, *times, "" if unlike is None else f"{unlike:,}")


def _numbers(result: Any) -> torch.Tensor:
    """Values, or the codes of either kind, flat."""
    if isinstance(result, np.ndarray):
        result = torch.from_numpy(result.view(np.uint8))
    return (result if result.dtype is torch.float32 else result.view(torch.uint8)).reshape(-1)


def _first_use() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        first, second = (_new_process(folder) for _ in range(2))
    yield (
        f"The first NVFP4 tensor of a process takes {first:.1f} processor seconds on a new machine (loading numba, "
        f"compiling, reading tables off the format) and {second:.1f} later, with the machine code kept on disk."
    )


def _new_process(cache: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USE],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
