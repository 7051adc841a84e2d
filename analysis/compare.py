"""How far a fit can be trusted: errors on runs it has not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.checks import check_runs
from analysis.fitting import Fit, Status, fit
from analysis.flops import training_flops
from analysis.laws.law import Law


def flops_of(runs: pd.DataFrame) -> pd.Series:
    """The FLOPs of each run: as recorded, else 6 N D."""
    derived = pd.Series(training_flops(runs["n_params"].to_numpy(float), runs["n_tokens"].to_numpy(float)), runs.index)
    return runs["flops"].astype(float).fillna(derived) if "flops" in runs else derived


def errors(found: Fit, runs: pd.DataFrame) -> dict[str, float]:
    """Relative errors of the predicted target: n_runs, rms, mean (signed) and the largest, as fractions."""
    relative = found.predict(runs) / runs[found.law.target].to_numpy(float) - 1
    return {
        "n_runs": len(runs),
        "rms_relative_error": float(np.sqrt(np.mean(relative**2))),
        "mean_relative_error": float(relative.mean()),
        "max_relative_error": float(np.abs(relative).max()),
    }


def holdout(
    law: Law, runs: pd.DataFrame, above_flops: float, method: Callable[..., Fit] = fit, **options
) -> tuple[Fit, dict[str, float]]:
    """The fit, by `method` with `options`, on runs up to `above_flops` and its errors on the larger ones.

    Raises ValueError when no run, or every run, lies above, and when too few lie below.
    """
    check_runs(law, runs)
    flops = flops_of(runs)
    large = (flops > above_flops).to_numpy()
    if not large.any() or large.all():
        span = f"{flops.min():.3g} to {flops.max():.3g}"
        raise ValueError(f"holding out the runs above {above_flops:g} FLOPs splits nothing off; they span {span} FLOPs")
    found = method(law, runs[~large], **options)
    if found.status is Status.TOO_FEW_RUNS:
        raise ValueError(f"without the runs above {above_flops:g} FLOPs: {found.advice}")
    return found, {"above_flops": above_flops, **errors(found, runs[large])}
