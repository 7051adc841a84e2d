"""How far a fit can be trusted: errors on runs it has not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.fitting import Fit, fit
from analysis.flops import training_flops
from analysis.laws.law import Law


def flops_of(runs: pd.DataFrame) -> pd.Series:
    """The FLOPs of each run: as recorded, else 6 N D."""
    derived = pd.Series(training_flops(runs["n_params"].to_numpy(float), runs["n_tokens"].to_numpy(float)), runs.index)
    return runs["flops"].astype(float).fillna(derived) if "flops" in runs else derived


def errors(found: Fit, runs: pd.DataFrame) -> dict[str, float]:
    """Relative errors of the predicted loss: n_runs, rms, mean (signed) and the largest, as fractions."""
    relative = found.predict(runs) / runs["loss"].to_numpy(float) - 1
    return {
        "n_runs": len(runs),
        "rms_relative_error": float(np.sqrt(np.mean(relative**2))),
        "mean_relative_error": float(relative.mean()),
        "max_relative_error": float(np.abs(relative).max()),
    }


def holdout(law: Law, runs: pd.DataFrame, above_flops: float, **options) -> tuple[Fit, dict[str, float]]:
    """The fit on runs up to `above_flops` and its errors on the larger ones.

    Raises ValueError when no run, or every run, lies above.
    """
    large = (flops_of(runs) > above_flops).to_numpy()
    if not large.any() or large.all():
        spread = f"{flops_of(runs).min():.3g} to {flops_of(runs).max():.3g}"
        raise ValueError(f"--holdout-flops {above_flops:g} splits nothing off; the runs span {spread} FLOPs")
    found = fit(law, runs[~large], **options)
    return found, {"above_flops": above_flops, **errors(found, runs[large])}
