"""From a budget to the best model per scheme: the optimum, how sure it is, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.fits.bootstrap import Draws
from analysis.laws.flops import INFERENCE_FLOPS_PER_PARAM_TOKEN
from analysis.laws.law import Law
from analysis.plans.hardware import Hardware, Wishes
from analysis.plans.schemes import Scheme, changed, draw_speeds
from analysis.plans.search import Search
from analysis.plans.speed import constant

COLUMNS = ["scheme", "why_not", "n", "d", "loss", "low", "high", "p_win", "serve_gpu_days", "weights_gb", "match_days"]


def best_models(
    law: Law,
    values: Mapping[str, float],
    schemes: Sequence[Scheme],
    hardware: Hardware,
    wishes: Wishes,
    draws: Draws | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per scheme: the N and D of lowest loss within the budget and the wishes, and how they compare.

    Columns: scheme, why_not (a sentence or None), n, d, loss, low, high (95%, over draws of the law, the speeds and
    the utilization, each with its own best model), p_win (the share of draws in which that is the lowest), wins,
    serve_gpu_days (2 N per token at the same utilization: a compute-bound lower estimate), weights_gb (served in the
    forward format), match_days (days this scheme needs for the loss of the best one).
    """
    rows: list[dict[str, Any]] = [{"scheme": scheme.name, "why_not": scheme.why_not} for scheme in schemes]
    drawn = _losses(law, schemes, hardware, wishes, draws, seed) if draws else {}
    winners = np.array(list(drawn))[np.array(list(drawn.values())).argmin(0)] if drawn else None
    for scheme, row in zip(schemes, rows, strict=True):
        if row["why_not"]:
            continue
        found = Search(law, values, scheme, hardware, wishes).best()
        if not np.isfinite(found["loss"][0]):
            row["why_not"] = "no model of this scheme meets the wishes within the budget"
            continue
        row |= {name: float(number[0]) for name, number in found.items()} | _serving(scheme, hardware, wishes, found)
        if scheme.name in drawn:
            finite = drawn[scheme.name][np.isfinite(drawn[scheme.name])]
            row["low"], row["high"] = np.quantile(finite, [0.025, 0.975]) if len(finite) else (np.nan, np.nan)
            row["p_win"] = float(np.mean(winners == scheme.name))
    table = pd.DataFrame(rows, columns=COLUMNS).assign(wins=lambda t: t["loss"] == t["loss"].min())
    goal = float(table["loss"].min())
    table["match_days"] = [
        np.nan if row["why_not"] else _days_to(goal, Search(law, values, scheme, hardware, wishes))
        for scheme, row in zip(schemes, rows, strict=True)
    ]
    return table


def _losses(
    law: Law, schemes: Sequence[Scheme], hardware: Hardware, wishes: Wishes, draws: Draws, seed: int
) -> dict[str, np.ndarray]:
    """The loss of each runnable scheme's own best model under each draw, by scheme."""
    rng = np.random.default_rng(seed)
    runnable = [scheme for scheme in schemes if not scheme.why_not]
    speeds = draw_speeds(runnable, len(draws), rng)
    scale = np.exp(np.sqrt(np.log1p(hardware.spread**2)) * rng.standard_normal(len(draws)))
    values = {name: np.asarray(numbers, float)[:, None] for name, numbers in draws.values.items()}
    return {
        scheme.name: Search(law, values, scheme, hardware, wishes, speeds, scale).best()["loss"] for scheme in runnable
    }


def _serving(scheme: Scheme, hardware: Hardware, wishes: Wishes, found: Mapping[str, np.ndarray]) -> dict[str, float]:
    n = found["n"]
    per_gpu_day = hardware.flops / hardware.gpus / hardware.days * scheme.speed(n)[0]
    days = INFERENCE_FLOPS_PER_PARAM_TOKEN * n * wishes.serve_tokens / per_gpu_day
    return {"serve_gpu_days": float(days[0]), "weights_gb": float(n[0] * scheme.forward.bits / 8e9)}


def _days_to(goal: float, search: Search) -> float:
    """The days in which the search's scheme reaches a loss, on the same hardware; NaN beyond 0.01 to 100 times."""
    shares = np.geomspace(0.01, 100.0, 161)
    losses = replace(search, scale=shares).best()["loss"]
    known = np.isfinite(losses)
    if not known.any() or not losses[known].min() <= goal <= losses[known].max():
        return float("nan")
    order = np.argsort(losses[known])
    share = np.exp(np.interp(goal, losses[known][order], np.log(shares[known][order])))
    return float(share * search.hardware.days)


def break_even(
    law: Law,
    values: Mapping[str, float],
    schemes: Sequence[Scheme],
    hardware: Hardware,
    wishes: Wishes,
    scheme: str = "fp4:fp4",
    low: str = "fp4",
) -> float | None:
    """The speed of format `low` over the reference, forward and backward alike, from which `scheme` beats every scheme
    without that format; None above 16. Raises ValueError where no such scheme can run.
    """
    others = [s for s in schemes if low not in (s.forward.name, s.backward.name) and not s.why_not]
    if not others:
        raise ValueError(f"no scheme without {low} can run here: {schemes[0].why_not or 'there is none'}")
    goal = min(float(Search(law, values, other, hardware, wishes).best()["loss"][0]) for other in others)
    own = next(s for s in schemes if s.name == scheme)
    speeds = np.geomspace(1.0, 16.0, 241)

    def lead(speed: float) -> float:
        tried = changed(own, low, speeds=(constant(speed, speed, "tried"),))
        return float(Search(law, values, tried, hardware, wishes).best()["loss"][0]) - goal

    if lead(speeds[-1]) >= 0:
        return None
    below, above = 0, len(speeds) - 1
    while above - below > 1:  # the loss falls with the speed
        middle = (below + above) // 2
        below, above = (below, middle) if lead(speeds[middle]) < 0 else (middle, above)
    return float(speeds[0] if lead(speeds[0]) < 0 else speeds[above])
