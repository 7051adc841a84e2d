"""Further formats that compete in the planner: published methods with both factors, and a person's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.fits.bootstrap import Draws
from analysis.plans.planner import FP4_BITS
from analysis.plans.schemes import Precision, Scheme
from analysis.plans.speed import SpeedTable, constant
from pages.ui.coefficients import Basis
from pages.ui.session import facts
from results_db import Store

METHODS = ("quartet_2025", "method_", "paper_v4_")  # source, and what its variants with both factors begin with
OWN_HELP = (
    "name eff_N eff_D, then optionally forward speed, backward speed (over FP8) and bits per weight; several separated "
    "by semicolons: nvfp4 0.72 0.93 2 2 4.5; int4 0.5 0.15. Without speeds they run as FP4 does."
)
FIELDS = ("eff_N", "eff_D", "forward speed", "backward speed", "bits")


@dataclass(frozen=True)
class Entered:
    """A format as entered: its factors, its speeds over FP8 (None: those of FP4) and its bits per weight."""

    name: str
    eff_n: float
    eff_d: float
    speeds: tuple[float, float] | None = None
    bits: float = FP4_BITS


def choose(store: Store, key: str) -> list[Entered]:
    """Draws the choice of further formats."""
    known = methods(facts(store, "law_coefficients", law="quartet"))
    with st.expander("More formats", icon=":material/add:"):
        names = st.multiselect(
            "Published methods", list(known), key=f"{key}.methods", bind="query-params",
            help="Ways of 4-bit training with both factors on record; each competes with FP4's speed.",
        )  # fmt: skip
        text = st.text_input("Your own", key=f"{key}.formats", bind="query-params", help=OWN_HELP, max_chars=500)
        try:
            own = entered(text or "")
        except ValueError as problem:
            st.warning(f"{problem}.", icon=":material/error:")
            own = []
    return [known[name] for name in names] + own


def methods(coefficients: pd.DataFrame) -> dict[str, Entered]:
    """The published variants that have both factors, by name."""
    source, *begins = METHODS
    rows = coefficients[(coefficients["source_id"] == source) & coefficients["symbol"].isin(("eff_n", "eff_d"))]
    found = {}
    for variant, own in rows.groupby("variant", sort=False):
        values = dict(zip(own["symbol"], own["value"].astype(float), strict=True))
        if str(variant).startswith(tuple(begins)) and len(values) == 2:
            name = str(variant).removeprefix("method_").replace("_", " ")
            found[name] = Entered(name, values["eff_n"], values["eff_d"])
    return found


def entered(text: str) -> list[Entered]:
    """The formats of a text (OWN_HELP). Raises ValueError naming what is wrong and what to write."""
    found = []
    for part in filter(None, (own.strip() for own in text.split(";"))):
        name, *numbers = part.split()
        if len(numbers) not in (2, 4, 5):
            raise ValueError(
                f"'{part[:60]}' has {len(numbers)} numbers; write name eff_N eff_D, then both speeds, bits"
            )
        values = [_number(field, number) for field, number in zip(FIELDS, numbers, strict=False)]
        speeds = (values[2], values[3]) if len(values) > 2 else None
        found.append(Entered(name, values[0], values[1], speeds, values[4] if len(values) > 4 else FP4_BITS))
    return found


def _number(field: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not 0 < value <= 64:
        raise ValueError(f"{field} is '{text[:20]}'; write a number above 0, such as 0.65")
    return value


def with_formats(
    basis: Basis, schemes: Sequence[Scheme], formats: Sequence[Entered], fp4: tuple[SpeedTable, ...], spread: float
) -> tuple[Basis, tuple[Scheme, ...]]:
    """The basis with the factors of further formats, and the schemes with each of them in both passes."""
    why_not = next((own.why_not for own in schemes if own.forward.name == "fp4"), None)
    values: dict[str, float] = {}
    added = []
    for own in formats:
        symbols = f"eff_n[{own.name}, entered]", f"eff_d[{own.name}, entered]"
        values |= dict(zip(symbols, (own.eff_n, own.eff_d), strict=True))
        speeds = (constant(*own.speeds, f"entered for {own.name}"),) if own.speeds else fp4
        precision = Precision(own.name, own.bits, *symbols, speeds, spread, None if own.speeds else why_not)
        added.append(Scheme(precision, precision))
    return _extended(basis, values), (*schemes, *added)


def _extended(basis: Basis, values: Mapping[str, float]) -> Basis:
    draws = basis.draws and Draws(
        basis.draws.law, basis.draws.values | {name: np.full(len(basis.draws), own) for name, own in values.items()}
    )
    return replace(basis, values={**basis.values, **values}, draws=draws)
