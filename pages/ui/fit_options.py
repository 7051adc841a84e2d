"""The panel of fit options: objective, weights, starts, and terms of parameters in the command line's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from analysis.commands.terms import TERMS, held_and_tied, listed
from analysis.fits.checks import check_runs, check_values
from analysis.fits.fitting import LOSSES
from analysis.laws import Law
from analysis.laws.columns import column_of
from pages.ui import panels
from pages.ui.fits import DELTAS
from pages.ui.glossary import help_for
from pages.ui.tasks import STARTS, Settings

LOSS_WORDS = {"log-huber": "Huber of log losses", "huber": "Huber of losses", "least-squares": "least squares"}
HUBER_DELTAS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
STARTS_OFFERED = (16, STARTS, 256, 1024, 4096)
EVEN = "every row counts once"
WEIGHT = "weight"  # the column of runs that is meant for it


@dataclass(frozen=True)
class Words:
    """A field for words about parameters: label, an example, what they do, and what Settings they say."""

    label: str
    example: str
    does: str
    read: Callable[[str], dict[str, Any]]


def _held(text: str) -> dict[str, Any]:
    fixed, tied = held_and_tied(text)
    return {"fixed": tuple(fixed.items()), "tied": tuple(tied.items())}


FIELDS = {
    "held": Words(
        "Hold or tie parameters",
        "alpha=beta, E=1.69",
        "gives alpha the value of beta and holds E (`--tie` and `--fix` on the command line)",
        _held,
    ),
    "bounds": Words(
        "Bounds",
        "alpha=0.1:0.9",
        f"searches alpha between 0.1 and 0.9 (`--bounds {TERMS['bounds'].form}`)",
        lambda text: {"bounds": tuple(listed("bounds", text).items())},
    ),
    "per": Words(
        "One value per group of rows",
        "E=family",
        f"gives E a value for each family (`--per {TERMS['per'].form}`)",
        lambda text: {"per": tuple(listed("per", text).items())},
    ),
}


def choose(law: Law, rows: pd.DataFrame, group: str) -> Settings:
    """Draws the panel for a law and the rows of a group, collapsed; the settings it says.

    Words that cannot be used are said and count for nothing.
    """
    with st.expander("Fit options", icon=":material/tune:", key="scaling_laws.options"):
        return _with_terms(law, rows, _objective(law, rows, group))


def _objective(law: Law, rows: pd.DataFrame, group: str) -> Settings:
    loss = st.selectbox(
        "Objective",
        list(LOSSES),
        format_func=LOSS_WORDS.__getitem__,
        key=f"scaling_laws.loss.{law.name}",
        bind="query-params",
        help="What the fit minimizes, summed over the runs. Published fits name theirs under Parameters. Log-Huber: "
        + help_for("log-Huber"),
    )
    delta = None if loss == "least-squares" else _delta(law)
    weights = st.selectbox(
        "Weights",
        [EVEN, *weight_columns(rows)],
        format_func=lambda name: name if name == EVEN else column_of(name).words,
        key=f"scaling_laws.weights.{group}",
        bind="query-params",
        help="A column that says how often each row counts (`--weights COLUMN`): an upload may bring one named weight. "
        "Weights say nothing of noise, so a weighted fit has no profiles.",
    )
    starts = st.select_slider(
        "Starts",
        STARTS_OFFERED,
        value=STARTS,
        key="scaling_laws.starts",
        bind="query-params",
        help="Descents from so many random points; the best is taken. The checklist says how many ended there.",
    )
    return Settings(loss, delta, weights=None if weights == EVEN else weights, starts=starts)


def weight_columns(rows: pd.DataFrame) -> list[str]:
    """The columns that may weigh these rows, the one meant for it first: numbers from 0 on in every row that differ."""
    numbers = rows.select_dtypes("number").columns
    sound = [name for name in numbers if (rows[name] >= 0).all() and rows[name].nunique() > 1]
    return sorted(sound, key=lambda name: name != WEIGHT)


def _delta(law: Law) -> float:
    return st.select_slider(
        "Huber δ",
        HUBER_DELTAS,
        value=DELTAS.get(law.name, 1e-3),
        format_func=lambda d: f"{d:g}",
        key=f"scaling_laws.delta.{law.name}",
        bind="query-params",
        help="The objective sums Huber(log predicted - log observed): quadratic for relative errors below δ, linear "
        "above, so that a few bad runs cannot drag the fit. Hoffmann et al. use 1e-3, Quartet 1e-4.",
    )


def _with_terms(law: Law, rows: pd.DataFrame, plain: Settings) -> Settings:
    """The settings with the terms of single parameters; without them where they make no sense together."""
    parameters = ", ".join(param.symbol for param in law.params)
    said: dict[str, Any] = {}
    for name, field in FIELDS.items():
        text = st.text_input(
            field.label,
            key=f"scaling_laws.{name}.{law.name}",
            bind="query-params",
            placeholder=f"none; for example {field.example}",
            help=f"`{field.example}` {field.does}. The parameters of this law: {parameters}; see Symbols.",
        )
        try:
            said |= field.read(text)
        except ValueError as problem:
            _refused(problem)
    if grouped := [param.symbol for param in law.groups if not param.required]:
        shared = st.multiselect(
            "One value for all formats",
            grouped,
            key=f"scaling_laws.shared.{law.name}",
            bind="query-params",
            help="These have one value per format; chosen here, one for all but the baseline (`--shared SYMBOL`).",
        )
        said["shared"] = tuple(shared)
    try:
        return checked(law, rows, replace(plain, **said))
    except ValueError as problem:
        _refused(problem)
        return plain


def checked(law: Law, rows: pd.DataFrame, settings: Settings) -> Settings:
    """The settings; ValueError with a sentence where the law or the rows do not allow them."""
    asked = settings.law(law.name)
    check_values(asked, dict(settings.fixed))
    read = [f"{symbol} per {column}" for symbol, column in settings.per if column in law.numeric_inputs]
    if read:
        raise ValueError(f"{read[0]}: the law reads that number itself; choose a column of names, such as family")
    if settings.per:
        check_runs(asked, rows)
    return settings


def _refused(problem: ValueError) -> None:
    st.warning(f"{panels.plain(str(problem))}. Until then this is left out.", icon=":material/error:")


def words(settings: Settings) -> str:
    """The objective, and what differs from a plain fit, as captions say it."""
    said = [f"{settings.loss}, δ = {settings.delta:g}" if settings.delta else settings.loss]
    held = [f"{name} = {value:g}" for name, value in settings.fixed] + [f"{n} = {other}" for n, other in settings.tied]
    said += [f"held: {', '.join(held)}"] if held else []
    said += [f"{name} within {low:g} and {high:g}" for name, (low, high) in settings.bounds]
    said += [f"{name} per {column_of(column).words}" for name, column in settings.per]
    said += [f"one {name} for all formats" for name in settings.shared]
    said += [f"weighted by {column_of(settings.weights).words}"] if settings.weights else []
    return "; ".join(said)
