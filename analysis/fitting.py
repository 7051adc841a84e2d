"""fit(law, runs) -> Fit: multi-start robust fits of any law, with a status whose text is advice."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.bootstrap import Draws, resample
from analysis.checks import check_runs, check_values
from analysis.descent import descend
from analysis.laws.law import Law
from analysis.laws.param import Param, to_search
from analysis.problem import Problem

# name -> (residuals are taken between logs, delta unless the caller gives one)
LOSSES = {"log-huber": (True, 1e-3), "huber": (False, 1e-3), "least-squares": (False, np.inf)}
WIDE = 2.0  # a 95% interval whose ends differ by more than this factor does not pin a parameter down


class Status(enum.Enum):
    """How a fit ended; the value is what to do about it."""

    CONVERGED = "The optimum was reached and the runs pin every parameter down."
    AT_BOUND = "A parameter ended at the edge of what it can mean: fix it, or question the law for these runs."
    NOT_IDENTIFIED = (
        "They can change together without changing the fit: trust the predictions within the range of the runs, "
        "do not compare these parameters one by one, and add runs that vary N and D separately."
    )
    TOO_FEW_RUNS = "A fit needs more runs than free parameters: add runs or fix parameters."


UNEXAMINED = "The optimum was reached; without bootstrap draws nothing says how well the runs pin the parameters down."
NOTHING_FREE = "Nothing was free: the objective is that of the fixed values."


@dataclass(frozen=True)
class Fit:
    """The outcome of a fit. `values` by symbol include the fixed ones; `objective` is a sum over the runs.

    `intervals` are 95% bootstrap; `agreement` is the share of starts that reached the objective within 0.01%;
    `blind` names the free parameters that can move together with no run noticing.
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

    def predict(self, runs: pd.DataFrame | Mapping) -> np.ndarray:
        """The predicted target of each row of `runs` (columns: the law's inputs)."""
        return self.law.evaluate(self.values, runs)


def fit(
    law: Law,
    runs: pd.DataFrame,
    *,
    fixed: Mapping[str, float] | None = None,
    loss: str = "log-huber",
    delta: float | None = None,
    starts: int = 64,
    draws: int = 200,
    seed: int = 0,
    fixed_draws: Draws | None = None,
) -> Fit:
    """The best of `starts` descents of the sum over runs of Huber_delta(log predicted - log measured).

    `runs` has the law's inputs and its target (`loss` for most) as columns; `fixed` maps symbols (or symbol[group])
    to values that stay, and `fixed_draws` to their bootstrap draws, carried through to the intervals.
    Raises ValueError for unknown symbols and losses, and for runs that cannot be used.
    Source of the objective: Hoffmann et al. 2022, section 3.3.
    """
    began = time.perf_counter()
    fixed = law.constants(fixed or {}) | dict(fixed or {})
    check_values(law, fixed)
    check_runs(law, runs)
    logs, delta = loss_settings(loss, delta)
    problem = Problem(law, runs, fixed, logs)
    blank = Fit(law, fixed, problem.names, float("nan"), Status.CONVERGED, "", len(runs), loss, delta)
    if len(runs) <= len(problem.names):
        counts = f"{len(runs)} runs for {len(problem.names)} free parameters."
        seconds = {"fit": time.perf_counter() - began, "bootstrap": 0.0}
        advice = f"{counts} {Status.TOO_FEW_RUNS.value}"
        return replace(blank, status=Status.TOO_FEW_RUNS, advice=advice, seconds=seconds)
    rng = np.random.default_rng(seed)
    theta, objective, agreement = search(problem, starts, rng, delta)
    values = fixed | dict(zip(problem.names, problem.values(theta).tolist(), strict=True))
    found = replace(blank, values=values, objective=objective, agreement=agreement)
    fitted = time.perf_counter()
    if draws and problem.names:
        varying = fixed | (fixed_draws.values if fixed_draws else {})
        sample = resample(Problem(law, runs, varying, logs), theta, delta, draws, rng)
        constants = {name: np.broadcast_to(number, draws) for name, number in varying.items()}
        found = replace(found, draws=Draws(law, constants | sample.values))
    seconds = {"fit": fitted - began, "bootstrap": time.perf_counter() - fitted}
    return replace(judged(replace(found, blind=blind_directions(problem, theta))), seconds=seconds)


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


def search(problem: Problem, starts: int, rng: np.random.Generator, delta: float) -> tuple[np.ndarray, float, float]:
    """The best search coordinates (P,), their objective, and the share of starts that ended there.

    Raises ValueError when the runs are so far from the law that no start has a finite objective.
    """
    theta = problem.starts(starts if problem.names else 1, rng)
    end = descend(problem, theta, np.ones(len(problem.target)), delta, problem.low, problem.high)
    best = int(np.argmin(end.objective))
    if not np.isfinite(end.objective[best]):
        raise ValueError("no start has a finite objective; look for sizes, tokens or losses that no run can have")
    reached = end.objective <= end.objective[best] * (1 + 1e-4)
    return end.theta[best], float(end.objective[best]), float(reached.mean())


def blind_directions(problem: Problem, theta: np.ndarray) -> tuple[str, ...]:
    """The free parameters that can move together from the optimum `theta` (P,) with no run noticing."""
    if not problem.names:
        return ()
    jacobian = np.clip(np.nan_to_num(problem(theta[None], np.zeros(1, int))[1][0]), -1e150, 1e150)
    scaled = jacobian / np.maximum(np.linalg.norm(jacobian, axis=0), 1e-300)
    _, strengths, directions = np.linalg.svd(scaled, full_matrices=True)
    strengths = np.pad(strengths, (0, len(theta) - len(strengths)))
    hidden = directions[strengths < 1e-7 * strengths[0]]
    return tuple(name for i, name in enumerate(problem.names) if np.any(np.abs(hidden[:, i]) > 1e-3))


def judged(found: Fit) -> Fit:
    """The fit with the intervals of its draws, and the status and advice that follow.

    A blind parameter has its whole bounds as interval: nothing in the runs narrows it.
    """
    blind = found.blind
    params = {param.symbol: param for param in found.law.params}
    drawn = found.draws.intervals() if found.draws else {}
    drawn |= {name: params[name.split("[")[0]].bounds for name in blind if found.draws}
    intervals = {name: drawn[name] for name in found.free if name in drawn}
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
