"""How probable each scheme is to win, cell by cell: draws of a law and of speeds, put together as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.fits.bootstrap import Draws
from analysis.laws.law import Law
from analysis.laws.powers import powers
from analysis.plans.cells import Cells
from analysis.plans.chances import Lines, lowest_of_lines, lowest_plainly
from analysis.plans.schemes import Scheme, Speeds, draw_speeds, without_factors
from analysis.plans.speed import training_speedup

TOGETHER = 50_000  # numbers looked at together: what they need stays in a core's cache


def win_shares(
    draws: Draws, schemes: Sequence[Scheme], cells: Cells, seed: int = 0, plainly: bool = False
) -> np.ndarray:
    """The share of draws won by each scheme in each cell (schemes, rows, columns).

    Without looking at every cell where the law is known to follow a sum of two powers (analysis.laws.powers), else, or
    with `plainly`, by the law itself in every cell.
    """
    drawn = draw_speeds(schemes, len(draws), np.random.default_rng(seed))
    column = {name: np.asarray(numbers, float)[:, None] for name, numbers in draws.values.items()}
    if plainly or powers(draws.law, without_factors(column)) is None:
        return lowest_plainly(draws, *_counted(column, drawn, schemes, cells), cells.d_over_n)
    size = max(1, TOGETHER // (len(schemes) * len(cells.n_max)))
    parts = (slice(first, first + size) for first in range(0, len(draws), size))
    return lowest_of_lines(
        (_lines(draws.law, column, drawn, schemes, cells, own) for own in parts), *cells.log_d_over_n
    )


def _lines(
    law: Law, column: Mapping[str, np.ndarray], drawn: Mapping[str, Speeds], schemes: Sequence[Scheme], cells: Cells,
    own: slice,
) -> Lines:  # fmt: skip
    """Each scheme's loss under some of the draws as a line: A / N^alpha + B / D^beta at each N_max."""
    values = {name: numbers[own] for name, numbers in column.items()}
    speeds = {name: Speeds(speed.table[own], speed.factor[own]) for name, speed in drawn.items()}
    n, d = _counted(values, speeds, schemes, cells)
    found = powers(law, without_factors(values))
    assert found is not None  # asked of all draws before
    A, alpha, B, beta = found
    with np.errstate(all="ignore"):  # a draw beyond the range of floats wins nowhere
        return A / n**alpha, B / d**beta, beta


def _counted(
    column: Mapping[str, np.ndarray], drawn: Mapping[str, Speeds], schemes: Sequence[Scheme], cells: Cells
) -> tuple[np.ndarray, np.ndarray]:
    """The parameters that count of each scheme, and the tokens at D/N = 1, (schemes, draws, rows) each."""
    n, d = [], []
    for scheme in schemes:
        forward, backward = scheme.drawn_speed(drawn, cells.n_max)
        eff_n, eff_d = scheme.counted(column)
        n.append(cells.n_max * forward * eff_n)
        d.append(cells.n_max * training_speedup(forward, backward) / forward * eff_d)
    return np.array(n), np.array(d)
