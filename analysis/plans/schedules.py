"""Learning-rate schedules made to order, for the laws of whole loss curves, and what a fit of one of them saves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

POINTS = 400  # of a curve: enough for the laws, which rebuild every step between them


@dataclass(frozen=True)
class Schedule:
    """A schedule over `steps` steps: a linear warm-up of `warmup` steps to `peak`, then SHAPES[`shape`] down to `end`
    of the peak, over the last `decay` of the steps where the shape keeps the peak until then."""

    shape: str
    steps: int
    peak: float
    warmup: int = 0
    end: float = 0.1
    decay: float = 0.2


def _decayed(part: np.ndarray, schedule: Schedule) -> np.ndarray:
    """How far each share of the steps after the warm-up is into the last decay, 0 before it."""
    return np.clip((part - (1 - schedule.decay)) / max(schedule.decay, 1e-9), 0.0, 1.0)


# What is left of the way from the end to the peak, by the share of the steps after the warm-up.
SHAPES: dict[str, Callable[[np.ndarray, Schedule], np.ndarray]] = {
    "cosine": lambda part, _: 0.5 * (1 + np.cos(np.pi * part)),
    "linear": lambda part, _: 1 - part,
    "constant": lambda part, _: np.ones_like(part),
    "warm-up, stable, decay": lambda part, schedule: 1 - _decayed(part, schedule),
}


def curve(schedule: Schedule, name: str) -> pd.DataFrame:
    """Points of a curve of that schedule, as curve laws read them: curve_id, step, learning_rate, warmup_steps.

    ValueError where the warm-up is not shorter than the run.
    """
    if not 0 <= schedule.warmup < schedule.steps:
        raise ValueError(f"a warm-up of {schedule.warmup} steps does not fit into {schedule.steps}; make it shorter")
    after = schedule.steps - schedule.warmup
    part = np.linspace(0.0, 1.0, POINTS)[1:]
    steps = np.unique(np.round(schedule.warmup + part * after))
    left = SHAPES[schedule.shape]((steps - schedule.warmup) / after, schedule)
    rates = schedule.peak * (schedule.end + (1 - schedule.end) * left)
    return pd.DataFrame(
        {"curve_id": name, "step": steps, "learning_rate": rates, "warmup_steps": float(schedule.warmup)}
    )


def share_of_sweep(steps: int, every: int) -> tuple[int, float]:
    """How many runs a single logged curve stands for, and its share of their steps.

    Without a law of curves, the loss after each logged number of steps needs a run of its own, annealed to that end.
    """
    ends = np.arange(every, steps + 1, every)
    if not len(ends):
        raise ValueError(f"a curve of {steps} steps logged every {every} has no point; log more often")
    return len(ends), float(steps / ends.sum())
