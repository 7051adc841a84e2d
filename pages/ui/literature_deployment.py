"""Which format to serve in: what published and own evaluations recommend for each way to deploy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config

from analysis.serving.deployment import FEWEST_FAMILIES, STYLES, candidates, recommended
from analysis.serving.recovery import LANGUAGE
from pages.ui import literature_gains, panels
from pages.ui.panels import counted
from pages.ui.session import facts, store

ROW = "R09"  # the capability row whose papers' claims stand beside the recommendation
DEFAULT_DEVICE = "H100 SXM"
METRICS = ("accuracy", "accuracy_avg")
KEEP = {"Small memory": 95.0}  # where memory decides, more may be lost
DEFAULT_KEEP = 98.5
TABLE = {
    "deployment": column_config.TextColumn("deployment"),
    "scheme": column_config.TextColumn("serve in (weights × activations)"),
    "recovery": column_config.NumberColumn("accuracy kept [%]", format="%.2f"),
    "range": column_config.TextColumn("families of sources"),
    "bits": column_config.NumberColumn("bits per weight with scales", format="%.3g"),
    "yours": column_config.TextColumn("yours"),
    "limit": column_config.TextColumn("limited by"),
}


def recommendations(rows: pd.DataFrame) -> None:
    """Draws the recommended format of each way to deploy, from judged rows of every axis, and the papers' claims."""
    st.subheader("Which format to serve in")
    devices = facts(store(), "devices")
    accuracies = rows[(rows["kind"] == LANGUAGE) & rows["metric"].isin(METRICS)]
    published = accuracies[accuracies["origin"] == "published"]
    found = candidates(published)
    if devices.empty or found.empty:
        panels.empty_state("The store holds no devices or no accuracies with a 16-bit value to recommend from.")
        return
    device, keep = _choose(devices)
    table = pd.DataFrame(
        _row(style.name, style.limit, recommended(found, style, device, keep.get(style.name, 0.0)), accuracies)
        for style in STYLES
    )
    panels.show_table(
        table[list(TABLE)],
        "literature.deployment",
        f"From {len(published):,} published accuracies of language models, each against its own table's 16-bit value; "
        f"median over families of sources, of which at least {FEWEST_FAMILIES} must have measured a format. Few "
        "requests and small memory take the fewest bits per weight that keep enough, the first with 16-bit "
        "activations; many requests take the native format with the highest dense datasheet peak.",
        TABLE,
    )
    literature_gains.board(ROW, "What published evaluations say")


def _choose(devices: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """The dense peaks of the chosen device by column, and the recovery to keep by style."""
    names = list(devices["device"])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Device",
            names,
            index=names.index(DEFAULT_DEVICE) if DEFAULT_DEVICE in names else 0,
            key="literature.deployment.device",
            bind="query-params",
        )
        keep = {
            style.name: st.number_input(
                f"{style.name}: keep [%]",
                50.0,
                100.0,
                KEEP.get(style.name, DEFAULT_KEEP),
                0.5,
                key=f"literature.deployment.keep.{style.name}",
            )
            for style in STYLES
        }
    row = devices.set_index("device").loc[name]
    peaks = row[[str(column).endswith(("_tflops", "_tops")) for column in row.index]].dropna()
    return {str(column): float(peak) for column, peak in peaks.items()}, keep


def _row(name: str, limit: str, best: Mapping[str, Any] | None, rows: pd.DataFrame) -> dict[str, Any]:
    if best is None:
        return {"deployment": name, "scheme": "none keeps so much", "limit": limit, "range": "", "yours": ""}
    own = rows[(rows["scheme"] == best["scheme"]) & (rows["origin"] != "published")]["recovery"]
    return {
        "deployment": name,
        "scheme": best["scheme"],
        "recovery": best["recovery"],
        "range": f"{best['n_families']}: {best['low']:.1f} to {best['high']:.1f}%",
        "bits": best["stored_bits"],
        "yours": f"{own.median():.2f}% ({counted(len(own), 'row')})" if len(own) else "none evaluated",
        "limit": limit,
    }
