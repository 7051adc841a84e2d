"""fit(law, runs) -> Fit: multi-start robust fits of any law, with a status whose text is advice."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.fits.bootstrap import Draws, resample
from analysis.fits.checks import check_runs, check_values, check_weights
from analysis.fits.problem import Problem
from analysis.fits.search import blind_directions, search
from analysis.fits.watch import Cancelled, Watch
from analysis.laws.law import Law
from analysis.laws.param import Param, to_search

# name -> (residuals are taken between logs, delta unless the caller gives one)
LOSSES = {"log-huber": (True, 1e-3), "huber": (False, 1e-3), "least-squares": (False, np.inf)}
WIDE = 2.0  # a 95% interval whose ends differ by more than this factor does not pin a parameter down


class Status(enum.Enum):
    """How a fit ended; the value is what to do about it."""

    CONVERGED = "The optimum was reached and the runs pin every parameter down."
    AT_BOUND = "A parameter ended at the edge of what it can mean: fix it, or question the law for these runs."
    NOT_IDENTIFIED = (
        "They can change together without changing the fit: trust the predictions within the range of the runs, "
        "do not compare these parameters one by one, and add runs that vary what the law reads separately."
    )
    TOO_FEW_RUNS = "A fit needs more runs than free parameters: add runs or fix parameters."
    CANCELLED = "The fit was stopped before it ended: start it again for a result."


UNEXAMINED = "The optimum was reached; without bootstrap draws nothing says how well the runs pin the parameters down."
NOTHING_FREE = "Nothing was free: the objective is that of the fixed values."


@dataclass(frozen=True)
class Fit:
    """The outcome of a fit. `values` by symbol include the fixed and tied ones; `objective` is a sum over the runs.

    `intervals` are 95% bootstrap; `agreement` is the share of starts followed to the end that reached the objective
    within 0.01%; `blind` names the free parameters that can move together with no run noticing; `weights` (n,) are
    those of the runs, if any were given.
    """

    law: Law
    values: dict[str, float]
    free: tuple[str, ...]
    objective: float
    status: Status
    advice: str
    n_runs: int
    loss: str
    delta: float
    agreement: float = 0.0
    blind: tuple[str, ...] = ()
    draws: Draws | None = None
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    weights: np.ndarray | None = None

    @property
    def ended(self) -> bool:
        """False for a fit that has no values, since the runs were too few or it was cancelled."""
        return self.status not in (Status.TOO_FEW_RUNS, Status.CANCELLED)

    def predict(self, runs: pd.DataFrame | Mapping) -> np.ndarray:
        """The predicted target of each row of `runs` (columns: the law's inputs); ValueError without values."""
        if not self.ended:
            raise ValueError(self.advice)
        return self.law.evaluate(self.values, runs)


def fit(
    law: Law,
    runs: pd.DataFrame,
    *,
    fixed: Mapping[str, float] | None = None,
    weights: str | ArrayLike | None = None,
    loss: str = "log-huber",
    delta: float | None = None,
    starts: int = 64,
    grid: Mapping[str, Sequence[float] | np.ndarray] | None = None,
    draws: int = 200,
    seed: int = 0,
    fixed_draws: Draws | None = None,
    on_progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Fit:
    """The best of many descents of the sum over runs of weight * Huber_delta(log predicted - log measured).

    `runs` has the law's inputs and its target (`loss` for most) as columns; `fixed` maps symbols (or symbol[group])
    to values that stay, and `fixed_draws` to their bootstrap draws, carried through to the intervals. `weights` is a
    column or one number per run. The descents begin at `starts` random points, or at every combination of a `grid` of
    values by symbol ({}: the law's own). Bounds, groups, shared and tied values are terms of the law
    (analysis.laws.terms.on_terms). `on_progress(stage, share)` is called from the caller's thread in the stages
    "starts" and "bootstrap"; once `cancelled()` is true, the fit ends within a fraction of a second, CANCELLED.
    Raises ValueError for unknown symbols and losses, and for runs that cannot be used.
    Source of the objective: Hoffmann et al. 2022, section 3.3.
    """
    began = time.perf_counter()
    fixed = law.constants(fixed or {}) | dict(fixed or {})
    check_values(law, fixed)
    check_runs(law, runs)
    counted = check_weights(runs, weights)
    logs, delta = loss_settings(loss, delta)
    problem = Problem(law, runs, fixed, logs)
    blank = Fit(law, fixed, problem.names, float("nan"), Status.CONVERGED, "", len(runs), loss, delta, weights=counted)
    used = len(runs) if counted is None else int(np.count_nonzero(counted))
    if used <= len(problem.names):
        counts = f"{used} runs for {len(problem.names)} free parameters. "
        return _ended(blank, Status.TOO_FEW_RUNS, began, counts)
    rng, watch = np.random.default_rng(seed), Watch(on_progress, cancelled)
    start = problem.starts(starts, rng) if grid is None else problem.grid(grid)
    try:
        best = search(problem, start, np.ones(len(runs)) if counted is None else counted, delta, watch.of("starts"))
        fitted = time.perf_counter()
        drawn = None
        if draws and problem.names:
            varying = fixed | (fixed_draws.values if fixed_draws else {})
            sample = resample(Problem(law, runs, varying, logs), best.theta, delta, draws, rng, counted, watch)
            constants = {name: np.broadcast_to(number, draws) for name, number in varying.items()}
            drawn = Draws(law, law.with_tied(constants | sample.values))
    except Cancelled:
        return _ended(blank, Status.CANCELLED, began)
    found = replace(
        blank,
        values=law.with_tied(fixed | dict(zip(problem.names, problem.values(best.theta).tolist(), strict=True))),
        objective=best.objective,
        agreement=best.agreement,
        blind=blind_directions(problem, best.theta),
        draws=drawn,
        seconds={"fit": fitted - began, "bootstrap": time.perf_counter() - fitted},
    )
    return judged(found)


def _ended(blank: Fit, status: Status, began: float, said: str = "") -> Fit:
    seconds = {"fit": time.perf_counter() - began, "bootstrap": 0.0}
    return replace(blank, status=status, advice=said + status.value, seconds=seconds)


def loss_settings(loss: str, delta: float | None) -> tuple[bool, float]:
    """Whether a loss of LOSSES compares logs, and its delta; raises ValueError when the two do not go together."""
    if loss not in LOSSES:
        raise ValueError(f"unknown loss '{loss}'; write {', '.join(LOSSES)}")
    logs, usual = LOSSES[loss]
    if delta is None:
        return logs, usual
    if usual == np.inf:
        raise ValueError(f"{loss} has no delta; leave it out or choose huber")
    if not 0 < delta < np.inf:
        raise ValueError(f"delta is {delta:g}; write a finite number above 0, such as 1e-3")
    return logs, float(delta)


def judged(found: Fit) -> Fit:
    """The fit with the intervals of its draws, and the status and advice that follow.

    A blind parameter has its whole bounds as interval: nothing in the runs narrows it.
    """
    blind = found.blind
    params = {param.symbol: param for param in found.law.params}
    drawn = found.draws.intervals() if found.draws else {}
    drawn |= {name: params[name.split("[")[0]].bounds for name in blind if found.draws}
    intervals = found.law.with_tied({name: drawn[name] for name in found.free if name in drawn})
    own = {name: params[name.split("[")[0]] for name in found.free}
    loose = [n for n in found.free if n in blind or (n in intervals and not pinned(own[n], intervals[n]))]
    edge = [name for name in found.free if not _inside(found.values[name], own[name])]
    names, status = (edge, Status.AT_BOUND) if edge else (loose, Status.NOT_IDENTIFIED)
    if names:
        advice = f"{', '.join(names)}: {status.value}"
    else:
        status = Status.CONVERGED
        advice = status.value if found.draws else UNEXAMINED if found.free else NOTHING_FREE
    return replace(found, intervals=intervals, status=status, advice=advice)


def pinned(param: Param, interval: tuple[float, float]) -> bool:
    """True when a 95% interval pins a parameter down: its ends differ by less than a factor WIDE.

    For a parameter without a known sign: by less than half of the span of its starts.
    """
    low, high = to_search(np.sort(np.abs(interval)) if param.sign else np.array(interval), abs(param.sign))
    return bool(high - low <= (np.log(WIDE) if param.sign else np.ptp(param.starts) / 2))


def _inside(value: float, param: Param) -> bool:
    low, high = np.sort(to_search(param.bounds, param.sign))
    return bool(low + 1e-3 < to_search(value, param.sign) < high - 1e-3)
