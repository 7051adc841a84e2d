"""The serving tab's advice: which format for which pattern of requests, with what systems have published beside it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.serving.load_patterns import SCHEMES, by_pattern
from analysis.serving.serving import Load, Server
from pages.ui import figures_serving, panels
from pages.ui.figures import words
from pages.ui.session import facts
from results_db import Store

KEY = "planner.serving"
# Sources of gains in serving; each over its own baseline.
SYSTEMS = ("atom_2023", "comet_2024", "flover_2023", "marlin_2024", "quick_2024", "squeezellm_2023", "tmac_2024")
GAINS = ("throughput_gain", "speedup")
EQUAL = 0.02  # schemes whose rates differ by less are named together
PUBLISHED = (
    "Kurtic et al. (give_me_bf16_2024) measured W4A16 best for synchronous use and on mid-tier GPUs, W8A8 for mid and "
    "large models in asynchronous use on high-end ones; FP8 without loss, INT8 with 1 to 3% of the accuracy."
)


def draw(store: Store, server: Server, load: Load) -> None:
    """Draws tokens per second by scheme and pattern over bf16, the advice that follows, and published gains."""
    st.subheader("Which format for which load")
    table = by_pattern(server, load)
    if table.empty:
        panels.empty_state("Not one of the usual schemes fits on these devices.")
        return
    patterns = table.groupby("pattern", sort=False)
    st.markdown(" ".join(_advice(own) for _, own in patterns))
    left, right = st.columns([3, 2], gap="large")
    title = "; ".join(f"{name}: {' or '.join(_best(own))}" for name, own in patterns)
    with left:
        panels.show_figure(
            figures_serving.patterns_figure(table, title),
            f"Tokens per second by scheme and pattern of requests: {title}",
            table,
            f"{KEY}.patterns",
            f"{', '.join(SCHEMES)}; the cache in 16 bits in all. {load.prompt:,} tokens in, {load.output:,} out, at "
            f"{server.reach:.0%} of {server.ceilings.origin}. {PUBLISHED}",
        )
    with right:
        panels.show_table(
            gains(facts(store, "claims")),
            f"{KEY}.gains",
            "Gains that systems have published, each over its own baseline and workload: not to be multiplied or "
            "compared with one another.",
            {"gain": st.column_config.NumberColumn("gain [x]", format="%.3g")},
        )


def gains(claims: pd.DataFrame) -> pd.DataFrame:
    """The published gains in serving: system, gain, over, format, bound, task, hardware, source_id."""
    own = claims[claims["source_id"].isin(SYSTEMS) & claims["metric"].isin(GAINS)].reset_index(drop=True)
    bound = own["condition"].str.partition(";")[0]
    renamed = own.rename(columns={"subject": "system", "normalized": "gain", "baseline": "over"}).assign(bound=bound)
    return renamed[["system", "gain", "over", "format", "bound", "task", "hardware", "source_id"]]


def _best(own: pd.DataFrame) -> list[str]:
    """The schemes of most tokens per second of one pattern: more than one where they hardly differ."""
    return list(own.loc[own["tokens_per_s"] >= (1 - EQUAL) * own["tokens_per_s"].max(), "scheme"])


def _advice(own: pd.DataFrame) -> str:
    """The advice for one pattern, with what bounds it and how far the next scheme is."""
    best, names = own.loc[own["tokens_per_s"].idxmax()], _best(own)
    others = own[~own["scheme"].isin(names)].sort_values("tokens_per_s", ascending=False)
    after = ""
    if len(others):
        after = f", {best['tokens_per_s'] / others['tokens_per_s'].iloc[0]:.2f}x {others['scheme'].iloc[0]}"
    requests = "one request" if best["sequences"] == 1 else f"{best['sequences']:,} requests"
    return (
        f"**{str(best['pattern']).capitalize()}**: {' or '.join(f'**{name}**' for name in names)}, "
        f"{words(best['tokens_per_s'])} tokens/s of {requests}{after}; a step is bound by {best['bound']}."
    )
