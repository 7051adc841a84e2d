"""Which training scheme wins under a budget: losses per scheme, optimality regions and their probability.

Rules of Castro et al. 2025 (Quartet), section 4.2, with FP8:FP8 as the reference: a model of N parameters fits the
inference budget N / sp_forward <= N_max and the training budget N D / sp_training <= N_max D_max, so a scheme is
scored at N = N_max sp_forward and D = D_max sp_training / sp_forward. The lowest loss owns the cell. A format that
makes parameters or tokens count less is scored at N eff_N and D eff_D, whatever the law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.fits.bootstrap import Draws
from analysis.laws.law import Law
from analysis.plans.cells import Cells
from analysis.plans.schemes import Precision, Scheme, every_pair, without_factors
from analysis.plans.speed import SpeedTable, training_speedup
from analysis.plans.win_shares import win_shares

FP4_BITS = 4.25  # of a stored weight: four, and a scale of eight for each 32 (MXFP4)


@dataclass(frozen=True)
class Factors:
    """Symbols of a law's efficiency factors for the FP4 passes, for example eff_n[QuEST]."""

    forward: str = "eff_n"
    backward: str = "eff_d"


def quartet_schemes(factors: Factors, speed: SpeedTable, spread: float = 0.0) -> tuple[Scheme, ...]:
    """The four schemes of the paper, of FP8 and FP4; FP4 runs at `speed` over FP8, give or take its relative `spread`,
    and counts by `factors`."""
    fp8, fp4 = Precision("fp8", 8.0), Precision("fp4", FP4_BITS, factors.forward, factors.backward, (speed,), spread)
    by_name = {scheme.name: scheme for scheme in every_pair((fp8, fp4))}
    return tuple(by_name[name] for name in ("fp8:fp8", "fp4:fp8", "fp8:fp4", "fp4:fp4"))


@dataclass(frozen=True)
class Region:
    """What every scheme reaches in every cell: n, d and loss (schemes, rows, columns).

    `winner` (rows, columns) indexes `schemes`; `p_win` (schemes, rows, columns) is the share of draws won.
    """

    schemes: tuple[Scheme, ...]
    cells: Cells
    n: np.ndarray
    d: np.ndarray
    loss: np.ndarray
    winner: np.ndarray
    p_win: np.ndarray | None

    @property
    def names(self) -> list[str]:
        return [scheme.name for scheme in self.schemes]


def budgets(scheme: Scheme, n_max: np.ndarray, d_max: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The N and D that spend both budgets with this scheme (module docstring)."""
    forward, backward = scheme.speed(n_max)
    return n_max * forward, d_max * training_speedup(forward, backward) / forward


def scheme_loss(law: Law, values: Mapping[str, Any], scheme: Scheme, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    """The law's loss for N parameters and D tokens, of which the scheme's share counts; `values` may be draws."""
    eff_n, eff_d = scheme.counted(values)
    return law.evaluate(without_factors(values), {"n_params": n * eff_n, "n_tokens": d * eff_d})


def region(
    law: Law,
    values: Mapping[str, float],
    schemes: Sequence[Scheme],
    cells: Cells,
    draws: Draws | None = None,
    seed: int = 0,
) -> Region:
    """The optimality map, with P(win) when there are `draws`.

    P(win) of a scheme in a cell is the share of draws, of the law's parameters and of the formats' speeds, under which
    its loss is the lowest.
    """
    size = np.broadcast_to(cells.n_max[:, None], cells.d_over_n.shape)
    points = [budgets(scheme, size, size * cells.d_over_n) for scheme in schemes]
    n, d = (np.array(axis) for axis in zip(*points, strict=True))
    loss = np.array([scheme_loss(law, values, scheme, n[k], d[k]) for k, scheme in enumerate(schemes)])
    chance = win_shares(draws, schemes, cells, seed) if draws else None
    return Region(tuple(schemes), cells, n, d, loss, loss.argmin(0), chance)


def plan(
    law: Law,
    values: Mapping[str, float],
    schemes: Sequence[Scheme],
    n_max: float,
    d_over_n: float,
    draws: Draws | None = None,
) -> pd.DataFrame:
    """One row per scheme for one budget: scheme, n, d, loss, low, high (95%), wins, p_win (NaN without draws)."""
    cell = region(law, values, schemes, Cells(np.array([n_max]), np.array([d_over_n])), draws)
    n, d = cell.n[:, 0, 0], cell.d[:, 0, 0]
    ends = [loss_interval(law, draws, scheme, n[k], d[k]) for k, scheme in enumerate(schemes)]
    return pd.DataFrame(
        {
            "scheme": cell.names,
            "n": n,
            "d": d,
            "loss": cell.loss[:, 0, 0],
            "low": [low for low, _ in ends],
            "high": [high for _, high in ends],
            "wins": np.arange(len(schemes)) == cell.winner[0, 0],
            "p_win": np.nan if cell.p_win is None else cell.p_win[:, 0, 0],
        }
    )


def crossover(
    law: Law,
    values: Mapping[str, float],
    factors: Factors,
    speed: SpeedTable,
    n_max: float,
    scheme: str = "fp4:fp4",
) -> float | None:
    """The smallest D/N (20 to 1e5) from which `scheme` wins over the paper's others at `n_max`; None if never."""
    ratios = np.geomspace(20, 1e5, 2000)
    found = region(law, values, quartet_schemes(factors, speed), Cells(np.array([n_max]), ratios))
    wins = np.flatnonzero(found.winner[0] == found.names.index(scheme))
    return float(ratios[wins[0]]) if len(wins) else None


def loss_interval(law: Law, draws: Draws | None, scheme: Scheme, n: float, d: float) -> tuple[float, float]:
    """The 95% bootstrap interval of a scheme's loss at one size and token count (NaN without draws)."""
    if not draws:
        return float("nan"), float("nan")
    losses = scheme_loss(law, draws.values, scheme, np.array(n), np.array(d))
    low, high = np.quantile(losses, [0.025, 0.975])
    return float(low), float(high)
