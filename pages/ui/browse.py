"""Runs as the results page shows them: readable columns, filters, links to sources."""

from __future__ import annotations

import pandas as pd
from streamlit import column_config

from analysis.holdout import flops_of
from pages.ui.figures import FORMAT_COLORS

NOT_STATED = "not stated"
AXES = {
    "flops": "training compute C [FLOPs]",
    "n_params": "parameters N",
    "n_tokens": "training tokens D",
}
COLORS = {
    "forward": "forward format",
    "backward": "backward format",
    "source": "source",
    "loss_label": "loss",
    "family": "family",
}
# The columns of the table and how they read, in order.
TABLE = {
    "run_id": column_config.TextColumn("run"),
    "n_params": column_config.NumberColumn("N [parameters]", format="compact"),
    "n_tokens": column_config.NumberColumn("D [tokens]", format="compact"),
    "exaflops": column_config.NumberColumn("C [1e18 FLOPs]", format="%.4g", help="As recorded, else 6 N D"),
    "loss": column_config.NumberColumn("loss [nats/token]", format="%.4f"),
    "loss_label": column_config.TextColumn("of", help="Data set and split of the loss"),
    "forward_label": column_config.TextColumn("forward"),
    "backward_label": column_config.TextColumn("backward"),
    "origin": column_config.TextColumn("origin", help="Published by a source, or uploaded by you"),
    "source": column_config.TextColumn("source"),
    "link": column_config.LinkColumn("link", display_text="open", help="The paper, its code or its data"),
    "locator": column_config.TextColumn("where", help="File, table or cell of the source; row of an upload"),
    "outlier": column_config.CheckboxColumn("left out", help="Its source left this run out of its own fit"),
    "caution": column_config.TextColumn("caution", help="What the codes mean: Data dictionary, table runs"),
    "note": column_config.TextColumn("note"),
}


def readable_runs(
    runs: pd.DataFrame, methods: pd.DataFrame, sources: pd.DataFrame, names: dict[str, str]
) -> pd.DataFrame:
    """Runs with words beside the stored columns: number formats, method labels, source and its link, FLOPs.

    `names` maps the dataset_id of an upload to the name its owner gave it.
    """
    links = dict(zip(sources["source_id"], sources["link"], strict=True))
    words = runs["source_id"].map(lambda key: names.get(key, key))
    flops = flops_of(runs)
    shown = runs.assign(flops=flops, exaflops=flops / 1e18, source=words, link=runs["source_id"].map(links))
    for role in ("forward", "backward"):
        label, number_format = _tables(methods, role)
        keys = list(zip(runs["source_id"], runs[f"{role}_format"], strict=True))
        shown[f"{role}_label"] = [label.get(key, _stated(key[1])) for key in keys]
        shown[role] = [_known_format(number_format.get(key, _stated(key[1]))) for key in keys]
    shown["family"] = shown["family"].fillna(NOT_STATED)
    shown["loss_label"] = runs["loss_name"].fillna(NOT_STATED)
    shown["outlier"] = shown["outlier"].fillna(False).astype(bool)
    return shown


def _tables(methods: pd.DataFrame, role: str) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """(source, method) -> label and -> number format, for one pass."""
    fitting = methods[methods["role"].isin((role, "both"))]
    keys = list(zip(fitting["source_id"], fitting["method"], strict=True))
    formats = fitting["number_format"].fillna(fitting["method"])
    return dict(zip(keys, fitting["label"], strict=True)), dict(zip(keys, formats, strict=True))


def _stated(name: object) -> str:
    return name if isinstance(name, str) and name else NOT_STATED


def _known_format(name: str) -> str:
    """'mxfp4 grid, fp32 scale' counts as mxfp4: colours and filters go by the element format."""
    first = name.split(" ")[0].rstrip(",")
    return first if first in FORMAT_COLORS else name


def options(runs: pd.DataFrame, column: str) -> list[str]:
    """The values of a column, the most frequent first."""
    return [str(value) for value in runs[column].value_counts().index]


def on_loss_scale(runs: pd.DataFrame) -> pd.Series:
    """True for losses per token; false for logarithms of perplexities on some text, which are another scale."""
    return ~runs["caution"].fillna("").str.contains("log_perplexity")


def chosen(runs: pd.DataFrame, picks: dict[str, list[str]], outliers: bool, perplexities: bool = False) -> pd.DataFrame:
    """The runs that match every pick; no pick in a column keeps all of it, except what is on another loss scale."""
    keep = pd.Series(True, runs.index) if perplexities else on_loss_scale(runs)
    for column, values in picks.items():
        if values:
            keep &= runs[column].isin(values)
    return runs[keep if outliers else keep & ~runs["outlier"]]


def own_first(runs: pd.DataFrame) -> pd.DataFrame:
    """The same runs, those of users before the published ones."""
    return runs.sort_values("origin", key=lambda origin: origin == "published", kind="stable")


def finding(runs: pd.DataFrame, x: str) -> str:
    """The figure's title: what the loss does along the axis, where the ranks agree on it within each source."""
    several = [group for _, group in runs.groupby(["source_id", "loss_label"]) if group[x].nunique() > 2]
    ranks = [group[x].rank().corr(group["loss"].rank()) for group in several]
    axis = {"flops": "compute", "n_params": "model size", "n_tokens": "tokens"}[x]
    if ranks and max(ranks) < -0.5:
        return f"Loss falls with {axis} in every source"
    return f"Loss against {axis}"
