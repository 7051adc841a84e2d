"""Speed-ups of this machine or of imported probes for the planner, beside the published ones."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.plans.calibrate import SUM, WHOLE, layer_times, preferred, throughput_rows
from analysis.plans.speed import SpeedTable, measured_tables
from gpu_probe.kernels import KERNELS
from gpu_probe.layers import models_on, step_work
from gpu_probe.rates import datasheet_name
from gpu_probe.result import Status
from pages.ui import panels, probe_columns
from pages.ui.figures import words
from pages.ui.figures_calibration import calibration_figure
from pages.ui.probe_tables import rows_of, timed_runs
from pages.ui.session import current, facts
from results_db import Store

HOW = {
    WHOLE: "each pass through them timed as one call, quantizing both operands of each product among it",
    SUM: "each product's fastest native kernel plus quantizing both of its operands, added up",
}


def throughput(store: Store) -> pd.DataFrame:
    """The published throughput table and, below it, the speed-ups put together from each device's newest probe."""
    results = current(store, "probe_results")
    runs = timed_runs(results).drop_duplicates("device")  # newest first
    own = [speedups(rows_of(results, run)) for _, run in runs.iterrows()]
    return pd.concat([facts(store, "throughput"), *(rows for rows in own if len(rows))], ignore_index=True)


def times(rows: pd.DataFrame) -> pd.DataFrame:
    """The times of a step's linear layers from the rows of one run (analysis.plans.calibrate.layer_times)."""
    timed = rows[(rows["status"] == Status.OK) & rows["kernel"].isin(list(KERNELS))].dropna(subset=["m", "n", "k"])
    if timed.empty:
        return layer_times(_work("cpu"), timed.assign(quantizes=False, **{"pass": ""}))
    kinds = {
        "quantizes": [KERNELS[name].decoded is not None for name in timed["kernel"]],
        "pass": [KERNELS[name].phase for name in timed["kernel"]],
    }
    dense = ~timed["kernel"].str.contains("_sparse|_weight|_row|_block|copy")
    numbers = timed.assign(**kinds).astype({"m": "int64", "n": "int64", "k": "int64"})[dense]
    return layer_times(_work(str(timed["device_kind"].iloc[0])), numbers)


def speedups(rows: pd.DataFrame) -> pd.DataFrame:
    """FP4 over FP8 from the rows of one run, as rows of the throughput table; empty when it has not both."""
    found = times(rows)
    if found.empty:
        return found
    device, models = str(rows["device"].iloc[0]), models_on(str(rows["device_kind"].iloc[0]))
    return throughput_rows(found, datasheet_name(device) or device, models.tokens, models.batch)


def _work(kind: str) -> pd.DataFrame:
    return pd.DataFrame(step_work(models_on(kind)))


def shown(found: pd.DataFrame) -> pd.DataFrame:
    """The times as a table: parameters, phase, format, how, milliseconds with span, over bf16, share of quantizing."""
    key = ["n_params", "phase", "how"]
    bf16 = found[found["format"] == "bf16"].set_index(key)["p50_us"]
    base = bf16.reindex(pd.MultiIndex.from_frame(found[key])).to_numpy()
    return pd.DataFrame(
        {
            "parameters": found["n_params"].map(words),
            "phase": found["phase"],
            "format": found["format"],
            "how": found["how"],
            "p50_ms": found["p50_us"] / 1e3,
            "p20_ms": found["p20_us"] / 1e3,
            "p80_ms": found["p80_us"] / 1e3,
            "over_bf16": base / found["p50_us"],
            "quantizing": found["quantizing"],
        }
    )


def section(store: Store, rows: pd.DataFrame) -> None:
    """Draws what the rows of a run say of a training step, and FP4's speed over FP8 beside the published tables."""
    st.subheader("Calibrate the planner")
    found = times(rows)
    if found.empty:
        st.caption(
            "A run on the shapes 'planner' measures every product of a training step's linear layers, forward and "
            "backward; this run has not all of them."
        )
        return
    own = speedups(rows)
    if own.empty:
        st.caption("No FP4 format was measured natively beside FP8 in this run, so it gives the planner no speed-up.")
    else:
        tables, (how, *_) = measured_tables(own), preferred(found)["how"]
        panels.show_figure(
            calibration_figure([*tables, *measured_tables(facts(store, "throughput"))], _finding(tables[0])),
            "Speed of FP4 over FP8 by model size, forward and backward, measured here and published",
            own,
            "probe.calibration",
            f"Measured: the four linear layers of every layer, {HOW[how]}. The planner and the overview offer these "
            "speeds under your device's name.",
        )
        st.page_link("pages/planner.py", label="Plan with these speeds", icon=":material/tune:")
    panels.show_table(
        shown(found),
        "probe.step",
        "Linear layers of one training step, hidden size 128 a layer. One call: a whole pass, quantizing and turning "
        "its operands among it. Sum of parts: products and quantizing measured apart; bf16 quantizes nothing.",
        probe_columns.STEP,
    )


def _finding(table: SpeedTable) -> str:
    return (
        f"FP4 runs {table.forward[-1]:.2f} times as fast as FP8 forward and {table.backward[-1]:.2f} times backward at "
        f"{words(table.n_params[-1])} parameters"
    )
