"""Headers of tables in words with units: one list for every column that analysis names for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def worded(table: pd.DataFrame, formats: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The column configs of a table: every known header in words with its unit, and the `formats` by column."""
    known = {name: column.label for name, column in COLUMNS.items()} | HEADINGS
    formats = formats or {}
    labels = {str(name): known[name] for name in table.columns if name in known}
    given = {
        name: {**config, "label": config.get("label") or labels.get(name, name)} for name, config in formats.items()
    }
    return labels | given


def status_words(status: Status) -> str:
    """How a fit ended, as a sentence begins: 'Not identified'."""
    return status.name.replace("_", " ").capitalize()
