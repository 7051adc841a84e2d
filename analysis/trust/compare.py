"""Laws side by side on the same runs: how closely they fit, how far they can be trusted beyond, what they leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit, Status, fit
from analysis.fits.robust import aicc
from analysis.fits.watch import Cancelled
from analysis.laws.law import Law
from analysis.trust.holdout import errors, rolling, size_of
from analysis.trust.residuals import findings, structure

CLOSE = 1.1  # held-out errors within this factor are not told apart
SUPPORTED = 2.0  # laws whose AICc is within this of the lowest describe the runs equally well
CUTS = 6
TABLE_COLUMNS = (
    "law",
    "free",
    "rms_relative_error",
    "held_out",
    "held_out_bias",
    "reach",
    "rolling",
    "aicc_above",
    "left_over",
    "status",
)


@dataclass(frozen=True)
class Rival:
    """One law on the runs: its fit to all of them, its errors beyond a cut that moves, and its AICc."""

    law: Law
    found: Fit
    rms: float
    rolled: pd.DataFrame
    aicc: float
    left_over: tuple[str, ...]


def compare(
    laws: Sequence[Law],
    runs: pd.DataFrame,
    method: Callable[..., Fit] = fit,
    on_progress: Callable[[str, float], None] = lambda stage, share: None,
    **options,
) -> list[Rival]:
    """The laws on the same runs, by the same `method` and `options` (loss, delta, starts, seed), in their order.

    A law with more parameters than runs is left out. Bootstrap draws are not taken; `on_progress` gets each law's name
    and the share of the laws that are done. Raises ValueError for laws that predict different columns, and Cancelled
    when a fit was.
    """
    if len({law.target for law in laws}) > 1:
        raise ValueError(f"laws that predict {' and '.join(sorted({law.target for law in laws}))} cannot be compared")
    rivals = []
    for done, law in enumerate(laws):
        on_progress(law.name, done / len(laws))
        found = method(law, runs, draws=0, **options)
        if found.status is Status.CANCELLED:
            raise Cancelled
        if found.ended:
            rivals.append(_rival(found, runs, rolling(law, runs, CUTS, method, draws=0, **options)))
    return rivals


def _rival(found: Fit, runs: pd.DataFrame, rolled: pd.DataFrame) -> Rival:
    relative = found.predict(runs) / runs[found.law.target].to_numpy(float) - 1
    score = aicc(found.objective, found.n_runs, len(found.free), found.delta)
    left = tuple(findings(structure(found.law, runs, relative)))
    return Rival(found.law, found, errors(found, runs)["rms_relative_error"], rolled, score, left)


def common_cut(rivals: Sequence[Rival]) -> float | None:
    """The latest cut that leaves a fifth of the runs above it and that every rival could be fitted below; or None."""
    shared = set.intersection(*(set(rival.rolled["cut"]) for rival in rivals)) if rivals else set()
    tested = {row["cut"]: row["n_runs"] for rival in rivals for row in rival.rolled.to_dict("records")}
    enough = [cut for cut in shared if tested[cut] >= rivals[0].found.n_runs / 5]
    return max(enough) if enough else max(shared, default=None)


def as_table(rivals: Sequence[Rival]) -> pd.DataFrame:
    """One row per law, the least error beyond the common cut first; columns TABLE_COLUMNS, errors as fractions.

    `held_out` is the rms error above the common cut and `held_out_bias` its mean, `rolling` the rms over all cuts;
    `aicc_above` is the AICc above the lowest, `left_over` what the residuals still hold.
    """
    cut = common_cut(rivals)
    best = min((rival.aicc for rival in rivals), default=np.nan)
    rows = []
    for rival in rivals:
        at = rival.rolled[rival.rolled["cut"] == cut]
        held, bias, reach = (
            float(at[name].iloc[0]) if len(at) else np.nan
            for name in ("rms_relative_error", "mean_relative_error", "reach")
        )
        squares = rival.rolled["rms_relative_error"] ** 2
        rolled = float(np.sqrt(squares.mean())) if len(squares) else np.nan
        above = rival.aicc - best if np.isfinite(best) else np.nan
        left = "; ".join(rival.left_over)
        rows.append((rival.law.name, len(rival.found.free), rival.rms, held, bias, reach, rolled, above, left))
    table = pd.DataFrame(rows, columns=list(TABLE_COLUMNS[:-1]))
    table["status"] = [rival.found.status.name for rival in rivals]
    return table.sort_values(["held_out", "rms_relative_error"], ignore_index=True)


def recommendation(
    rivals: Sequence[Rival], runs: pd.DataFrame, called: Callable[[Law], str] = lambda law: law.name
) -> str:
    """Which law to use on these runs, in a sentence or two, and why; laws are `called` so."""
    if not rivals:
        return "No law could be fitted to these runs."
    names = {rival.law.name: called(rival.law) for rival in rivals}
    table = as_table(rivals)
    table["law"] = table["law"].map(names)
    by_fit = table.loc[table["aicc_above"].idxmin()] if table["aicc_above"].notna().any() else table.iloc[0]
    if table["held_out"].isna().all():
        return f"Too few runs to hold some out; by AICc take {by_fit['law']}."
    first = table.iloc[0]
    close = table[table["held_out"] <= CLOSE * first["held_out"]]
    chosen = close.loc[close["free"].idxmin()]
    unit = "times the compute" if size_of(rivals[0].law, runs).name == "flops" else "times the size"
    said = (
        f"Take **{chosen['law']}**: fitted below the cut it misses the largest runs, up to {first['reach']:.3g} "
        f"{unit}, by {100 * chosen['held_out']:.2g}%"
    )
    rest = table[~table["law"].isin(close["law"])]
    if len(close) > 1:
        others = " and ".join(close.loc[close["law"] != chosen["law"], "law"])
        said += f"; {others} comes within {100 * (CLOSE - 1):.0f}% of that with more parameters"
    elif len(rest):
        said += f"; next is {rest.iloc[0]['law']} with {100 * rest.iloc[0]['held_out']:.2g}%"
    if by_fit["law"] != chosen["law"] and chosen["aicc_above"] > SUPPORTED:
        said += f". Within the runs AICc prefers {by_fit['law']} (by {chosen['aicc_above']:.3g})"
    left = chosen["left_over"].split("; ")[0]
    return said + (f". Its residuals still have {left}." if left else ".")
