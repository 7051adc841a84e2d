"""Tabs that compare on the tensor under study: exponent splits, integers with floats, and many kinds of tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from analysis.formats import get_format
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.survey import survey
from analysis.formats.sweep import sweep, winners
from pages.ui import figures_splits, panels
from pages.ui.format_tensors import Study
from pages.ui.session import in_worker, store
from pages.ui.working import computed

SWEPT = 2**16
BLOCKS = {"one scale": "tensor", "a scale a row": "row", "blocks of 128": 128, "blocks of 32": 32, "blocks of 16": 16}
COST_CLAIM = "fp8_vs_int8_2023-01"
ACROSS_SHAPE = (64, 1024)
WINNERS = {
    "bits": st.column_config.NumberColumn("bits"),
    "float": st.column_config.TextColumn("best float"),
    "float_db": st.column_config.NumberColumn("its SQNR [dB]", format="%.2f"),
    "integer_db": st.column_config.NumberColumn("integer's SQNR [dB]", format="%.2f"),
    "ahead_db": st.column_config.NumberColumn("float ahead [dB]", format="%.2f"),
    "winner": st.column_config.TextColumn("winner"),
}


def exponent_splits(study: Study, rounding: str) -> None:
    """Every ExMy of 3 to 8 bits on the tensor, with the winner at each width."""
    found = _swept(study, rounding)
    if found is None:
        return
    frame, words = found
    table = winners(frame)
    four = table.set_index("bits").loc[4]
    panels.show_figure(
        figures_splits.split_figure(frame, f"At 4 bits {_plain(four['winner'])} wins; {_trend(table)}"),
        "SQNR over exponent bits for every float of 3 to 8 bits, with the integers of the same widths",
        frame,
        "formats.splits",
        f"{words} {len(frame)} formats, every code a number (no infinity or NaN); the scale takes the place of the "
        "exponent bias.",
    )
    panels.show_table(_readable(table), "formats.winners", "Equal ones go to the integer.", WINNERS)


def integer_or_float(study: Study, rounding: str) -> None:
    """Integers against the best floats of the same widths, before and after what their arithmetic costs."""
    found = _swept(study, rounding)
    if found is None:
        return
    frame, words = found
    table = winners(frame)
    cost, source = _cost()
    shown = cost is not None and st.toggle(
        "With hardware cost",
        key="formats.cost",
        bind="query-params",
        help="Dedicated hardware for FP8 needs more area and energy than for INT8. The overlay puts each float where "
        "an integer costs as much.",
    )
    ahead = int((table["ahead_db"] > 0).sum())
    title = f"At equal width floats keep more on {ahead} of {len(table)} widths"
    if shown:
        title = f"At equal cost floats keep more on {_ahead_at_cost(table, cost[0])} of {len(table)} widths at best"
    panels.show_figure(
        figures_splits.cost_figure(table, cost if shown else None, title),
        "SQNR of integers and best floats over bits" + (" and arithmetic cost" if shown else ""),
        table,
        "formats.cost_figure",
        words + (f" {source}" if shown else ""),
    )
    panels.show_table(_readable(table), "formats.winners_by_cost", "Equal ones go to the integer.", WINNERS)


def across_tensors(study: Study, chosen: Sequence[str], scaled: bool, rounding: str, transform: str) -> None:
    """The chosen formats on every kind of tensor, and on the one under study."""
    frame = _across(tuple(chosen), scaled, rounding, transform)
    own = _surveyed(study.x, tuple(chosen), scaled, rounding, transform).assign(tensor="this tensor")
    frame = pd.concat([frame, own], ignore_index=True)[["tensor", "format", "bits_per_element", "sqnr_db", "mse"]]
    finite = frame[np.isfinite(frame["sqnr_db"])]
    finite = finite.assign(bits=[get_format(name).bits for name in finite["format"]])
    best = finite.loc[finite.groupby(["tensor", "bits"], sort=False)["sqnr_db"].idxmax()]
    panels.show_figure(
        figures_splits.across_figure(finite, best, _wins(finite, best)),
        "SQNR of the chosen formats on each kind of tensor",
        frame,
        "formats.across",
        f"{ACROSS_SHAPE[0]} × {ACROSS_SHAPE[1]} values of each distribution, seed 0, {rounding} rounding; this tensor: "
        f"{study.words}. Ringed: the best of the formats with as many bits an element.",
    )


def _wins(finite: pd.DataFrame, best: pd.DataFrame) -> str:
    """On how many tensors each format wins, at the smallest width of which several are there."""
    rivals = finite.groupby("bits")["format"].nunique().to_dict()
    bits = min((bits for bits, count in rivals.items() if count > 1), default=min(rivals))
    wins = best.loc[best["bits"] == bits, "format"].value_counts()
    shares = ", ".join(f"{name} on {count}" for name, count in wins.items())
    return f"Best of {bits} bits: {shares} of {best['tensor'].nunique()} tensors"


def _swept(study: Study, rounding: str) -> tuple[pd.DataFrame, str] | None:
    left, right = st.columns(2, vertical_alignment="bottom")
    block = left.selectbox("Scales", list(BLOCKS), key="formats.sweep_block", bind="query-params")
    clip = right.toggle(
        "Search the clip",
        key="formats.sweep_clip",
        bind="query-params",
        help="Each block takes, of eight scales that clip up to 70% of its largest value, the one with the least "
        "squared error.",
    )
    rows = study.x[: max(1, SWEPT // study.x.shape[1])]
    part = "" if rows.size == study.x.size else f" (the first {rows.size:,} of them)"
    frame = computed("formats.sweep", "Trying every split", sweep, rows, BLOCKS[str(block)], clip, rounding)
    if frame is None:
        return None
    searched = ", clip searched" if clip else ""
    return frame, f"{study.words}{part}; float32 scales, {block}{searched}; {rounding} rounding."


def _cost() -> tuple[tuple[float, float] | None, str]:
    """What FP8 arithmetic costs over INT8's, as published, and the sentence that says so."""
    claims = store().table("claims")
    rows = claims[claims["claim_id"] == COST_CLAIM].to_dict("records")
    if not rows:
        return None, ""
    low, high = 1 + rows[0]["value"] / 100, 1 + rows[0]["value_high"] / 100
    return (low, high), (
        f"Cost: dedicated FP8 hardware needs {low:.1f} to {high:.1f} times what INT8 does (claim {COST_CLAIM}, "
        f"{rows[0]['source_id']}); that range is published for 8 bits, and the same one is assumed at other widths, "
        "with an integer's cost in proportion to its bits."
    )


