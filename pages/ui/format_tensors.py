"""The tensor under study: sampled or uploaded, and its trials in a worker process, which alone loads torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analysis.commands.tensors import list_tensors, read_rows
from analysis.formats import TRANSFORMS
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.survey import SURVEYED, Usage, survey, usage
from pages.ui import figures_formats, panels
from pages.ui.glossary import help_for
from pages.ui.session import in_worker

SHAPE = (256, 1024)
STUDIED = 2**20
UPLOAD_MB = 20
SOURCES = {"sample": "A distribution", "upload": "Your file"}


COLUMNS = {
    "format": st.column_config.TextColumn("format"),
    "bits_per_element": st.column_config.NumberColumn("bits per element", format="%.4g"),
    "sqnr_before_db": st.column_config.NumberColumn("SQNR before [dB]", format="%.2f", help=help_for("SQNR")),
    "sqnr_db": st.column_config.NumberColumn("SQNR [dB]", format="%.2f", help=help_for("SQNR")),
    "mse": st.column_config.NumberColumn("MSE", format="%.3e", help=help_for("MSE")),
    "max_abs_error": st.column_config.NumberColumn("largest error", format="%.4g"),
    "saturated": st.column_config.NumberColumn("saturated", format="localized"),
    "flushed_to_zero": st.column_config.NumberColumn("flushed to zero", format="localized"),
}


@dataclass(frozen=True)
class Study:
    """A tensor of at most STUDIED float32 values and what to say of it."""

    x: np.ndarray
    words: str


def choose_tensor() -> Study | None:
    """Draws the choice between a sample and an upload; None, and a sentence, while there is nothing to study."""
    kind = st.segmented_control(
        "Tensor",
        list(SOURCES),
        format_func=lambda source: SOURCES[source],
        default="sample",
        required=True,
        key="formats.source",
        bind="query-params",
    )
    return _uploaded() if kind == "upload" else _sampled()


def _sampled() -> Study:
    name = st.selectbox(
        "Distribution",
        list(DISTRIBUTIONS),
        format_func=lambda key: DISTRIBUTIONS[key].title,
        key="formats.distribution",
        bind="query-params",
    )
    distribution = DISTRIBUTIONS[name]
    seed = st.number_input("Seed", 0, 10**6, 0, key="formats.seed", bind="query-params")
    x = distribution.sample(np.random.default_rng(int(seed)), SHAPE)
    st.caption(f"{distribution.meaning[0].upper()}{distribution.meaning[1:]}; {SHAPE[0]} × {SHAPE[1]} values.")
    return Study(x, f"{x.size:,} values, {distribution.title.lower()}, seed {seed}")


def _uploaded() -> Study | None:
    file = st.file_uploader(
        "Tensor file",
        type=["npy", "safetensors"],
        max_upload_size=UPLOAD_MB,
        key="formats.file",
        help="One tensor is read and nothing is stored. Files that hold Python objects are refused.",
    )
    if file is None:
        st.caption(f"A .npy or .safetensors file of up to {UPLOAD_MB} MB; blocks run along the last axis.")
        return None
    data = file.getvalue()
    try:
        names = list_tensors(data, file.name)
        chosen = st.selectbox("Tensor in the file", list(names), key="formats.tensor") if len(names) > 1 else None
        x, count, shape = _read(data, file.name, chosen)
    except ValueError as problem:
        st.error(str(problem), icon=":material/broken_image:")
        return None
    named = f"{file.name}, {chosen}" if chosen else file.name
    part = "" if x.size == count else f", the first {x.size:,} of"
    st.caption(f"{named}: {' × '.join(str(n) for n in shape) or 'one number'}.")
    return Study(x, f"{named}{part} {count:,} values")


@st.cache_data(show_spinner="Reading the tensor", max_entries=4)
def _read(data: bytes, name: str, tensor: str | None) -> tuple[np.ndarray, int, tuple[int, ...]]:
    return in_worker(read_rows, data, name, tensor, STUDIED)


def surveyed(
    x: np.ndarray, chosen: Sequence[str], scaled: bool, rounding: str, transform: str, seed: int = 0
) -> pd.DataFrame:
    """The errors on a tensor of one format a kind and of the chosen ones (analysis.formats.survey.survey)."""
    further = tuple(name for name in chosen if name not in SURVEYED)
    parts = [_surveyed(x, (name,), scaled, rounding, transform, seed) for name in further]
    return pd.concat([_surveyed(x, SURVEYED, scaled, rounding, transform, seed), *parts], ignore_index=True)


@st.cache_data(show_spinner="Quantizing", max_entries=64)
def _surveyed(
    x: np.ndarray, names: tuple[str, ...], scaled: bool, rounding: str, transform: str, seed: int
) -> pd.DataFrame:
    return in_worker(survey, x, names, scaled, rounding, transform, seed)


@st.cache_data(show_spinner=False, max_entries=64)
def used(x: np.ndarray, name: str, scaled: bool, rounding: str, transform: str, seed: int = 0) -> Usage:
    """How a tensor falls on a format's grid (analysis.formats.survey.usage)."""
    return in_worker(usage, x, name, scaled, rounding, transform, seed)


