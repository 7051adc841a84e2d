"""The tab of sums and products: accumulators, orders of addition and multiplication by addition."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.formats.reductions import PAIRS, SUMS, products, sums
from pages.ui import claims_beside, figures_sums, panels
from pages.ui.working import computed

LENGTHS = (256, 1024, 4096)
OPERANDS = ("e4m3", "e5m2", "bf16", "e2m1", "int8")
SOURCES = ("lmul_2024", "approx_norm_fma_2024", "fp32_reproducibility_2025")
SUM_COLUMNS = {
    "title": st.column_config.TextColumn("accumulator"),
    "order": st.column_config.TextColumn("order"),
    "error": st.column_config.NumberColumn("error", format="%.2e"),
    "gap": st.column_config.NumberColumn("between two orders", format="%.2e"),
}
PRODUCT_COLUMNS = {
    "kind": st.column_config.TextColumn("product"),
    "mantissa_bits": st.column_config.NumberColumn("mantissa bits"),
    "mean_error": st.column_config.NumberColumn("mean error [%]", format="%+.2f"),
    "rms_error": st.column_config.NumberColumn("RMS error [%]", format="%.2f"),
}


def sums_and_products() -> None:
    """What a sum loses to its accumulator and order, and what L-Mul loses beside floats of as many bits."""
    left, right = st.columns(2)
    length = left.segmented_control(
        "Products in a sum", LENGTHS, default=1024, required=True, key="formats.sum_length", bind="query-params"
    )
    operand = right.selectbox("Operands in", OPERANDS, key="formats.sum_operand", bind="query-params")
    frame = computed("formats.sums", "Adding up", sums, int(length or LENGTHS[0]), operand)
    if frame is not None:
        _sums(frame, int(length or LENGTHS[0]), operand)
    _products()


def _sums(frame: pd.DataFrame, length: int, operand: str) -> None:
    panels.show_figure(
        figures_sums.sums_figure(frame, finding(frame)),
        "Error of a sum by accumulator and order of addition",
        frame,
        "formats.sums_figure",
        f"{SUMS} dot products of {length:,} normal values in {operand}, one scale for all; products exact, each "
        "addition rounded once. aligned14: 32 products a step, aligned to the largest and cut to 14 bits, as published "
        "for FP8 on Hopper (DeepSeek-V3, arXiv 2412.19437). promoted: every 128 products to a float32 total.",
    )
    panels.show_table(
        frame[list(SUM_COLUMNS)],
        "formats.sums_table",
        "Error: RMS difference from the exact sums over their RMS. Between two orders: the same, as the terms come "
        "against shuffled.",
        SUM_COLUMNS,
    )


def _products() -> None:
    table = computed("formats.products", "Multiplying", products)
    if table is not None:
        panels.show_table(
            table.assign(mean_error=100 * table["mean_error"], rms_error=100 * table["rms_error"]),
            "formats.products_table",
            f"{PAIRS:,} pairs of normal values. L-Mul adds mantissas where others multiply them (arXiv 2410.00907); "
            "with carry: as one integer addition of the bit patterns does it. Floats: operands and product rounded.",
            PRODUCT_COLUMNS,
        )
    _energy(claims_beside.claims_of(SOURCES))
    claims_beside.published("formats.sums_claims", SOURCES)


def _energy(claims: pd.DataFrame) -> None:
    saved = claims[claims["metric"] == "energy_reduction"]
    if len(saved):
        panels.show_figure(
            figures_sums.energy_figure(
                saved, "Published: L-Mul saves " + " and ".join(f"{value:g}%" for value in saved["value"])
            ),
            "Published energy of products by L-Mul over that of float products",
            saved[["claim_id", "subject", "value", "unit", "condition"]],
            "formats.energy_figure",
            f"As published ({', '.join(saved['claim_id'])}); nothing here was measured.",
        )


def finding(frame: pd.DataFrame) -> str:
    """What the order changes for the accumulator that gains most by it."""
    wide = frame.pivot(index="accumulator", columns="order", values="error")
    name = (wide["sequential"] / wide["promoted"]).idxmax()
    row = wide.loc[name]
    return f"Promotion takes {name} from {100 * row['sequential']:.2g}% to {100 * row['promoted']:.2g}% of error"
