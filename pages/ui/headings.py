"""Tables as people read them: headers in words with units, as many digits as mean something, numbers on the right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.fits.fitting import Status
from analysis.laws.columns import COLUMNS

HEADINGS = {
    # residuals
    "along": "along",
    "slope_per_decade": "slope [% per factor of 10]",
    "trend_chance": "chance of such a trend",
    "bend_chance": "chance of such a bend",
    "sign_runs": "runs of one sign",
    "expected_runs": "runs expected",
    "runs_chance": "chance of so few runs",
    # laws side by side
    "free": "free parameters",
    "rms_relative_error": "fit error, rms [%]",
    "held_out": "held-out error, rms [%]",
    "held_out_bias": "held-out error, mean [%]",
    "reach": "reach [times]",
    "rolling": "rolling error, rms [%]",
    "aicc_above": "AICc above the lowest",
    "left_over": "left in the residuals",
    # parameters
    "from": "bootstrap 95% from",
    "to": "bootstrap 95% to",
    "profile from": "profile 95% from",
    "profile to": "profile 95% to",
    # next runs
    "repeats": "repeats (other seeds)",
}

DIGITS = 4  # significant ones
LARGE = 1e4  # from here on, thousands are set apart
MOST_READ = 50  # texts of a column, to tell what they are
NUMBER = re.compile(r"[<>~+\-\u2212]*\d[\d.,]*(e[+-]?\d+)?[kMBT]?( ?[%x])?")


def worded(table: pd.DataFrame, formats: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The column configs of a table: every known header in words with its unit, and the `formats` by column."""
    known = {name: column.label for name, column in COLUMNS.items()} | HEADINGS
    formats = formats or {}
    labels = {str(name): known[name] for name in table.columns if name in known}
    given = {
        name: {**config, "label": config.get("label") or labels.get(name, name)} for name, config in formats.items()
    }
    return labels | given


def readable(table: pd.DataFrame, given: Mapping[str, Any] | None = None) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table and its column configs, with what a config `given` leaves open.

    Names of several words lose their underscores; numbers have four significant digits, with thousands apart from ten
    thousand on; texts that are numbers stand right, as numbers do. Only columns of fractions that reach ten thousand
    change their cells.
    """
    given, shown, configs = given or {}, {}, {}
    for name, column in table.items():
        config = given.get(str(name), str(name))
        if config is None:  # hidden
            shown[name], configs[str(name)] = column, None
            continue
        config = dict(config) if isinstance(config, Mapping) else {"label": _header(config)}
        config["label"] = config.get("label") or _header(str(name))
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            kind = {"type": "number", **(config.get("type_config") or {})}
            if kind["type"] == "number" and not kind.get("format"):
                column, kind["format"] = _digits(column)
                config["type_config"] = kind
        elif _are_numbers(column) and not config.get("alignment"):
            config["alignment"] = "right"
        shown[name], configs[str(name)] = column, config
    return pd.DataFrame(shown, index=table.index), configs


def _header(name: str) -> str:
    return (COLUMNS[name].label if name in COLUMNS else name.replace("_", " ")) if "_" in name else name


def _digits(column: pd.Series) -> tuple[pd.Series, str | None]:
    """The numbers, rounded where their format cannot, and that format (None: as they are)."""
    values = column.to_numpy(float, na_value=np.nan)
    sizes = np.abs(values[np.isfinite(values)])
    large = bool((sizes >= LARGE).any())
    if pd.api.types.is_integer_dtype(column):
        return column, "localized" if large else None
    if large:
        return pd.Series([float(f"{value:.{DIGITS}g}") for value in values], column.index), "localized"
    return column, f"%.{DIGITS}g"


def _are_numbers(column: pd.Series) -> bool:
    """True for texts of which each is a number as `figures.words` and percentages write it, or empty."""
    texts = [value for value in column.dropna().head(MOST_READ).tolist() if value != ""]
    return bool(texts) and all(isinstance(text, str) and NUMBER.fullmatch(text) for text in texts)


def status_words(status: Status) -> str:
    """How a fit ended, as a sentence begins: 'Not identified'."""
    return status.name.replace("_", " ").capitalize()
