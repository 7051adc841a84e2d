"""Which training scheme wins under a budget: losses per scheme, optimality regions and their probability.

Rules of Castro et al. 2025 (Quartet), section 3, with FP8:FP8 as the reference: a model of N parameters fits the
inference budget N / sp_forward <= N_max and the training budget N D / sp_training <= N_max D_max, so a scheme is
scored at N = N_max sp_forward and D = D_max sp_training / sp_forward. The lowest loss owns the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.bootstrap import Draws
from analysis.laws.law import Law
from analysis.speed import SpeedTable, training_speedup


@dataclass(frozen=True)
class Scheme:
    """Formats of the forward and the backward pass; `low` ones carry the law's factor and the speed-up."""

    forward: str
    backward: str

    @property
    def name(self) -> str:
        return f"{self.forward}:{self.backward}"


LOW = "fp4"
SCHEMES = tuple(
    Scheme(forward, backward)
    for forward, backward in (
        ("fp8", "fp8"),
        ("fp4", "fp8"),
        ("fp8", "fp4"),
        ("fp4", "fp4"),
    )
)


@dataclass(frozen=True)
class Factors:
    """Symbols of a law's efficiency factors for the low-precision passes, for example eff_n[QuEST]."""

    forward: str = "eff_n"
    backward: str = "eff_d"

    def of(self, scheme: Scheme, values: Mapping) -> dict:
        """The law's values with eff_n and eff_d as this scheme has them: 1 where the pass is not FP4."""
        own = {
            "eff_n": _number(values, self.forward) if scheme.forward == LOW else 1.0,
            "eff_d": _number(values, self.backward) if scheme.backward == LOW else 1.0,
        }
        return {name: value for name, value in values.items() if not name.startswith("eff_")} | own


@dataclass(frozen=True)
class Region:
    """Losses of each scheme over a grid: rows are N_max, columns D/N; `winner` indexes SCHEMES."""

    n_max: np.ndarray
    d_over_n: np.ndarray
    n: np.ndarray
    d: np.ndarray
    loss: np.ndarray
    winner: np.ndarray
    p_win: np.ndarray | None


def budgets(scheme: Scheme, speed: SpeedTable, n_max: np.ndarray, d_max: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The N and D that spend both budgets with this scheme (module docstring)."""
    fast_forward, fast_backward = speed.at(n_max)
    forward = fast_forward if scheme.forward == LOW else np.ones_like(fast_forward)
    backward = fast_backward if scheme.backward == LOW else np.ones_like(fast_backward)
    return n_max * forward, d_max * training_speedup(forward, backward) / forward


def region(
    law: Law,
    values: Mapping[str, float],
    factors: Factors,
    speed: SpeedTable,
    n_max: np.ndarray,
    d_over_n: np.ndarray,
    draws: Draws | None = None,
) -> Region:
    """The optimality map over `n_max` (rows,) and `d_over_n` (columns,), with P(win) when there are `draws`.

    P(win) of a scheme in a cell is the share of draws under which its loss is the lowest.
    """
    size, ratio = np.meshgrid(n_max, d_over_n, indexing="ij")
    points = [budgets(scheme, speed, size, size * ratio) for scheme in SCHEMES]
    loss = np.array([_loss(law, factors.of(s, values), n, d) for s, (n, d) in zip(SCHEMES, points, strict=True)])
    n, d = (np.array(axis) for axis in zip(*points, strict=True))
    return Region(n_max, d_over_n, n, d, loss, loss.argmin(0), _p_win(draws, factors, n, d) if draws else None)


def plan(
    law: Law,
    values: Mapping[str, float],
    factors: Factors,
    speed: SpeedTable,
    n_max: float,
    d_over_n: float,
    draws: Draws | None = None,
) -> pd.DataFrame:
    """One row per scheme for one budget: scheme, n, d, loss, wins, p_win (NaN without draws)."""
    cell = region(law, values, factors, speed, np.array([n_max]), np.array([d_over_n]), draws)
    chance = cell.p_win[:, 0, 0] if cell.p_win is not None else np.full(len(SCHEMES), np.nan)
    return pd.DataFrame(
        {
            "scheme": [scheme.name for scheme in SCHEMES],
            "n": cell.n[:, 0, 0],
            "d": cell.d[:, 0, 0],
            "loss": cell.loss[:, 0, 0],
            "wins": np.arange(len(SCHEMES)) == cell.winner[0, 0],
            "p_win": chance,
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
    """The smallest D/N (20 to 1e5) from which `scheme` wins at `n_max`; None when it never does."""
    ratios = np.geomspace(20, 1e5, 2000)
    winners = region(law, values, factors, speed, np.array([n_max]), ratios).winner[0]
    wins = np.flatnonzero(winners == [s.name for s in SCHEMES].index(scheme))
    return float(ratios[wins[0]]) if len(wins) else None


def loss_interval(
    law: Law, factors: Factors, draws: Draws | None, scheme: Scheme, n_params: float, n_tokens: float
) -> tuple[float, float]:
    """The 95% bootstrap interval of a scheme's loss at one size and token count (NaN without draws)."""
    if not draws:
        return float("nan"), float("nan")
    x = {"n_params": np.array(n_params), "n_tokens": np.array(n_tokens)}
    low, high = np.quantile(law.evaluate(factors.of(scheme, draws.values), x), [0.025, 0.975])
    return float(low), float(high)


def _loss(law: Law, values: Mapping, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    return law.evaluate(values, {"n_params": n, "n_tokens": d})


def _p_win(draws: Draws, factors: Factors, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Share of draws won by each scheme (schemes, rows, columns)."""
    wins = np.zeros(n.shape)
    for i in range(len(draws)):
        values = {name: numbers[i] for name, numbers in draws.values.items()}
        loss = np.array([_loss(draws.law, factors.of(s, values), n[k], d[k]) for k, s in enumerate(SCHEMES)])
        np.put_along_axis(wins, loss.argmin(0)[None], np.take_along_axis(wins, loss.argmin(0)[None], 0) + 1, 0)
    return wins / len(draws)


def _number(values: Mapping, symbol: str) -> float:
    if symbol not in values:
        known = ", ".join(name for name in values if name.startswith("eff_")) or "none"
        raise ValueError(f"no value for {symbol}; the factors at hand are {known}")
    return values[symbol]
