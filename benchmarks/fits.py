"""Fits of the Chinchilla law from Hoffmann's 4,500 starts, and 4,000 bootstrap refits, against what people use."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.fits.bootstrap import Draws, resample
from analysis.fits.fitting import fit
from analysis.fits.problem import Problem
from analysis.fits.search import SAME
from analysis.laws import LAWS
from analysis.laws.param import to_search
from benchmarks.fit_peers import LOOPS, Runs, kyo_takano, plain_grid
from benchmarks.report import CLOCK_COLUMNS, Clock, machine, table

TITLE = "Fits"
DELTA = 1e-3
DRAWS = 4000
REPEATS = 5
# Hoffmann et al. 2022, section D.2: the grid of starts, as logs of E, A and B.
AXES = {
    "E": np.linspace(-1, 1, 5),
    "A": np.linspace(0, 25, 6),
    "B": np.linspace(0, 25, 6),
    "alpha": np.linspace(0, 2, 5),
    "beta": np.linspace(0, 2, 5),
}
# The same span with fewer values: 243 starts, for peers that take no list of starts.
COARSE = {"E": AXES["E"][::2], "A": AXES["A"][[0, 3, 5]], "B": AXES["B"][[0, 3, 5]]} | {
    name: AXES[name][::2] for name in ("alpha", "beta")
}
GRID = {name: np.exp(axis) if name in "EAB" else axis for name, axis in AXES.items()}
STARTS = np.array(list(itertools.product(*AXES.values())))
LAW = LAWS["chinchilla"]


def sections(quick: bool) -> Iterator[str]:
    """Paragraphs and tables of Markdown, as they are ready."""
    runs = _runs()
    yield machine(("numpy", "scipy", "pandas"))
    yield f"The {len(runs)} runs of Hoffmann et al. as Epoch AI reconstructed them; log-Huber, δ = {DELTA:g}."
    yield from _search(runs, quick)
    yield from _refits(runs, quick)


def _runs() -> pd.DataFrame:
    path = Path(__file__).parents[1] / "results_db" / "data" / "runs" / "chinchilla_replication_2024.csv"
    runs = pd.read_csv(path)
    return runs[~runs["outlier"]].reset_index(drop=True)


def _search(runs: pd.DataFrame, quick: bool) -> Iterator[str]:
    peers, rows = Runs.of(runs, DELTA), []
    ours = Clock.of(lambda: fit(LAW, runs, delta=DELTA, grid=GRID, draws=0), REPEATS)
    for name, loop in LOOPS.items():
        starts = STARTS[:: 45 if quick else 1]
        clock, ends = _looped(loop, [peers] * len(starts), starts)
        rows.append((name, _said(len(starts), len(STARTS)), clock * (len(STARTS) / len(starts)), _best(peers, ends)))
    rows.append(_package(runs, peers, quick))
    fine = np.array(list(itertools.product(*(np.linspace(axis[0], axis[-1], 12) for axis in AXES.values()))))
    for points in (STARTS, fine):
        clock, ends = _looped(plain_grid, [peers], [points])
        rows.append((f"plain grid of {len(points):,} points", "all", clock, _best(peers, ends)))
    ours += Clock.of(lambda: fit(LAW, runs, delta=DELTA, grid=GRID, draws=0), REPEATS)
    found = fit(LAW, runs, delta=DELTA, grid=GRID, draws=0)
    rows.insert(0, ("**Precision Atlas**", "all", ours, peers.objective(_point(list(found.values.values())))))
    yield f"### The {len(STARTS):,} starts of Hoffmann's grid, one best fit"
    yield table(
        ("who", "starts", *CLOCK_COLUMNS, "objective reached"),
        [(who, said, *clock.cells(ours), f"{lowest:.11g}") for who, said, clock, lowest in rows],
    )
    yield (
        f"Ours is the median of {2 * REPEATS} whole calls of `fit`, before and after the peers (range in brackets), on "
        "all cores. Peers run once, scipy's loops on one core, the package on all. Where other work keeps the machine "
        "busy, processor seconds say more than wall seconds."
    )


def _looped(loop: Callable, samples: Iterable, starts: Iterable) -> tuple[Clock, list[np.ndarray]]:
    ends: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        clock = Clock.of(lambda: ends.extend(loop(*both) for both in zip(samples, starts, strict=True)))
    return clock, ends


def _said(count: int, total: int) -> str:
    return "all" if count == total else f"{count}, extrapolated"


def _best(peers: Runs, ends: list[np.ndarray]) -> float:
    return float(np.nanmin([peers.objective(end) for end in ends]))


def _point(values: Sequence[float]) -> np.ndarray:
    """(log E, log A, log B, alpha, beta), as the peers have it."""
    return np.array([*np.log(values[:3]), *values[3:]])


def _package(runs: pd.DataFrame, peers: Runs, quick: bool) -> tuple[str, str, Clock, float]:
    axes = COARSE if quick else AXES
    count = int(np.prod([len(axis) for axis in axes.values()]))
    try:
        search, point = kyo_takano(runs, axes, DELTA)
    except ImportError:
        missing = "not installed: `pip install --group bench`"
        return "kyo-takano's `chinchilla`", missing, Clock((np.nan,), (np.nan,)), np.nan
    clock = Clock.of(search) * (len(STARTS) / count)
    return "kyo-takano's `chinchilla`", _said(count, len(STARTS)), clock, _best(peers, [point()])


def _refits(runs: pd.DataFrame, quick: bool) -> Iterator[str]:
    problem, peers, rows = Problem(LAW, runs, {}, logs=True), Runs.of(runs, DELTA), []
    values = list(fit(LAW, runs, delta=DELTA, draws=0).values.values())
    theta = to_search(values, problem.signs)

    def refits() -> Draws:
        return resample(problem, theta, DELTA, DRAWS, np.random.default_rng(0))

    ours, drawn = Clock.of(refits, REPEATS), np.stack([refits().values[name] for name in AXES], axis=1)
    counts = np.random.default_rng(0).multinomial(len(runs), np.full(len(runs), 1 / len(runs)), DRAWS)
    for name, loop in LOOPS.items():
        chosen = range(0, DRAWS, 100 if quick else 5)
        samples = [peers.resampled(counts[k]) for k in chosen]
        clock, ends = _looped(loop, samples, [_point(values)] * len(samples))
        theirs = np.array([sample.objective(end) for sample, end in zip(samples, ends, strict=True)])
        reached = np.array([sample.objective(_point(drawn[k])) for k, sample in zip(chosen, samples, strict=True)])
        lower, higher = np.mean(theirs < reached * (1 - SAME)), np.mean(theirs > reached * (1 + SAME))
        rows.append((name, len(samples), clock * (DRAWS / len(samples)), f"{lower:.1%}", f"{higher:.1%}"))
    yield f"### {DRAWS:,} bootstrap refits from the optimum"
    yield table(
        ("who", "resamples", *CLOCK_COLUMNS, "lower than ours", "higher"),
        [("**Precision Atlas**", "all", *ours.cells(ours), "", "")]
        + [(who, _said(n, DRAWS), *clock.cells(ours), *shares) for who, n, clock, *shares in rows],
    )
    yield f"Lower, higher: the share of resamples whose objective is more than {SAME:g} (relative) below or above ours."
