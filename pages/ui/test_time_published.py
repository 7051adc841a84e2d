"""The end of the test-time tab: many cheap samples against a costly one, and what papers report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import get_law
from pages.ui import panels
from pages.ui.figures import words
from pages.ui.session import facts
from pages.ui.test_time_inputs import KEY
from results_db import Store

SOURCES = (
    "ttc_optimal_2024", "osca_2024", "genrm_vs_sc_2025", "particle_mc_2025", "ttspm_2025", "parathinker_2025",
    "scale_selective_2025", "sleep_time_2025", "inference_time_complex_2025", "rag_inference_scaling_2024",
    "tts_var_2025", "plansearch_2024", "kinetics_2025", "ets_2025", "inference_flaws_2024", "llm_monkeys_2024",
    "common_7b_math_2024", "codemonkeys_2025",
)  # fmt: skip


PLANNED_SAMPLES = 200.0  # k of plansearch_2024's pass@k


def draw(store: Store) -> None:
    """Draws these, and what planning before sampling is worth in samples."""
    _cheap_or_costly(store)
    _plans(store)
    _reported(store)


def priced(coverage: pd.DataFrame) -> pd.DataFrame:
    """The published coverages whose source prints the price of an attempt, with the cost of all k [USD]."""
    price = coverage["note"].astype(str).str.extract(r"([0-9.]+) USD an attempt")[0].astype(float)
    own = coverage.assign(usd_an_attempt=price)[price.notna() & (coverage["metric"] == "coverage")]
    return own.assign(usd=own["usd_an_attempt"] * own["k"]).sort_values("usd")


def through_two(first: tuple[float, float], last: tuple[float, float]) -> dict[str, float]:
    """a and b of log c = a k^b through two points (samples, coverage), the first at one sample."""
    a = float(np.log(first[1]))
    return {"a": a, "b": float(np.log(np.log(last[1]) / a) / np.log(last[0]))}


def _cheap_or_costly(store: Store) -> None:
    coverage = facts(store, "coverage")
    table = priced(coverage)
    if table.empty:
        return
    cheap, best = table.iloc[0], table.loc[table["value"].where(table["k"] == 1).idxmax()]
    series = coverage[(coverage["model"] == cheap["model"]) & (coverage["task"] == cheap["task"])].sort_values("k")
    one, many = ((float(row["k"]), float(row["value"])) for row in (series.iloc[0], series.iloc[-1]))
    values = through_two(one, many)
    need = float(np.ceil(get_law("coverage").derive("samples_for", values, {"coverage": float(best["value"])})))
    panels.show_table(
        table[["model", "task", "k", "value", "usd_an_attempt", "usd", "source_id"]],
        f"{KEY}.cheap",
        f"Many cheap samples or one costly one? {cheap['model']} goes from {one[1]:.1%} with one sample to "
        f"{many[1]:.0%} with {many[0]:,.0f}; on the curve through both, **{need:,.0f} samples for "
        f"{need * cheap['usd_an_attempt']:.2g} USD** reach what {best['model']} does with one for {best['usd']:.2g} "
        f"USD: {best['usd'] / (need * cheap['usd_an_attempt']):.1f}x cheaper.",
        {
            "k": st.column_config.NumberColumn("samples", format="%.0f"),
            "value": st.column_config.NumberColumn("share solved", format="%.3f"),
            "usd_an_attempt": st.column_config.NumberColumn("USD a sample", format="%.4f"),
            "usd": st.column_config.NumberColumn("USD a problem", format="%.3f"),
        },
    )


def samples_of_plans(one: float, many: tuple[float, float], planned: float) -> float:
    """Samples without a plan that solve the share `planned`, on the curve through one sample and `many` of them."""
    need = get_law("coverage").derive("samples_for", through_two((1.0, one), many), {"coverage": planned})
    return float(need)


def _plans(store: Store) -> None:
    """Draws how many plain samples are worth those that follow plans, from one source's three figures."""
    shares = facts(store, "claims", source_id="plansearch_2024").set_index("claim_id")["value"].astype(float) / 100
    if not {f"plansearch_2024-0{i}" for i in (1, 2, 3)} <= set(shares.index):
        return
    planned, plain, one = (float(shares[f"plansearch_2024-0{i}"]) for i in (1, 2, 3))
    need = samples_of_plans(one, (PLANNED_SAMPLES, plain), planned)
    st.caption(
        f":material/format_list_numbered: **Plans first?** plansearch_2024 solves {planned:.0%} of LiveCodeBench with "
        f"{PLANNED_SAMPLES:.0f} samples that follow different plans, {plain:.1%} with as many plain ones and {one:.1%} "
        f"with one. On the curve through the plain ones, {planned:.0%} would take some **{words(need, 2)} samples**, "
        f"{words(need / PLANNED_SAMPLES, 2)} times as many; that far the curve is extrapolated."
    )


def _reported(store: Store) -> None:
    """Draws what the papers on test-time compute report."""
    claims = facts(store, "claims", source_id=list(SOURCES))
    if claims.empty:
        return
    papers = claims["source_id"].nunique()
    with st.expander(f"What {papers} papers report: {len(claims)} claims", icon=":material/menu_book:"):
        columns = ["claim_id", "subject", "metric", "value", "value_high", "unit", "baseline", "model", "task"]
        panels.show_table(
            claims[columns],
            f"{KEY}.reported",
            "From their abstracts: these gains hold for their models and tasks. Nothing above is computed from them.",
        )
