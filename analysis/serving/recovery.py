"""What a number format leaves of a model's quality, against the 16-bit value of the same table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

SIXTEEN_BIT = {"fp16", "bf16", "fp32"}
# Upper end of a size [parameters] -> words; the rest are the largest.
SIZES = ((2e9, "< 2B"), (5e9, "2–5B"), (11e9, "5–11B"), (40e9, "11–40B"), (np.inf, "> 40B"))
SIZE_NOT_STATED = "size not stated"
SCALE_BITS = 16.0  # of a scale whose width is not stated
# Metric or task -> what is evaluated; anything else is language.
KINDS = {
    "images made": {"fid", "image_reward", "clip_score", "clip_iqa", "lpips", "psnr"},
    "images read": {"imagenet", "coco (not named)", "segmentation", "map", "miou"}
    | {"touchstone_score", "chartqa_exact", "chartqa_relaxed", "chartqa_anywhere"},
    "speech": {"wer"},
}
LANGUAGE = "language"
COLUMNS = ["scheme", "size", "n_rows", "n_families", "n_models", "recovery", "low", "high"]


def recovery(value: Any, baseline: Any, higher_is_better: Any) -> np.ndarray:
    """What is left of a quality [%]: value over baseline, or baseline over value where lower is better.

    100 means nothing is lost; more means that the quantized model did better. Accuracies keep what guessing gives, so
    a model that only guesses recovers 25 over its 16-bit accuracy on a choice of four, not 0.
    """
    up = np.asarray(higher_is_better, bool)
    value, baseline = np.asarray(value, float), np.asarray(baseline, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 100.0 * np.where(up, value / baseline, baseline / value)


def kind_of(metric: str, task: str) -> str:
    """What is evaluated: language, images read, images made or speech."""
    return next((kind for kind, names in KINDS.items() if names & {metric, task}), LANGUAGE)


def scheme(row: Mapping[str, Any]) -> str:
    """Formats of weights and activations, of the cache too where it is quantized: 'int4 × 16-bit, kv int8'."""
    sides = [_side(row.get(f"{part}_format"), row.get(f"{part}_bits")) for part in ("weight", "activation")]
    kv_bits = np.nan_to_num(np.asarray(row.get("kv_bits"), float), nan=16.0)
    cache = f", kv {_said(row.get('kv_format')) or f'{kv_bits:g} bits'}" if kv_bits < 16 else ""
    return f"{' × '.join(sides)}{cache}"


def _side(name: Any, bits: Any) -> str:
    said = _said(name)
    if said in SIXTEEN_BIT:
        return "16-bit"
    return said or (f"{bits:g} bits" if pd.notna(bits) else "not stated")


def _said(name: Any) -> str:
    return str(name) if pd.notna(name) else ""


def size_of(n_params: float) -> str:
    """The size of a model in words of SIZES."""
    if pd.isna(n_params):
        return SIZE_NOT_STATED
    return next(words for top, words in SIZES if n_params < top)


def model_family(name: str) -> str:
    """The family of a model by its name, before its size: 'Llama-3.1-8B-Instruct' is 'Llama-3.1'."""
    found = re.match(r"(.*?)(?:[-_/ ](?=\d+(?:\.\d+)?[bmBM]\b|[bB]\d)|[-/](?=[STBL](?:$|/))|$)", name.split(" (")[0])
    return (found[1] if found else name) or name


def stored_bits(rows: pd.DataFrame) -> pd.Series:
    """Bits stored per weight with its share of the scales: 16 bits a scale where weight_bits leaves scales out.

    NaN where the block size is not stated; a scale per channel counts nothing.
    """
    scales = (SCALE_BITS / rows["block_size"].astype(float)).where(rows["scale_per"] != "channel", 0.0)
    counted = rows["bits_include_scales"].fillna(False).astype(bool)
    return rows["weight_bits"].astype(float) + scales.where(~counted, 0.0)


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that tell what a format loses, with recovery [%], scheme, size, family, kind and stored bits."""
    kept = rows[rows["left_out"].isna()].reset_index(drop=True)
    records = kept.to_dict("records")
    return kept.assign(
        recovery=recovery(kept["value"], kept["baseline"], kept["higher_is_better"]),
        scheme=[scheme(record) for record in records],
        size=[size_of(record["n_params"]) for record in records],
        model_family=[model_family(record["model"]) for record in records],
        kind=[kind_of(record["metric"], record["task"]) for record in records],
        stored_bits=stored_bits(kept),
    )


def summary(rows: pd.DataFrame, by: tuple[str, ...] = ("scheme", "size")) -> pd.DataFrame:
    """What is typically left by format and size: the median over families of sources of each family's own median.

    So one family counts once, however many rows it has. Within a family the rows of one axis count once too. `low` and
    `high` are the lowest and highest family; with one family they say nothing. COLUMNS, one row per group of `by`.
    """
    if rows.empty:
        return pd.DataFrame(columns=[name for name in COLUMNS if name in by or name not in ("scheme", "size")])
    keys = list(by)
    by_axis = rows.groupby([*keys, "source_family", "axis"])["recovery"].median()
    families = by_axis.groupby([*keys, "source_family"]).median()
    found = families.groupby(keys).agg(recovery="median", low="min", high="max", n_families="size")
    counts = rows.groupby(keys).agg(n_rows=("recovery", "size"), n_models=("model", "nunique"))
    return found.join(counts).reset_index()[[*keys, "n_rows", "n_families", "n_models", "recovery", "low", "high"]]
