"""What of a paper this program implements: rows of its registries that name the paper as their source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.evidence.verdicts import CHECKS
from analysis.formats.accumulate import ACCUMULATORS
from analysis.formats.table import FORMATS
from analysis.formats.transforms import TRANSFORMS
from analysis.laws import LAWS
from analysis.serving.training_memory import RECIPES
from gpu_probe.kernels import KERNELS

COLUMNS = ("kind", "name", "title")
# Kind -> registry; each row has a name and says where it is from.
REGISTRIES: dict[str, Mapping[str, Any]] = {
    "law": LAWS,
    "format": FORMATS,
    "transform": TRANSFORMS,
    "accumulator": ACCUMULATORS,
    "training recipe": RECIPES,
}


def implemented(source: Mapping[str, Any], laws: Sequence[str] = ()) -> pd.DataFrame:
    """The rows of all registries whose source is this row of the table sources, kernels of its formats, its checks,
    and the `laws` that it has coefficients of (COLUMNS)."""
    fitted = [("coefficients of law", name, LAWS[name].title) for name in laws]
    return pd.DataFrame([*_rows(source), *fitted], columns=list(COLUMNS))


def _rows(source: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    formats = set()  # as their titles begin: FP8 of "FP8 E4M3"
    for kind, registry in REGISTRIES.items():
        for row in registry.values():
            if _names(str(getattr(row, "source_id", "") or getattr(row, "source", "")), source):
                formats |= set(row.title.split()[:1]) if kind == "format" else set()
                yield kind, row.name, str(getattr(row, "title", "") or "")
    for kernel in KERNELS.values():
        if kernel.format.upper() in formats:
            yield "kernel of its format", kernel.name, kernel.format
    for check in CHECKS.values():
        if check.claim_id.rpartition("-")[0] == source["source_id"]:
            yield "check", check.claim_id, check.how


def _names(text: str, source: Mapping[str, Any]) -> bool:
    """Whether a registry's source names this paper, by its key or by its arXiv number."""
    arxiv = source["arxiv_id"]
    keys = [str(source["source_id"]), *([] if pd.isna(arxiv) or not arxiv else [str(arxiv)])]
    return any(re.search(rf"(?<![\w.]){re.escape(key)}(?![\w])", text) for key in keys)
