"""The planner's law calculator: what any law of any domain predicts, what follows from it, and a fit of own points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.fits.fitting import Fit
from analysis.laws import Law
from analysis.laws.columns import column_of
from analysis.laws.domains import DOMAINS
from pages.ui import any_law_extras, figures_any_law, panels
from pages.ui import any_law_inputs as inputs
from pages.ui.figures import words
from pages.ui.session import facts, store

KEY = inputs.KEY
REACH = 100.0  # the curve spans this factor to both sides of the input
POINTS = 161


def any_law() -> None:
    """Draws the choice of a law and its coefficients, what it predicts, what follows, and the domain's facts."""
    domain, law = inputs.choose_law()
    st.latex(law.formula)
    chosen = inputs.choose_values(store(), law)
    if chosen:
        values, origin, found = chosen
        if law.prepare:
            any_law_extras.curves(law, values, origin)
        else:
            _calculated(law, values, origin, found)
    for note in law.notes:
        st.caption(f":material/info: {panels.plain(note)}")
    _domain(domain)


def _calculated(law: Law, values: dict[str, float], origin: str, found: Fit | None) -> None:
    x = inputs.choose_inputs(law, values)
    try:
        predicted = float(law.evaluate(values, x))
    except ValueError as problem:
        st.error(panels.plain(str(problem)), icon=":material/error:")
        return
    _said(law, values, x, origin, found, predicted)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _curve(law, values, x, origin, found)
    with right:
        _follows(law, values, x)
        if found is not None:
            _fitted(found)
    if law.name in any_law_extras.EXTRAS:
        any_law_extras.EXTRAS[law.name](values, x)


def _said(
    law: Law, values: dict[str, float], x: Mapping[str, Any], origin: str, found: Fit | None, predicted: float
) -> None:
    if not np.isfinite(predicted):
        st.warning("The law has no value here: these inputs lie outside of what its form can express.",
                   icon=":material/error:")  # fmt: skip
        return
    interval = ""
    if found is not None and found.draws is not None:
        low, high = found.draws.band(pd.DataFrame({name: [value] for name, value in x.items()}))
        interval = f" [{low[0]:.4g}, {high[0]:.4g}]"
    unit = f" {law.predicts.unit}" if law.predicts.unit else ""
    st.success(
        f"{law.predicts.words[:1].upper()}{law.predicts.words[1:]}: **{_digits(predicted)}**{unit}{interval}, by "
        f"{panels.plain(origin)}.",
        icon=":material/calculate:",
    )
    beyond, why = law.outside({name: np.array(v) for name, v in x.items()}, published=found is None)
    if beyond.any():
        st.warning("; ".join(panels.plain(sentence) for sentence in why) + ".", icon=":material/warning:")


def _digits(number: float) -> str:
    return words(number, 4) if abs(number) >= 1e4 else f"{number:.4g}"


def _curve(law: Law, values: dict[str, float], x: dict[str, Any], origin: str, found: Fit | None) -> None:
    numeric = [name for name in law.inputs if column_of(name).usual]
    along = str(
        st.selectbox("Along", numeric, format_func=lambda name: column_of(name).words, key=f"{KEY}.along.{law.name}",
                     bind="query-params")
    )  # fmt: skip
    here = float(x[along]) or inputs.usual_number(along)
    grid = np.geomspace(here / REACH, here * REACH, POINTS)
    frame = pd.DataFrame({name: value if name != along else grid for name, value in x.items()})
    predicted = law.evaluate(values, frame)
    beyond, _ = law.outside(frame[numeric], published=found is None)
    table = frame.assign(predicted=predicted, outside=beyond)
    band = found.draws.band(frame) if found is not None and found.draws is not None else None
    title = f"{law.predicts.words[:1].upper()}{law.predicts.words[1:]} by {column_of(along).words}"
    panels.show_figure(
        figures_any_law.curve_figure(table, along, law.predicts.label, column_of(along).label, here, band, title),
        title,
        table,
        f"{KEY}.curve",
        f"{panels.plain(law.title)}, {panels.plain(origin)}; everything else as chosen above. Dotted: outside of what "
        "the law or its coefficients are known to hold for. "
        + ("Band: 95% over bootstrap resamples." if band is not None else "No interval is known for these values."),
    )


def _follows(law: Law, values: dict[str, float], x: dict[str, Any]) -> None:
    """Draws what follows from the law, with inputs for what that needs besides the law's own."""
    if not law.derived:
        return
    further = dict.fromkeys(name for own in law.derived for name in own.given if name not in law.inputs)
    st.markdown("**What follows**")
    given = dict(x)
    columns = st.columns(2)
    for i, name in enumerate(further):
        given[name] = inputs.number(columns[i % 2], name)
    panels.show_table(follows(law, values, given), f"{KEY}.follows", "Derived from the law and the numbers above.")


def follows(law: Law, values: Mapping[str, float], given: Mapping[str, Any]) -> pd.DataFrame:
    """What a law derives from these values and inputs: quantity, value, source; what cannot be, with the reason."""
    rows = []
    for own in law.derived:
        try:
            value = float(np.ravel(law.derive(own.name, values, given))[0])
            said = _digits(value) if np.isfinite(value) else "none here"
        except (ValueError, ZeroDivisionError) as problem:
            said = str(problem)
        rows.append({"value": said, "quantity": own.meaning, "source": own.source})
    return pd.DataFrame(rows)


def _fitted(found: Fit) -> None:
    rows = [
        {"symbol": name, "value": value, "from": found.intervals.get(name, (np.nan, np.nan))[0],
         "to": found.intervals.get(name, (np.nan, np.nan))[1]}
        for name, value in found.values.items()
    ]  # fmt: skip
    number = st.column_config.NumberColumn
    panels.show_table(
        pd.DataFrame(rows),
        f"{KEY}.fitted",
        f"Fitted to {found.n_runs} rows, with 95% bootstrap intervals.",
        {name: number(f"95% {name}" if name in ("from", "to") else name, format="%.4g")
         for name in ("value", "from", "to")},
    )  # fmt: skip


def _domain(name: str) -> None:
    """Draws what is published of the domain."""
    domain = DOMAINS[name]
    st.caption(f"**{name}**: {domain.sentence}")
    claims = facts(store(), "claims", source_id=list(domain.sources)) if domain.sources else pd.DataFrame()
    if len(claims):
        columns = ["claim_id", "subject", "metric", "value", "value_high", "unit", "baseline", "task"]
        panels.show_table(
            claims[columns], f"{KEY}.claims", f"Published of {name}: ranges and figures from the abstracts."
        )
