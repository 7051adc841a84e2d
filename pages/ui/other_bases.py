"""Other laws and a person's own runs as the base of a plan: their losses, with the factors of Quartet's formats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.fits.bootstrap import Draws
from analysis.laws import Law, get_law
from analysis.plans.schemes import without_factors
from pages.ui import fits
from pages.ui.coefficients import PLAN_DRAWS, Basis
from pages.ui.session import current, facts
from results_db import Store

# Name on the page -> law, source and variant of published values.
PUBLISHED = {
    "Chinchilla, Epoch's refit": ("chinchilla", "chinchilla_replication_2024", "notebook_240pts"),
    "Kaplan et al., joint law": ("kaplan_joint", "kaplan_2020", "table2_joint"),
    "Gadre et al., RedPajama": ("overtraining", "overtraining_scaling_2024", "redpajama"),
}
OWN_LAW = "chinchilla"
FEWEST = 8  # runs of several sizes and tokens that a fit of five parameters needs
CARRIED = "The formats' factors are carried over from Quartet: an assumption, since only its law has them."


def names(store: Store) -> list[str]:
    """The bases on offer besides Quartet's own: published sets that the store holds, then uploads fit for a fit."""
    held = facts(store, "law_coefficients")
    published = [name for name, key in PUBLISHED.items() if len(_rows(held, key))]
    return published + list(_uploads(store))


def with_base(store: Store, name: str, factors: Basis) -> Basis | None:
    """The base of that name with the factors of another basis; None when it cannot be had or its fit did not end."""
    if name in PUBLISHED:
        return _published(store, name, factors)
    runs = _uploads(store).get(name)
    if runs is None:
        return None
    fitted = fits.fitted(OWN_LAW, runs, None, fits.Settings(delta=fits.DELTAS[OWN_LAW]), PLAN_DRAWS)
    if not fitted.full.ended:
        return None
    law = get_law(OWN_LAW)
    sentence = f"Base: law {law.name} fitted on {fitted.full.n_runs} of {name} ({fitted.full.advice}) {CARRIED}"
    return _joined(name, law, fitted.full.values, fitted.full.draws, factors, sentence, _reach(runs["n_params"]))


def _published(store: Store, name: str, factors: Basis) -> Basis | None:
    law_name, source, variant = PUBLISHED[name]
    rows = _rows(facts(store, "law_coefficients"), PUBLISHED[name])
    if rows.empty:
        return None
    law = get_law(law_name)
    values = dict(zip(rows["symbol"], rows["value"].astype(float), strict=True))
    span = next((limit for limit in law.ranges if limit.column == "n_params"), None)
    reach = (span.sentence, span.high) if span else ("Its span of sizes is not on record.", np.inf)
    return _joined(name, law, values, None, factors, f"Base: {source}, {variant}, without intervals. {CARRIED}", reach)


def _joined(
    name: str,
    law: Law,
    values: dict[str, float],
    draws: Draws | None,
    factors: Basis,
    sentence: str,
    reach: tuple[str, float],
) -> Basis:
    own = {symbol: factors.values[symbol] for symbol in (factors.factors.forward, factors.factors.backward)}
    spread = {symbol: factors.draws.values[symbol] for symbol in own} if factors.draws else None
    both = _paired(values, draws.values if draws else None, own, spread)
    base = {param.symbol: values[param.symbol] for param in law.params if param.symbol in values}
    return replace(
        factors,
        label=name,
        law=law,
        values=base | own,
        draws=Draws(law, both) if both else None,
        sentence=f"{sentence} P(win) holds the draws of the base, where it was fitted here, and of the factors.",
        reach=reach[0],
        largest=float(reach[1]),
    )


def _paired(values: dict, drawn: dict | None, own: dict, spread: dict | None) -> dict[str, np.ndarray] | None:
    """Draws of base and factors, side by side: those of two independent fits, a constant where there are none."""
    count = min((len(numbers) for part in (drawn, spread) if part for numbers in part.values()), default=0)
    if not count:
        return None
    constant = {name: np.full(count, value) for name, value in (without_factors(values) | own).items()}
    return constant | {name: numbers[:count] for part in (drawn, spread) if part for name, numbers in part.items()}


def _rows(held: pd.DataFrame, key: tuple[str, str, str]) -> pd.DataFrame:
    law, source, variant = key
    return held[(held["law"] == law) & (held["source_id"] == source) & (held["variant"] == variant)]


def _uploads(store: Store) -> dict[str, pd.DataFrame]:
    """The runs of each upload that can carry a fit, by the name on the page."""
    rows = current(store, "runs", origin="uploaded").dropna(subset=["n_params", "n_tokens", "loss"])
    if rows.empty:
        return {}
    full = rows[rows["forward_format"].fillna("bf16").isin(("bf16", "fp16", "fp32", "none"))]
    datasets = current(store, "datasets")
    labels = dict(zip(datasets["dataset_id"], datasets["name"], strict=True))
    groups: Iterable = full.groupby("dataset_id", sort=False)
    return {f"my runs: {labels.get(key, key)}": own for key, own in groups if _enough(own)}


def _enough(runs: pd.DataFrame) -> bool:
    return len(runs) >= FEWEST and min(runs["n_params"].nunique(), runs["n_tokens"].nunique()) >= 3


def _reach(n_params: pd.Series) -> tuple[str, float]:
    high = float(n_params.max())
    return f"fitted on your runs of {n_params.min():.3g} to {high:.3g} parameters: above is extrapolation", high
