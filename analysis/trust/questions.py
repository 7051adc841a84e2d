"""The questions that a fit must answer to be trusted or repeated, each with its answer from the runs and the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.fits.fitting import Fit
from analysis.fits.optimum import optimum
from analysis.laws.columns import COLUMNS
from analysis.trust.holdout import size_of, size_words
from analysis.trust.influence import most_influential
from analysis.trust.profile import Profiles
from analysis.trust.residuals import findings, structure

ENOUGH = 5  # runs per free parameter
TOGETHER = 0.9  # correlation of log N and log D from which the runs do not vary them separately
FEW_AGREE = 0.05


@dataclass(frozen=True)
class Evidence:
    """What was found out about a fit besides its values; None or empty where it was not asked for.

    `influence` is the table of analysis.trust.influence, `rolled` that of analysis.trust.holdout.rolling, `left_out`
    how many runs were left out and why, `starts` the number of starts.
    """

    profiles: Profiles | None = None
    influence: pd.DataFrame | None = None
    rolled: pd.DataFrame | None = None
    left_out: str = ""
    starts: int | None = None


@dataclass(frozen=True)
class Item:
    """A question, its answer with numbers, and a caution, '' when there is none."""

    question: str
    answer: str
    caution: str = ""


def form(found: Fit) -> Item:
    """Which law, and what was free."""
    tied = found.law.tied
    held = {n: v for n, v in found.values.items() if n not in found.free and n.partition("[")[0] not in tied}
    words = ", ".join([*(f"{n} = {v:.6g}" for n, v in held.items()), *(f"{n} = {other}" for n, other in tied.items())])
    within = found.law.terms.bounds.items() if found.law.terms else ()
    bounds = "".join(f"; {name} was searched within {low:g} and {high:g}" for name, (low, high) in within)
    answer = f"We fitted {found.law.title}, ${found.law.formula}$, with {len(found.free)} free parameters"
    answer += f" ({', '.join(found.free)})" if len(found.free) <= 12 else ""
    return Item("Which law, and which parameters were free?", answer + (f" and {words} held" if words else "") + bounds)


def amount(found: Fit, runs: pd.DataFrame, known: Evidence) -> Item:
    """How many runs, of which sources."""
    per = found.n_runs / max(1, len(found.free))
    sources = " and ".join(map(str, runs["source_id"].unique())) if "source_id" in runs else "one table"
    answer = f"The fit uses {found.n_runs} runs from {sources}, {per:.3g} per free parameter"
    caution = f"only {per:.2g} runs per free parameter" if per < ENOUGH else ""
    return Item("How many runs?", answer + (f"; {known.left_out}" if known.left_out else ""), caution)


def ranges(found: Fit, runs: pd.DataFrame) -> list[Item]:
    """What the runs span, and whether size and data vary separately."""
    size = size_of(found.law, runs)
    spans = {str(size.name): size} | {n: runs[n] for n in found.law.numeric_inputs if n in runs}
    words = [_span(name, values) for name, values in spans.items() if values.notna().all()]
    items = [Item("Which range do they span?", "They span " + ", ".join(words))]
    if {"n_params", "n_tokens"} <= set(found.law.inputs):
        together = float(np.corrcoef(np.log(runs["n_params"]), np.log(runs["n_tokens"]))[0, 1])
        caution = "size and data rise together, so the law cannot tell them apart" if abs(together) > TOGETHER else ""
        items.append(Item("Do size and data vary separately?", f"log N and log D correlate by {together:.2f}", caution))
    return items


def _span(name: str, values: pd.Series) -> str:
    low, high = float(values.min()), float(values.max())
    times = f" (a factor of {high / low:.3g})" if 0 < low < high else ""
    return f"{low:.3g} to {high:.3g} {COLUMNS[name].unit or COLUMNS[name].words}{times}"


def counted(found: Fit, runs: pd.DataFrame) -> list[Item]:
    """What N counts."""
    if "n_params" not in found.law.inputs:
        return []
    kinds = sorted(runs["params_counted"].dropna().unique()) if "params_counted" in runs else []
    answer = f"N counts {' and '.join(kinds).replace('_', '-')} parameters" if kinds else "What N counts is not stated"
    caution = ""
    if len(kinds) > 1:
        caution = "the runs count parameters in different ways"
    elif kinds and found.law.counts in ("total", "non_embedding") and kinds[0] != found.law.counts:
        wanted = found.law.counts.replace("_", "-")
        caution = f"the law's source counts {wanted} parameters: its coefficients do not apply to these"
    elif not kinds:
        caution = "whether N counts embeddings is not stated"
    return [Item("What does N count?", answer, caution)]


def measured(found: Fit, runs: pd.DataFrame) -> list[Item]:
    """What is predicted."""
    if found.law.target != "loss":
        return [Item("What is predicted?", f"The law predicts {found.law.predicts.label}")]
    names = sorted(runs["loss_name"].dropna().unique()) if "loss_name" in runs else []
    answer = f"The loss is {' and '.join(names)}" if names else "Which loss it is, is not stated"
    caution = "losses of different data sets are fitted together" if len(names) > 1 else ""
    return [Item("Which loss?", answer, caution or ("" if names else "data and split of the loss are not stated"))]


def objective(found: Fit, runs: pd.DataFrame, known: Evidence) -> Item:
    """What was minimized, from how many starts."""
    kind = "least squares" if not np.isfinite(found.delta) else f"{found.loss} with delta {found.delta:g}"
    answer = f"The objective is the sum over runs of {kind}, {found.objective:.5g} at the optimum"
    if found.weights is not None:
        answer += ", each run counted by its weight"
    elif np.isfinite(found.delta) and found.free:
        answer += f"; {100 * optimum(found, runs).noise.inside:.0f}% of the noise lies inside delta"
    if known.starts:
        answer += f". {known.starts} random starts; {100 * found.agreement:.0f}% ended within 0.01% of it"
    few = known.starts is not None and found.agreement < FEW_AGREE
    return Item("Which objective, from how many starts?", answer, "few starts agree on the optimum" if few else "")


def accuracy(found: Fit, runs: pd.DataFrame) -> Item:
    """How closely the law follows its runs."""
    relative = found.predict(runs) / runs[found.law.target].to_numpy(float) - 1
    answer = (
        f"The law follows the runs within {100 * np.sqrt(np.mean(relative**2)):.2g}% (rms; largest "
        f"{100 * np.abs(relative).max():.2g}%)"
    )
    left = findings(structure(found.law, runs, relative))
    return Item("How well does it fit?", answer, f"the residuals have {left[0]}" if left else "")


def certainty(found: Fit, known: Evidence) -> list[Item]:
    """How intervals were made and what they are."""
    draws = f"{len(found.draws)} bootstrap resamples of the runs" if found.draws else ""
    if not known.profiles:
        return [Item("How were intervals made?", f"Intervals are 95% of {draws}")] if draws else []
    share = f"{100 * known.profiles.share:.0f}%"
    answer = f"Intervals are {share} of the profile likelihood" + (f", beside {share} of {draws}" if draws else "")
    loose = [name for name, profile in known.profiles.by_symbol.items() if not profile.identified]
    caution = f"{', '.join(loose)} {'is' if len(loose) == 1 else 'are'} not identified" if loose else ""
    ends = [
        f"{n} {p.value:.4g} [{p.interval[0]:.4g}, {p.interval[1]:.4g}]" for n, p in known.profiles.by_symbol.items()
    ]
    return [Item("How sure are the parameters?", answer + (f": {', '.join(ends)}" if len(ends) <= 12 else ""), caution)]


def extrapolation(found: Fit, runs: pd.DataFrame, known: Evidence) -> list[Item]:
    """How far it misses runs that it has not seen."""
    if known.rolled is None:
        return []
    if known.rolled.empty:
        caution = "too few runs to hold some out: extrapolation is untested"
        return [Item("Was it tested beyond its runs?", "No runs were held out", caution)]
    row = known.rolled.iloc[len(known.rolled) // 2]
    unit = size_words(size_of(found.law, runs))
    answer = (
        f"Fitted on the {row['n_below']:.0f} runs up to {row['cut']:.3g} {unit}, it misses the {row['n_runs']:.0f} "
        f"larger ones, up to {row['reach']:.3g} times, by {100 * row['rms_relative_error']:.2g}% (rms)"
    )
    return [Item("Was it tested beyond its runs?", answer)]


def sensitivity(found: Fit, known: Evidence) -> list[Item]:
    """How much depends on single runs."""
    if known.influence is None:
        return []
    table = known.influence
    whole = float(table["prediction"].median())
    single = most_influential(table, whole)
    answer = (
        f"Leaving out one run moves the prediction at the largest run by at most "
        f"{100 * abs(single['prediction'] / whole - 1):.2g}% (run {single['left_out']})"
    )
    largest = table[table["left_out"].astype(str) == "largest 10%"]
    if len(largest):
        moved = 100 * abs(float(largest["prediction"].iloc[0]) / whole - 1)
        answer += f", leaving out the largest tenth by {moved:.2g}%"
    return [Item("How much depends on single runs?", answer)]
