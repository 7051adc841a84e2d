"""One's own methods at equal hours: points of each, the power law through them, and where two of them meet."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.plans.equal_hours import HOURS, Method, crossing, crossing_interval, fitted_method, tokens_seen
from pages.ui import figures_hours, panels
from pages.ui.figures import words
from pages.ui.session import facts
from results_db import Store

KEY = "planner.hours"
COLUMNS = ("tokens_per_s", "hours", "loss")
MOST_ROWS, MOST_METHODS = 2000, 6
EXAMPLE = "method,tokens_per_s,hours,loss\nGPT,120k,6,3.1\nGPT,120k,12,2.97\nLSTM,1.2M,6,3.3\n"
SUFFIXES = {"k": 1e3, "M": 1e6, "B": 1e9}


def draw(store: Store) -> None:
    """Draws the drop zone; of a table of points, the fits, their crossings and what equal hours mean in tokens."""
    st.subheader("My own methods at equal hours")
    claims = facts(store, "claims", source_id="languini_2023").set_index("claim_id")["value"].to_dict()
    printed = claims.get("languini_2023-02")
    if printed is not None:
        st.caption(
            f"languini_2023 extrapolates two such curves: an LSTM of {claims.get('languini_2023-01', 10):.0f} times "
            f"the throughput meets a GPT near {printed:,.0f} hours. Its points are not in the store; with yours, the "
            "meeting point gets an interval."
        )
    left, right = st.columns([3, 1])
    dropped = left.file_uploader(
        "A CSV table: method, tokens_per_s (of one accelerator), hours, loss",
        type="csv",
        key=f"{KEY}.own",
        max_upload_size=1,
    )
    constant = right.toggle(
        "Losses level off", key=f"{KEY}.constant", bind="query-params",
        help="Fit what endless tokens leave (E); without it a plain power law, which few points can tell.",
    )  # fmt: skip
    if dropped is None:
        st.code(EXAMPLE, language=None)
        return
    try:
        points = read_points(dropped.getvalue())
        methods = _methods(points, bool(constant))
    except ValueError as problem:
        st.error(panels.plain(str(problem)), icon=":material/error:")
        return
    _meetings(points, methods, printed)


def read_points(content: bytes) -> pd.DataFrame:
    """The points of methods: method, tokens_per_s, hours, loss, all above 0. ValueError names row and column."""
    try:
        table = pd.read_csv(io.BytesIO(content), nrows=MOST_ROWS + 1, dtype=str, skipinitialspace=True)
    except (ValueError, UnicodeDecodeError) as problem:
        raise ValueError(f"this is no CSV table in UTF-8: {problem}") from problem
    missing = [name for name in ("method", *COLUMNS) if name not in table]
    if missing:
        raise ValueError(f"the table lacks {', '.join(missing)}; its first row must name method, {', '.join(COLUMNS)}")
    if not 0 < len(table) <= MOST_ROWS:
        raise ValueError(f"the table has {len(table)} rows; give 1 to {MOST_ROWS:,}")
    numbers = {name: [_number(text, row, name) for row, text in enumerate(table[name], 2)] for name in COLUMNS}
    points = table[["method"]].fillna("").assign(**numbers)
    if points["method"].nunique() > MOST_METHODS:
        raise ValueError(f"the table names {points['method'].nunique()} methods; give at most {MOST_METHODS}")
    return points


def _number(text: object, row: int, column: str) -> float:
    said = str(text).strip()
    factor = SUFFIXES.get(said[-1:], 1.0)
    try:
        number = float(said[:-1] if factor > 1 else said) * factor
    except ValueError:
        number = np.nan
    if not (np.isfinite(number) and number > 0):
        raise ValueError(f"row {row}: {column} is '{said}'; write a number above 0, such as 1200, 1.2e3 or 1.2k")
    return number


@st.cache_data(show_spinner="Fitting each method", max_entries=16)
def _methods(points: pd.DataFrame, constant: bool) -> list[Method]:
    return [fitted_method(str(name), own, constant) for name, own in points.groupby("method", sort=False)]


def _meetings(points: pd.DataFrame, methods: list[Method], printed: float | None) -> None:
    """Draws the curves of the methods, where they meet, and what the longest run's hours mean for each."""
    met = meetings(methods)
    last = float(points["hours"].max())
    found = met.dropna(subset=["hours"])
    end = max([last * 10, *found["hours"]])
    title = (
        f"{found['methods'].iloc[0]} meet at {words(found['hours'].iloc[0])} hours"
        if len(found)
        else "No two of these methods ever meet"
    )
    curves = _curves(methods, np.geomspace(float(points["hours"].min()) / 2, end * 3, 201))
    marks = {f"{row['methods']}: {words(row['hours'])} h": row["hours"] for row in found.to_dict("records")}
    beyond = f" Extrapolated {end / last:.0f} times beyond the longest run." if end > 10 * last else ""
    panels.show_figure(
        figures_hours.methods_figure(curves, points, last, marks, title),
        f"Loss of each method by accelerator hours: {title}",
        curves,
        f"{KEY}.methods",
        f"{len(points)} points; power laws over tokens, log-Huber; dotted beyond the longest run.{beyond}"
        + (f" languini_2023's own two met near {printed:,.0f} hours." if printed is not None else ""),
    )
    panels.show_table(
        met,
        f"{KEY}.meetings",
        "Where two methods meet, with the 95% interval over bootstrap resamples of their points, and the share of the "
        "resamples in which they meet at all.",
        {
            "hours": st.column_config.NumberColumn(format="compact"),
            "low": st.column_config.NumberColumn("95% from", format="compact"),
            "high": st.column_config.NumberColumn("95% to", format="compact"),
            "draws": st.column_config.NumberColumn("meet in [%]", format="%.0f"),
        },
    )
    _at_equal_hours(methods, last)


