"""Methods compared at equal hours of an accelerator: tokens are throughput times hours, whatever FLOPs they take.

Source: The Languini Kitchen (languini_2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit, fit
from analysis.laws import get_law
from analysis.laws.flops import training_flops
from analysis.laws.law import Law
from analysis.plans.hardware import Hardware
from analysis.plans.planner import scheme_loss
from analysis.plans.schemes import Scheme
from analysis.plans.speed import training_speedup

SECONDS_PER_HOUR = 3600.0
HOURS = np.geomspace(1e-2, 1e9, 2201)  # where two curves are looked for to meet
LEAST_POINTS = 3


def tokens_seen(tokens_per_s: np.ndarray | float, hours: np.ndarray | float) -> np.ndarray:
    """The training tokens of `hours` of accelerators that read `tokens_per_s` each."""
    return np.asarray(tokens_per_s, float) * np.asarray(hours, float) * SECONDS_PER_HOUR


def throughput(scheme: Scheme, hardware: Hardware, n_params: float) -> float:
    """Training tokens per second of one accelerator at 6 N FLOPs a token; NaN where the scheme cannot run."""
    if scheme.why_not or not hardware.reference:
        return float("nan")
    gain = float(training_speedup(*scheme.speed(np.array(n_params))))
    rate = hardware.peaks[hardware.reference] * 1e12 * hardware.utilization * gain
    return rate / float(training_flops(n_params, 1.0))


def schemes_by_hours(
    law: Law,
    values: Mapping[str, Any],
    schemes: Sequence[Scheme],
    hardware: Hardware,
    n_params: float,
    hours: np.ndarray,
) -> pd.DataFrame:
    """One row per scheme that runs and number of hours: scheme, hours, tokens_per_s, n_tokens, loss."""
    rows = []
    for scheme in schemes:
        rate = throughput(scheme, hardware, n_params)
        if np.isnan(rate):
            continue
        tokens = tokens_seen(rate, hours)
        loss = scheme_loss(law, values, scheme, np.array(n_params), tokens)
        rows.append(
            pd.DataFrame(
                {"scheme": scheme.name, "hours": hours, "tokens_per_s": rate, "n_tokens": tokens, "loss": loss}
            )
        )
    columns = ["scheme", "hours", "tokens_per_s", "n_tokens", "loss"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)


@dataclass(frozen=True)
class Method:
    """A method with the law of its loss over tokens, fitted to its own points, and its throughput [tokens/s]."""

    name: str
    tokens_per_s: float
    found: Fit

    def loss(self, hours: np.ndarray) -> np.ndarray:
        """Predicted loss after `hours` of an accelerator."""
        return self.found.predict(pd.DataFrame({"n_tokens": tokens_seen(self.tokens_per_s, hours)}))

    def drawn(self, hours: np.ndarray) -> np.ndarray | None:
        """The loss in every draw of the fit, (draws, k); None without draws."""
        if self.found.draws is None:
            return None
        frame = pd.DataFrame({"n_tokens": tokens_seen(self.tokens_per_s, hours)})
        return self.found.draws.predict(frame)


def fitted_method(name: str, rows: pd.DataFrame, constant: bool, draws: int = 300) -> Method:
    """A method from its points (columns tokens_per_s, hours, loss): a power law over its tokens.

    Without `constant` nothing is left at endless tokens: few points cannot tell. ValueError when there are fewer
    points than LEAST_POINTS, or not more than the law has parameters.
    """
    least = max(LEAST_POINTS, 4 if constant else 3)
    if len(rows) < least:
        raise ValueError(f"method {name} has {len(rows)} points; a power law needs {least} or more")
    rate = float(rows["tokens_per_s"].median())
    runs = pd.DataFrame({"n_tokens": tokens_seen(rows["tokens_per_s"], rows["hours"]), "loss": rows["loss"]})
    fixed = {} if constant else {"E": 0.0}
    return Method(name, rate, fit(get_law("power_law:n_tokens"), runs, fixed=fixed, draws=draws))


def crossing(first: np.ndarray, second: np.ndarray, hours: np.ndarray = HOURS) -> float:
    """The hours at which two losses (k,) meet last, by a line between their logs; NaN where they never do."""
    apart = np.log(first) - np.log(second)
    (turns,) = np.nonzero(np.diff(np.sign(apart)))
    if not len(turns):
        return float("nan")
    at = turns[-1]
    share = apart[at] / (apart[at] - apart[at + 1])
    return float(np.exp(np.log(hours[at]) + share * np.log(hours[at + 1] / hours[at])))


def crossing_interval(first: Method, second: Method) -> tuple[float, float, float]:
    """The share of draws in which two methods meet within HOURS, and the 95% interval of where; NaN without draws."""
    drawn = [method.drawn(HOURS) for method in (first, second)]
    if drawn[0] is None or drawn[1] is None:
        return float("nan"), float("nan"), float("nan")
    count = min(len(drawn[0]), len(drawn[1]))
    met = np.array([crossing(drawn[0][i], drawn[1][i]) for i in range(count)])
    found = met[~np.isnan(met)]
    if not len(found):
        return 0.0, float("nan"), float("nan")
    low, high = np.quantile(found, [0.025, 0.975])
    return len(found) / count, float(low), float(high)
