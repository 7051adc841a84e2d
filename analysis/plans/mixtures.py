"""The best mixture of data by small proxy runs, how well their law does on runs it has not seen, and on larger ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.mixing import Mixing, best_mixture, fit_mixing, held_out


@dataclass(frozen=True)
class Chosen:
    """A mixture chosen by runs: `shares` has the columns domain, best, mean and largest (of the runs).

    `predicted` is the mean loss of the best mixture and `lowest` the least mean loss of a run [nats/token];
    `rms_error` [nats/token] and `rank` (Spearman) are of runs held out, a fifth at a time.
    """

    law: Mixing
    shares: pd.DataFrame
    predicted: float
    lowest: float
    rms_error: float
    rank: float


def chosen(shares: pd.DataFrame, losses: pd.DataFrame, most: float = 1.0) -> Chosen:
    """The mixture of least mean loss by the mixing law fitted to runs, a row each of both tables.

    No domain gets more than `most`, nor more than the largest share that a run had: beyond, nothing was measured. Where
    these limits leave no mixture, they are raised alike. Raises ValueError for runs that cannot be fitted.
    """
    runs = (tuple(shares), tuple(losses), shares.to_numpy(float), losses.to_numpy(float))
    law, unseen = fit_mixing(*runs), held_out(*runs)
    given, measured = runs[2] / runs[2].sum(1, keepdims=True), runs[3].mean(1)
    limit = np.minimum(given.max(0), most)
    best = best_mixture(law, np.ones(len(law.targets)), limit / min(1.0, limit.sum()))
    table = pd.DataFrame({"domain": law.domains, "best": best, "mean": given.mean(0), "largest": given.max(0)})
    rms = float(np.sqrt(np.mean((unseen - runs[3]) ** 2)))
    return Chosen(law, table, float(law.predict(best).mean()), float(measured.min()), rms, _rank(unseen, measured))


def carried(law: Mixing, shares: pd.DataFrame, losses: pd.DataFrame) -> tuple[float, int]:
    """How a law orders runs of another size: the rank correlation of their mean losses with its predictions, and the
    place (1 is the lowest) that the run it calls best has by measurement."""
    given = shares[list(law.domains)].to_numpy(float)
    predicted = law.predict(given / given.sum(1, keepdims=True))
    measured = losses[list(law.targets)].to_numpy(float).mean(1)
    first = measured[predicted.mean(1).argmin()]
    return _rank(predicted, measured), 1 + int(np.sum(measured < first))


def _rank(predicted: np.ndarray, measured: np.ndarray) -> float:
    from scipy.stats import spearmanr  # half a second to import, for this only

    return float(spearmanr(predicted.mean(1), measured)[0])
