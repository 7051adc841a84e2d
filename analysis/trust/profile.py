"""Profile likelihood: how the objective rises when one parameter is held and all others are fitted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit, pinned
from analysis.fits.optimum import optimum
from analysis.laws.param import Param, from_search
from analysis.trust.tracing import Side, traced

# Where a parameter is held, in standard deviations from its optimum, on either side; then on to its bound.
OFFSETS = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0])
BEYOND = 4


@dataclass(frozen=True)
class Profile:
    """The profile of one parameter: the lowest objective reached with it held at each value of `grid` (k,).

    `rise` (k,) is the objective above the optimum in units of the rise at which the interval ends. `open` says of the
    lower and the upper side that the rise stays below 1 as far as the bounds: that end of `interval` is the bound.
    """

    symbol: str
    value: float
    grid: np.ndarray
    rise: np.ndarray
    interval: tuple[float, float]
    open: tuple[bool, bool]
    identified: bool


@dataclass(frozen=True)
class Profiles:
    """Profiles of the free parameters by symbol; `gain` is how far below the fit's objective one of them went.

    `condition` is how many times weaker the runs see the weakest direction than the strongest, `weakest` the
    parameters that move along it.
    """

    by_symbol: dict[str, Profile]
    share: float
    gain: float
    condition: float
    weakest: tuple[str, ...]

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """The interval of every parameter."""
        return {symbol: profile.interval for symbol, profile in self.by_symbol.items()}


def profiles(found: Fit, runs: pd.DataFrame, share: float = 0.95, only: Sequence[str] | None = None) -> Profiles:
    """The profile of every free parameter (or of `only` these) of a fit on its runs; all points descend as one batch.

    An interval ends where the objective has risen by `Noise.rise`; between grid points the square root of the rise,
    almost a straight line, is interpolated. Raises ValueError when the runs are not those of the fit.
    Source of the threshold: see analysis.fits.robust.Noise.rise.
    """
    own = optimum(found, runs)
    end = max(own.noise.rise(share), 1e-300)
    params = {param.symbol: param for param in found.law.params}
    names = own.problem.names
    wanted = [name for name in names if only is None or name in only]
    held = [names.index(name) for name in wanted]
    trace = traced(own, held, OFFSETS, BEYOND, end)
    made = {}
    for i, (k, name) in enumerate(zip(held, wanted, strict=True)):
        made[name] = _profile(own.theta[k], trace.side(2 * i), trace.side(2 * i + 1), name, params, end)
    _, directions = own.strengths
    moving = np.abs(directions[-1]) > 0.3
    weakest = tuple(name for name, moves in zip(names, moving, strict=True) if moves)
    return Profiles(made, share, max(0.0, -float(trace.rise.min())), own.condition, weakest)


def _profile(start: float, below: Side, above: Side, name: str, params: dict[str, Param], end: float) -> Profile:
    param = params[name.split("[")[0]]
    (low, low_open), (high, high_open) = below.crossing(start, end), above.crossing(start, end)
    held = np.r_[below.held[::-1], start, above.held]
    rise = np.r_[below.rise[::-1], 0.0, above.rise] / end
    ends, opens = (low, high), (low_open, high_open)
    if param.sign < 0:  # the search runs over the log of the size: its order is the reverse
        held, rise, ends, opens = held[::-1], rise[::-1], ends[::-1], opens[::-1]
    low, high = (float(from_search(edge, param.sign)) for edge in ends)
    known = not any(opens) and pinned(param, (low, high))
    value = float(from_search(start, param.sign))
    return Profile(name, value, from_search(held, param.sign), rise, (low, high), opens, known)