def meetings(methods: list[Method]) -> pd.DataFrame:
    """One row per pair of methods: methods, hours at which they meet, low and high (95%), draws that meet [%]."""
    rows = []
    for first, second in combinations(methods, 2):
        share, low, high = crossing_interval(first, second)
        at = crossing(first.loss(HOURS), second.loss(HOURS))
        names = f"{first.name} and {second.name}"
        rows.append({"methods": names, "hours": at, "low": low, "high": high, "draws": 100 * share})
    return pd.DataFrame(rows, columns=["methods", "hours", "low", "high", "draws"])


def _curves(methods: list[Method], hours: np.ndarray) -> pd.DataFrame:
    """The fitted loss of every method at these hours: method, hours, n_tokens, loss."""
    parts = [
        pd.DataFrame(
            {
                "method": own.name,
                "hours": hours,
                "n_tokens": tokens_seen(own.tokens_per_s, hours),
                "loss": own.loss(hours),
            }
        )
        for own in methods
    ]
    return pd.concat(parts, ignore_index=True)


def _at_equal_hours(methods: list[Method], hours: float) -> None:
    panels.show_table(
        pd.DataFrame(
            {
                "method": [own.name for own in methods],
                "tokens_per_s": [own.tokens_per_s for own in methods],
                "tokens": [float(tokens_seen(own.tokens_per_s, hours)) for own in methods],
                "alpha": [own.found.values["alpha"] for own in methods],
                "loss": [float(own.loss(np.array([hours]))[0]) for own in methods],
            }
        ),
        f"{KEY}.rates",
        f"At {hours:,.6g} equal hours.",
        {
            "tokens_per_s": st.column_config.NumberColumn("tokens/s of one", format="compact"),
            "tokens": st.column_config.NumberColumn(format="compact"),
            "alpha": st.column_config.NumberColumn("exponent", format="%.3f"),
            "loss": st.column_config.NumberColumn("fitted loss", format="%.3f"),
        },
    )
