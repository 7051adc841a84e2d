"""The tab that asks a law: any law with values on record, or with those of the fit, at numbers of the user's choice."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import Law
from analysis.laws.asking import answers, beyond, needed, questions, sweep
from analysis.laws.columns import COLUMNS, column_of
from pages.ui import figures_rows, headings, law_tables, panels
from pages.ui.inputs import laws_on_offer, title_of
from pages.ui.law_tabs import View
from pages.ui.session import facts, store

THIS_FIT = "this fit"
ACROSS = 4
NO_MODEL = "none: N and D as written"
MANY = 1e6  # numbers of columns that go beyond it are written with their power of ten
SIZES = ("n_params", "n_tokens")
Values = Mapping[str, Mapping[str, float]]  # a set of values by its name


def asked(view: View) -> None:
    """Draws the choice of a law, its values and numbers, and what it answers."""
    law, sets = _chosen(view)
    if not sets:
        panels.empty_state(
            "No values of this law are on record: fit it to runs that have its numbers, and it answers with that fit."
        )
        _card(law)
        return
    x = _numbers(law, sets)
    _said(law, sets, x, view)
    _drawn(law, sets, x)
    _card(law)


def _chosen(view: View) -> tuple[Law, dict[str, Mapping[str, float]]]:
    """The law asked, and the sets of values that it is asked with."""
    laws = {name: law for name, law in laws_on_offer().items() if not law.prepare}
    names = sorted(laws, key=lambda name: name != view.law.name)
    left, right = st.columns([2, 3])
    name = left.selectbox(
        "Law to ask", names, format_func=lambda name: title_of(laws[name]), key="scaling_laws.ask", bind="query-params"
    )
    law = laws[name]
    coefficients = store().coefficient_sets(law.name.partition(":")[0])
    sets: dict[str, Mapping[str, float]] = dict(
        law_tables.published_sets(coefficients, law, set(coefficients["source_id"]))
    )
    if law.name == view.law.name and not any(param.required for param in view.full.law.groups):
        sets[THIS_FIT] = view.full.values
    chosen = right.multiselect(
        "With the values of",
        list(sets),
        list(sets)[:1],
        key=f"scaling_laws.ask.{law.name}.sets",
        bind="query-params",
        help="Sets on record name their source and variant. Several are drawn beside each other; the first one answers "
        "in words.",
    )
    return law, {name: sets[name] for name in chosen}


def _numbers(law: Law, sets: Values) -> dict[str, Any]:
    """The number or the name of every column that a question needs; a number left empty is one that is missing."""
    columns = needed(law)
    x: dict[str, Any] = _model(law) if set(SIZES) <= set(columns) else {}
    asked_for = [column for column in columns if column not in x]
    rows = (st.columns(ACROSS) for _ in range(0, len(asked_for), ACROSS))  # in this order on a telephone too
    for name, place in zip(asked_for, chain.from_iterable(rows), strict=False):
        value = _number(place, law, name) if column_of(name).usual else _group(place, law, name, sets)
        if value is not None:
            x[name] = value
    return x


def _model(law: Law) -> dict[str, Any]:
    """Draws the choice of a released model; its size and tokens, nothing where none is chosen."""
    models = facts(store(), "models").dropna(subset=["tokens_trained_t"]).set_index("model")
    name = st.selectbox(
        "Ask about a released model", [NO_MODEL, *models.index], key=_key(law, "model"), bind="query-params",
        help="Its parameters and the tokens that it was trained on.",
    )  # fmt: skip
    if name == NO_MODEL:
        return {}
    return {"n_params": 1e9 * models["params_total_b"][name], "n_tokens": 1e12 * models["tokens_trained_t"][name]}


def _key(law: Law, name: str) -> str:
    return f"scaling_laws.ask.{law.name}.{name}"


def _number(place, law: Law, name: str) -> float | None:
    column = COLUMNS[name]
    usual = law.absent[name] if name in law.absent else _usual(law, name)
    value = place.number_input(
        column.label[:1].upper() + column.label[1:],
        min_value=0.0,
        value=float(f"{usual:.2g}") if np.isfinite(usual) else None,
        format="%.2e" if column.usual and column.usual[1] >= MANY else "%g",
        key=_key(law, name),
        bind="query-params",
        placeholder="as a missing one",
    )
    return None if value is None or (value == 0 and not column.zero) else float(value)


def _usual(law: Law, name: str) -> float:
    """The middle of what the law was fitted on, else of what a column usually holds."""
    ends = next(((limit.low, limit.high) for limit in law.ranges if limit.column == name and limit.published), None)
    low, high = ends or COLUMNS[name].usual or (1.0, 1.0)
    middle = np.sqrt(max(low, 1e-9) * high)
    return round(middle) if COLUMNS[name].whole else middle


def _group(place, law: Law, name: str, sets: Values) -> str | None:
    """The name of the group for which the sets have values of their own."""
    owners = [param for param in law.groups if param.per == name]
    known = dict.fromkeys(
        key.partition("[")[2].rstrip("]")
        for values in sets.values() for key in values for param in owners if key.startswith(f"{param.symbol}[")
    )  # fmt: skip
    options = [*([] if any(param.required for param in owners) else ["bf16"]), *known]
    return place.selectbox(column_of(name).words.capitalize(), options, key=_key(law, name), bind="query-params")


def _said(law: Law, sets: Values, x: Mapping[str, Any], view: View) -> None:
    first, values = next(iter(sets.items()))
    table = answers(law, values, x)
    predicted = table[table["name"] == law.target]
    if predicted.empty:
        panels.empty_state(f"Write a number for {' and '.join(n for n in law.required_inputs if n not in x)}.")
        return
    said = f"Predicted {law.predicts.words} **{predicted['value'].iloc[0]:.4g}** {law.predicts.unit} by {first}"
    if first == THIS_FIT and view.full.draws:
        low, high = (float(end[0]) for end in view.full.draws.band(pd.DataFrame([x])))
        said += f" [{low:.4g}, {high:.4g}] (95% bootstrap)"
    if set(SIZES) <= x.keys():
        said += f", at {x['n_tokens'] / x['n_params']:.4g} tokens per parameter"
    st.markdown(f"{said}.")
    for sentence in beyond(law, table, x):
        st.warning(f"Over-trained: {sentence}.", icon=":material/trending_up:")
    outside, sentences = law.outside(
        {name: np.array([value]) for name, value in x.items()}, published=first != THIS_FIT
    )
    if outside.any():
        st.warning("; ".join(sentences), icon=":material/block:")
    shown = table.drop(columns="name").assign(value=[law_tables.digits(value) for value in table["value"]])
    panels.show_table(shown, "scaling_laws.answers", f"With the values of {first}.",
                      headings.worded(shown, {"value": st.column_config.NumberColumn(format="%.4g")}))  # fmt: skip


def _drawn(law: Law, sets: Values, x: Mapping[str, Any]) -> None:
    """One answer along one number, a line for each set of values."""
    asked_of = questions(law)
    left, right = st.columns(2)
    name = left.selectbox(
        "Show", list(asked_of), format_func=asked_of.__getitem__, key=f"scaling_laws.ask.{law.name}.show",
        bind="query-params",
    )  # fmt: skip
    numbers = [column for column in needed(law, name) if column in x and column_of(column).usual]
    if not numbers:
        st.caption("It is the same for all numbers: there is nothing to draw.")
        return
    usual = numbers.index("n_tokens") if "n_tokens" in numbers else 0
    along = right.selectbox(
        "Along", numbers, index=usual, format_func=lambda column: COLUMNS[column].label,
        key=f"scaling_laws.ask.{law.name}.along.{name}", bind="query-params",
    )  # fmt: skip
    lines = {title: sweep(law, values, name, x, along) for title, values in sets.items()}
    words = asked_of[name]
    panels.show_figure(
        figures_rows.asked_figure(lines, along, x[along], words, _finding(next(iter(lines.values())), along, words)),
        f"{words} along {COLUMNS[along].words}",
        pd.concat([line.assign(values=title) for title, line in lines.items()]),
        "scaling_laws.asked",
        f"All other numbers as above; star: your number. {_dotted(law)}",
    )


def _finding(line: pd.DataFrame, along: str, words: str) -> str:
    """What the first line does, as a title."""
    known = line.dropna(subset="value")
    what, number = words.partition(" [")[0], COLUMNS[along].words
    what = what[:1].upper() + what[1:]
    if known.empty or np.ptp(known["value"]) <= 1e-9 * known["value"].abs().max():
        return f"{what} does not change with {number}"
    steps = np.diff(known["value"])
    if (steps >= 0).all() or (steps <= 0).all():
        return f"{what} {'rises' if steps.sum() > 0 else 'falls'} with {number}"
    places = {word: known[along][known["value"].agg(end)] for word, end in (("least", "idxmin"), ("largest", "idxmax"))}
    ends = (known[along].iloc[0], known[along].iloc[-1])
    word = next((word for word, place in places.items() if place not in ends), "least")
    return f"{what} is {word} at {places[word]:.2g} {number}"


def _dotted(law: Law) -> str:
    if any(limit.published for limit in law.ranges):
        return "Dotted: outside the law, or outside the runs behind its published values."
    return "Which runs are behind its published values is not on record."


def _card(law: Law) -> None:
    """What the source of the law says of itself, and what its coefficients stand on."""
    source = facts(store(), "sources", source_id=law.source_id)
    claims = facts(store(), "claims", source_id=law.source_id)
    st.subheader("The study behind it")
    if len(source):
        row = source.iloc[0]
        st.markdown(f"{panels.plain(row['title'])} ({row['year']:.0f}); {law.source_id}")
    if law.ranges:
        known = dict.fromkeys(limit.sentence for limit in law.ranges)
        st.caption(" ".join(f"{sentence[:1].upper()}{sentence[1:]}." for sentence in known))
    if claims.empty:
        st.caption("No figure of its abstract is on record.")
        return
    shown = claims[["metric", "value", "value_high", "unit", "format", "condition"]].dropna(axis="columns", how="all")
    panels.show_table(shown, "scaling_laws.study", "What its abstract claims, as printed.", headings.worded(shown))
