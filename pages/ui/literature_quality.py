"""Quality by format: what is left of a model's quality, on one way of measuring at a time."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit import column_config

from analysis.serving.recovery import LANGUAGE, judged, summary
from pages.ui import figures_quality, literature_deployment, literature_gains, panels, quality_choices
from pages.ui.glossary import help_for
from pages.ui.panels import counted, short
from pages.ui.session import store

IMAGE_KINDS = ("images read", "images made")
IMAGE_ROW = "R45"  # the capability row of the board of image models
SUMMARY = {
    "scheme": column_config.TextColumn("weights × activations", width="medium"),
    "size": column_config.TextColumn("parameters"),
    "recovery": column_config.NumberColumn("recovery [%]", format="%.2f", help=help_for("recovery")),
    "low": column_config.NumberColumn("lowest family [%]", format="%.2f"),
    "high": column_config.NumberColumn("highest family [%]", format="%.2f"),
    "n_families": column_config.NumberColumn("families of sources"),
    "n_models": column_config.NumberColumn("models"),
    "n_rows": column_config.NumberColumn("rows"),
}
ROWS = {
    "model": column_config.TextColumn("model"),
    "scheme": column_config.TextColumn("weights × activations"),
    "method": column_config.TextColumn("method"),
    "weight_bits": column_config.NumberColumn("bits per weight", format="%.3g"),
    "value": column_config.NumberColumn("value", format="%.4g"),
    "baseline": column_config.NumberColumn("16 bits", format="%.4g"),
    "recovery": column_config.NumberColumn("recovery [%]", format="%.2f"),
    "origin": column_config.TextColumn("origin"),
    "source": column_config.TextColumn("source"),
    "link": column_config.LinkColumn("link", display_text="open"),
    "locator": column_config.TextColumn("where"),
    "caution": column_config.TextColumn("caution", help="What the codes mean: Data dictionary, table quality"),
}


def quality() -> None:
    """Draws the tab: one axis of measurement with its figures and table, then what to serve in."""
    axes = quality_choices.measured_axes(store())
    if axes.empty:
        panels.empty_state(
            "The store holds no evaluations. Import results of the lm-evaluation-harness on the results page.",
            "pages/results.py",
            "Results",
        )
        return
    kind = quality_choices.choose_kind(axes)
    axis = quality_choices.choose_axis(axes[axes["kind"] == kind])
    found = quality_choices.evaluations(store(), str(axis["axis"]))
    rows = judged(found)
    rows = quality_choices.of_one_source(rows) if not axis["alike"] else rows
    kept = quality_choices.filtered(rows)
    if kept.empty:
        panels.empty_state("No measurement is left: clear a filter above, or choose another way of measuring.")
    else:
        _show(kept, found, str(axis["axis"]))
    if kind in IMAGE_KINDS:
        literature_gains.board(IMAGE_ROW, "Vision transformers and diffusion: what the papers claim")
    elif kind == LANGUAGE:
        literature_deployment.recommendations(quality_choices.all_judged(store()))


def _show(rows: pd.DataFrame, found: pd.DataFrame, axis: str) -> None:
    published = rows[rows["origin"] == "published"]
    told = published if len(published) else rows  # a user's own rows are shown beside them, not mixed in
    origins = ", ".join(f"{count:,} {origin}" for origin, count in rows["origin"].value_counts().items())
    panels.show_figure(
        figures_quality.recovery_figure(rows, _finding(told)),
        f"Recovery of {len(rows)} quantized models against bits per weight: {axis}",
        rows[list(ROWS)],
        "literature.quality",
        f"{axis}: {counted(len(rows), 'measurement')} ({origins}), {counted(rows['source'].nunique(), 'source')}, "
        f"{counted(rows['model'].nunique(), 'model')}. 100% is the 16-bit value of the same table. Filled dots left of "
        f"a width: weights alone; hollow ones right of it: activations too; bits as printed. {_left_out(found)} "
        f"{_unproven(rows)}",
    )
    table = summary(told)
    if table["size"].nunique() > 1:
        _show_sizes(table)
    table = table.sort_values(["n_families", "n_rows"], ascending=False)
    panels.show_table(table[list(SUMMARY)], "literature.quality.summary", columns=SUMMARY, height=short(table, 300))
    with st.expander(f"All {counted(len(rows), 'measurement')}"):
        panels.show_table(rows[list(ROWS)], "literature.quality.rows", columns=ROWS, height=short(rows, 380))


def _show_sizes(table: pd.DataFrame) -> None:
    panels.show_figure(
        figures_quality.size_figure(table, _size_finding(table)),
        "Recovery by model size, one line per scheme",
        table,
        "literature.sizes",
        "Median over families of sources of each family's own median, so that no family dominates, of published rows "
        "where there are some. Bars reach from the lowest to the highest family. Drawn are the schemes with most "
        "families; sources differ in models and methods, so compare lines within their bars.",
    )


def _finding(rows: pd.DataFrame) -> str:
    """What four bits keep, of the weights alone and of both operands, where both were measured."""
    at_four = rows[(rows["weight_bits"].round() == 4) & (rows["kv_bits"].fillna(16) >= 16)]
    typical = {
        narrow: summary(own, ("kind",))["recovery"].iloc[0]
        for narrow, own in at_four.groupby(at_four["activation_bits"].fillna(16).round())
        if narrow in (4, 16)
    }
    if set(typical) == {4, 16}:
        return f"Four-bit weights keep {typical[16]:.1f}%; with four-bit activations it is {typical[4]:.1f}%"
    if 16 in typical:
        return f"Four-bit weights keep {typical[16]:.1f}% of the 16-bit value"
    return "What is left of the 16-bit value, by bits per weight"


def _size_finding(table: pd.DataFrame) -> str:
    several = [own for _, own in table.groupby("scheme") if len(own) > 1]
    spread = [own["recovery"].max() - own["recovery"].min() for own in several]
    if not spread:
        return "What is left of the 16-bit value, by model size"
    return f"Size moves what is left by {min(spread):.1f} to {max(spread):.1f} points, by format"


def _left_out(found: pd.DataFrame) -> str:
    reasons = found["left_out"].value_counts()
    if reasons.empty:
        return "No row is left out."
    told = "; ".join(f"{count} {'row' if count == 1 else 'rows'}: {why}" for why, count in reasons.items())
    return f"Left out: {told}."


def _unproven(rows: pd.DataFrame) -> str:
    simulated = int(rows["caution"].fillna("").str.contains("simulated").sum())
    unstated = int(rows["weight_bits"].isna().sum())
    said = [f"{counted(simulated, 'row')} from simulated kernels."] if simulated else []
    said += [f"{counted(unstated, 'row')} of no single width: in the tables only."] if unstated else []
    return " ".join(said)