def _ahead_at_cost(table: pd.DataFrame, ratio: float) -> int:
    """On how many widths the float beats the integer that costs as much, read off the line between integers.

    Beyond the widest integer the line goes on at 6.02 dB a bit.
    """
    bits, integer = table["bits"].to_numpy(float), table["integer_db"].to_numpy(float)
    wanted = bits * ratio
    at_cost = np.interp(wanted, bits, integer) + 6.02 * np.clip(wanted - bits[-1], 0, None)
    return int((table["float_db"].to_numpy(float) > at_cost).sum())


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(float=table["float"].map(_plain), winner=table["winner"].map(_plain))


def _plain(name: str) -> str:
    return str(name).removesuffix("sat")


def _trend(table: pd.DataFrame) -> str:
    eight = table.set_index("bits").loc[8]
    return f"at 8 bits {_plain(eight['winner'])}"


@st.cache_data(show_spinner="Quantizing every kind of tensor", max_entries=32)
def _across(chosen: tuple[str, ...], scaled: bool, rounding: str, transform: str) -> pd.DataFrame:
    frames = []
    for row in DISTRIBUTIONS.values():
        x = row.sample(np.random.default_rng(0), ACROSS_SHAPE)
        frames.append(_surveyed(x, chosen, scaled, rounding, transform).assign(tensor=row.title))
    return pd.concat(frames, ignore_index=True)


@st.cache_data(show_spinner=False, max_entries=64)
def _surveyed(x: np.ndarray, chosen: tuple[str, ...], scaled: bool, rounding: str, transform: str) -> pd.DataFrame:
    return in_worker(survey, x, chosen, scaled, rounding, transform)