def errors(study: Study, chosen: Sequence[str], scaled: bool, rounding: str, transform: str) -> None:
    """What each chosen format leaves of the tensor: error figure, table, and the tensor on the grid of one format."""
    try:
        after = surveyed(study.x, chosen, scaled, rounding, transform)
        before = None if transform == "none" else surveyed(study.x, chosen, scaled, rounding, "none")
    except ValueError as problem:
        st.error(str(problem), icon=":material/broken_image:")
        return
    table = error_table(after, before, chosen)
    panels.show_figure(
        figures_formats.error_figure(after, chosen, before, finding(table)),
        "SQNR against bits per element, the chosen formats bold and one of each other kind faint",
        after,
        "formats.errors",
        f"{study.words}; {rounding} rounding"
        + ("" if before is None else f", {TRANSFORMS[transform].title} (hollow: without it)")
        + f". {len(after)} formats; SQNR = 10 log10(sum x² / sum (Q(x) − x)²).",
    )
    panels.show_table(
        table,
        "formats.table",
        "Saturated: beyond the largest value of the block. Flushed: not zero before, zero after. MSE in the "
        "tensor's units squared, the largest error in its units.",
        COLUMNS,
    )
    name = st.segmented_control(
        "On the grid of", chosen, default=chosen[-1], required=True, key="formats.grid", bind="query-params"
    )
    usage = used(study.x, str(name), scaled, rounding, transform)
    beyond = f"; {100 * usage.beyond:.2g}% of the tensor lies outside the plot" if usage.beyond > 1e-9 else ""
    panels.show_figure(
        figures_formats.usage_figure(usage, str(name), usage_words(usage, str(name))),
        f"Histogram of the tensor and of its values in {name}",
        usage_frame(usage),
        "formats.usage",
        f"{study.words}, divided by the scales of {name}{beyond}.",
    )


def error_table(after: pd.DataFrame, before: pd.DataFrame | None, chosen: Sequence[str]) -> pd.DataFrame:
    """The rows of the chosen formats for reading; with `before`, a column for the SQNR without the transform."""
    table = after.set_index("format").loc[[n for n in chosen if n in set(after["format"])]]
    table = table[["bits_per_element", "sqnr_db", "mse", "max_abs_error", "saturated", "flushed_to_zero"]]
    if before is not None:
        table.insert(1, "sqnr_before_db", before.set_index("format")["sqnr_db"].reindex(table.index))
    return table.reset_index()


def finding(errors: pd.DataFrame) -> str:
    """What the error figure shows, in one line: the best of the chosen formats at the fewest bits."""
    kept = errors[np.isfinite(errors["sqnr_db"])].sort_values("sqnr_db", ascending=False)
    if kept.empty:
        return "No finite signal-to-noise ratio on this tensor"
    best = kept.iloc[0]
    small = kept[kept["bits_per_element"] < best["bits_per_element"] - 1]
    words = f"{best['format']} keeps {best['sqnr_db']:.1f} dB"
    if len(small):
        words += f"; of the smaller ones {small.iloc[0]['format']} keeps the most, {small.iloc[0]['sqnr_db']:.1f} dB"
    return words


def usage_words(usage: Usage, name: str) -> str:
    """What the histogram shows: how much of the grid is in use, and the share of zeros."""
    zeros = usage.share[usage.values == 0].sum()
    in_use = int((usage.share > 0).sum())
    return f"{name}: {in_use} of {len(usage.values)} values in use, {100 * zeros:.3g}% zeros"


def usage_frame(usage: Usage) -> pd.DataFrame:
    """The histogram as a table: each value of the format and its share of the elements."""
    return pd.DataFrame({"value_over_scale": usage.values, "share": usage.share})
