"""What the planner's law calculator asks: a law, its coefficients, and a number for each of its inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from analysis.fits.fitting import Fit
from analysis.laws import LAWS, Law, get_law
from analysis.laws.columns import COLUMNS, Column, column_of
from analysis.laws.domains import DOMAINS
from analysis.laws.param import from_search, to_search
from pages.ui import any_law_points, panels
from pages.ui.any_law_points import KEY
from pages.ui.session import facts
from results_db import Store

OWN_VALUES, OWN_POINTS = "values of my own", "a fit of my own points"
# Law without published coefficients -> the law of the same symbols whose sets its source says hold for it too.
BORROWED = {"average_parameters": "chinchilla"}
# Numbers that derived quantities ask for besides the columns that laws read: words, and the number at first.
FURTHER = {
    "kept_share": ("share of the parameters kept", 0.5),
    "prune_start": ("pruning starts at this share of training", 0.25),
    "prune_end": ("pruning ends at this share of training", 0.75),
    "least_gain": ("least gain that a try must bring", 0.01),
    "alpha_B": ("exponent of the critical batch alpha_B", 0.21),
    "single_beta": ("multiplier beta of a model of this pair alone", 0.5),
}
USUAL = {
    "n_params": 1e9,
    "n_tokens": 2e10,
    "start_pass_rate": 0.25,
    "pass_rate": 0.5,
    "samples": 100.0,
    "coverage": 0.8,
    "sparsity": 0.9,
}


def laws_of(domain: str) -> dict[str, Law]:
    """The laws of a domain, its general forms among them; the general form without a column is left out."""
    own = {name: law for name, law in LAWS.items() if law.domain == domain and name != "power_law"}
    return own | {name: get_law(name) for name in DOMAINS[domain].general}


def title_of(law: Law) -> str:
    """The title of a law; a general form says in what."""
    column = law.name.partition(":")[2]
    return f"{law.title} in {COLUMNS[column].words}" if column else law.title


def usual_values(law: Law) -> dict[str, float]:
    """A value for each parameter without groups: its default, else the middle of where a fit starts.

    Of a general power law, A makes the usual amount leave 1 on top of E.
    """
    values = {
        param.symbol: float(from_search(np.mean(to_search(param.starts, param.sign)), param.sign))
        if param.default is None
        else param.default
        for param in law.params
        if not param.per
    }
    column = law.name.partition(":")[2]
    return values | {"A": float(f"{usual_number(column) ** values['alpha']:.4g}")} if column else values


def usual_number(name: str) -> float:
    """The number that an input has at first: the middle of its usual span, in logs, with one digit."""
    if name in FURTHER:
        return FURTHER[name][1]
    if name in USUAL:
        return USUAL[name]
    low, high = column_of(name).usual or (1.0, 1.0)
    return float(f"{np.sqrt(max(low, 1e-9) * high):.1g}")


def choose_law() -> tuple[str, Law]:
    """Draws the choice of a domain and of one of its laws."""
    domain = str(
        st.pills("Domain", list(DOMAINS), default=next(iter(DOMAINS)), key=f"{KEY}.domain", bind="query-params",
                 required=True)
    )  # fmt: skip
    offered = laws_of(domain)
    usual = next((name for name in ("chinchilla", "coverage", "rl_sigmoid") if name in offered), next(iter(offered)))
    names = sorted(offered, key=lambda name: name != usual)
    name = st.selectbox(
        "Law", names, format_func=lambda name: title_of(offered[name]), key=f"{KEY}.law.{domain}", bind="query-params"
    )
    return domain, offered[str(name)]


def choose_values(store: Store, law: Law) -> tuple[dict[str, float], str, Fit | None] | None:
    """Draws the choice of coefficients: a published set, own numbers, or a fit of own points; None until there are
    any. With them the words that say where they come from, and the fit."""
    published = published_sets(store, law)
    names = [*published, OWN_VALUES, OWN_POINTS]
    chosen = str(st.selectbox("Coefficients", names, key=f"{KEY}.set.{law.name}", bind="query-params"))
    if chosen in published:
        return published[chosen], chosen, None
    if chosen == OWN_VALUES:
        return _own_values(law), "values typed above", None
    found = any_law_points.own_fit(law)
    if found is None:
        return None
    st.caption(panels.plain(found.advice))
    return (dict(found.values), "a fit of your points", found) if found.ended else None


def published_sets(store: Store, law: Law) -> dict[str, dict[str, float]]:
    """The published sets of a law that have a value for every parameter without groups, by source and variant."""
    needed = {param.symbol for param in law.params if not param.per and param.default is None}
    found = {}
    for name in filter(None, (law.name, BORROWED.get(law.name))):
        rows = facts(store, "law_coefficients", law=name)
        for (source, variant), own in rows.groupby(["source_id", "variant"], sort=False):  # ty: ignore[not-iterable]
            values = {str(s): float(v) for s, v in zip(own["symbol"], own["value"], strict=True)}
            if needed <= values.keys():
                found[f"{source}: {variant}" if name == law.name else f"law {name}, {source}: {variant}"] = values
    return found


def _own_values(law: Law) -> dict[str, float]:
    values, columns = {}, st.columns(4)
    for i, (symbol, usual) in enumerate(usual_values(law).items()):
        param = next(p for p in law.params if p.symbol == symbol)
        low, high = param.bounds
        values[symbol] = float(
            columns[i % 4].number_input(
                panels.plain(symbol), low, high, usual, format="%.6g", key=f"{KEY}.{law.name}.{symbol}",
                bind="query-params", help=param.meaning,
            )
        )  # fmt: skip
    return values


def choose_inputs(law: Law, values: Mapping[str, float]) -> dict[str, float | str]:
    """Draws a number for each input of a law, and a group where some parameter has one per group."""
    names = [name for name in law.inputs if column_of(name).usual]
    chosen: dict[str, float | str] = {}
    columns = st.columns(4)
    for i, name in enumerate(names):
        chosen[name] = number(columns[i % 4], name)
    for j, param in enumerate(law.groups, len(names)):
        known = [n.partition("[")[2].rstrip("]") for n in values if n.startswith(f"{param.symbol}[")]
        if known:
            offered = known if param.required else [param.baseline or "none", *known]
            chosen[str(param.per)] = str(
                columns[j % 4].selectbox(column_of(str(param.per)).words, offered, key=f"{KEY}.{law.name}.{param.per}")
            )
    return chosen


def number(place, name: str) -> float:
    """Draws the input of one number, with the words and the unit of its column."""
    words, column = (FURTHER[name][0], Column("")) if name in FURTHER else (column_of(name).label, column_of(name))
    low = 0.0 if name in FURTHER or column.zero else 1e-12
    return float(
        place.number_input(words, low, 1e30, usual_number(name), format="%.6g", key=f"{KEY}.x.{name}",
                           bind="query-params")
    )  # fmt: skip
