"""The planner's tab on equal hours: what formats and methods reach in the same hours of a device, FLOPs aside."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.plans.equal_hours import crossing, schemes_by_hours
from analysis.plans.hardware import Hardware, native_schemes
from pages.ui import coefficients, figures_hours, hours_methods, panels
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from pages.ui.glossary import help_for
from pages.ui.hardware import peaks_of
from pages.ui.machines import devices_of
from pages.ui.session import facts, store
from pages.ui.speeds import speed_words, usual_speeds
from pages.ui.utilization import FALLBACK, published_share

KEY = "planner.hours"


def equal_hours() -> None:
    """Draws the hours and the model, every scheme's loss by hours, and the comparison of one's own methods."""
    if facts(store(), "devices").empty:
        panels.empty_state("The store holds no devices, so there are no hours to spend.")
        return
    hardware, device = _hardware()
    first, second = st.columns(2)
    hours = float(first.number_input("Hours of accelerators, in all", 0.1, 1e9, 10_000.0, format="%.6g",
                                     key=f"{KEY}.hours", bind="query-params"))  # fmt: skip
    n_params = 1e9 * float(second.number_input("Parameters [billions]", 0.001, 1e4, 7.0, format="%.4g",
                                               key=f"{KEY}.n", bind="query-params"))  # fmt: skip
    basis = coefficients.published(store(), next(iter(coefficients.SNAPSHOTS)))
    if basis is None:
        panels.empty_state("The store holds no coefficients of a law with formats, so no loss can be predicted.")
    else:
        _schemes(basis, hardware, device, n_params, hours)
    hours_methods.draw(store())


def _hardware() -> tuple[Hardware, str]:
    """Draws the choice of a device; it stands for one accelerator at the share of its peak that others publish."""
    devices = devices_of(store())
    first, second = st.columns(2)
    names = sorted(devices["device"], key=lambda name: name != "B200 SXM")
    device = str(first.selectbox("On", names, key=f"{KEY}.device", bind="query-params"))
    row = devices.set_index("device").loc[device]
    peaks = peaks_of(row)
    known = published_share(store(), row["datasheet"], peaks)
    usual = round(100 * known.middle, 1) if known else FALLBACK
    share = second.number_input(
        "At % of peak", 1.0, 100.0, float(usual), format="%.4g", key=f"{KEY}.mfu.{device}", bind="query-params",
        help=f"MFU, the same for every format; at first the median published on this chip. {help_for('MFU')}",
    )  # fmt: skip
    return Hardware(1, 1 / 24, float(share) / 100, peaks), device


def _schemes(basis: Basis, hardware: Hardware, device: str, n_params: float, hours: float) -> None:
    speed = usual_speeds(store(), device, hardware.peaks)
    schemes = native_schemes(hardware, basis.factors, speed.tables, speed.spread)
    grid = np.geomspace(hours / 1e3, hours * 1e3, 241)
    table = schemes_by_hours(basis.law, basis.values, schemes, hardware, n_params, np.sort(np.append(grid, hours)))
    if table.empty:
        panels.empty_state(f"No rate in BF16, FP8 or FP4 is known for {device}: choose another device, or probe it.")
        return
    now = table[table["hours"] == hours].drop_duplicates("scheme").sort_values("loss")
    best, reference = now.iloc[0], now.loc[now["tokens_per_s"].idxmin()]
    behind = (
        f"The slowest, {reference['scheme'].upper()}, sees {words(reference['n_tokens'])} and ends "
        f"{reference['loss'] - best['loss']:.3f} above."
        if len(now) > 1
        else "No other format has a native rate there."
    )
    st.success(
        f"In **{hours:,.6g} hours of {device}**, {words(n_params)} parameters reach the lowest loss in "
        f"**{best['scheme'].upper()}**: {best['loss']:.3f} after {words(best['n_tokens'])} tokens "
        f"({words(best['tokens_per_s'])} a second on each). {behind}",
        icon=":material/schedule:",
    )
    turns = _turns(table)
    title = f"Lowest loss by hours: {turns}"
    left, right = st.columns([3, 2], gap="large")
    with left:
        panels.show_figure(
            figures_hours.schemes_figure(table, title, hours),
            f"Predicted loss by accelerator hours and scheme: {title}",
            table,
            f"{KEY}.schemes",
            "Tokens are throughput times hours (languini_2023), at 6 N FLOPs a token. "
            f"Losses: {coefficients.SOURCE}, {basis.label}, printed without intervals. {speed_words(speed.first)} "
            f"Note: {basis.reach}.",
        )
    with right:
        _table(now, best)


def _turns(table: pd.DataFrame) -> str:
    """Which scheme is lowest from how many hours on."""
    best = table.loc[table.groupby("hours")["loss"].idxmin()].sort_values("hours")
    changed = best[best["scheme"] != best["scheme"].shift()]
    wide = table.pivot_table(index="hours", columns="scheme", values="loss")
    said = [str(changed["scheme"].iloc[0]).upper()]
    for before, (_, row) in zip(changed["scheme"], changed.iloc[1:].iterrows(), strict=False):
        at = crossing(wide[before].to_numpy(), wide[row["scheme"]].to_numpy(), wide.index.to_numpy())
        said.append(f"{str(row['scheme']).upper()} from {words(at)} hours")
    return ", ".join(said)


def _table(now: pd.DataFrame, best: pd.Series) -> None:
    slowest = now["tokens_per_s"].min()
    panels.show_table(
        now.assign(ratio=now["tokens_per_s"] / slowest, behind=now["loss"] - best["loss"])[
            ["scheme", "tokens_per_s", "ratio", "n_tokens", "loss", "behind"]
        ],
        f"{KEY}.table",
        "At your hours: a scheme of k times the throughput sees k times the tokens, and pays with the share of them "
        "and of the parameters that count.",
        {
            "tokens_per_s": st.column_config.NumberColumn("tokens/s of one", format="compact"),
            "ratio": st.column_config.NumberColumn("over the slowest", format="%.2fx"),
            "n_tokens": st.column_config.NumberColumn("tokens", format="compact"),
            "loss": st.column_config.NumberColumn("loss [nats/token]", format="%.4f"),
            "behind": st.column_config.NumberColumn("above the best", format="%.4f"),
        },
    )
