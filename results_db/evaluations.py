"""Evaluations of quantized models, each beside the 16-bit value it is to be judged by, or the reason why it has none.

A published row is judged by the unquantized row of its own table. An uploaded one, which has no table, is judged by the
user's own 16-bit result of the same model on the same axis.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import duckdb
import pandas as pd

UNQUANTIZED = "the 16-bit model itself"
# Why a row is no measurement of what a format loses, the first that holds: condition on `judged`, words.
REASONS = (
    ("is_baseline", UNQUANTIZED),
    (
        "metric IN ('kl_divergence', 'lpips', 'psnr', 'relative_loss_percent')",
        "its metric is a distance to the 16-bit model by itself",
    ),
    ("baseline IS NULL AND origin <> 'published'", "no 16-bit result of yours for this model and task"),
    ("baseline IS NULL", "its table has no 16-bit row"),
    ("baseline <= 0", "its 16-bit value is 0 or less"),
    ("caution LIKE '%baseline_not_16_bit%'", "its baseline is no 16-bit model"),
    ("caution LIKE '%suspect_value%'", "the printed value is suspect"),
    ("caution LIKE '%fine_tuned%'", "evaluated after fine-tuning"),
)
_IS_BASELINE = (
    "(coalesce(method, '') ILIKE 'baseline' OR method IS NULL AND coalesce(weight_bits, 16) >= 16"
    " AND weight_format IN ('fp16', 'bf16', 'fp32') AND coalesce(kv_bits, 16) >= 16)"
)
_JUDGED = f"""
WITH own AS (
    SELECT lower(model) AS name, axis, median(value) AS value FROM quality
    WHERE origin <> 'published' AND {_IS_BASELINE} GROUP BY ALL
), judged AS (
    SELECT quality.rowid AS position, quality.source_id, coalesce(source_family, datasets.name) AS source_family,
        model, n_params, coalesce(method, 'not stated') AS method, weight_format, activation_format, kv_format,
        weight_bits, bits_include_scales, activation_bits, kv_bits, block_size, scale_per, task, metric,
        higher_is_better, quality.value, standard_error, coalesce(baseline_value, own.value) AS baseline, protocol,
        coalesce(quality.axis, concat_ws(', ', metric, task, protocol)) AS axis, coalesce(comparable, true) AS alike,
        caution, quality.note, locator, quality.origin, {_IS_BASELINE} AS is_baseline,
        coalesce(datasets.name, sources.title, quality.source_id) AS source, sources.link
    FROM quality
    LEFT JOIN sources ON sources.source_id = quality.source_id
    LEFT JOIN datasets ON datasets.dataset_id = quality.dataset_id
    LEFT JOIN own ON quality.origin <> 'published' AND own.name = lower(model) AND own.axis = quality.axis
), explained AS (
    SELECT *, CASE {" ".join(f"WHEN {condition} THEN '{words}'" for condition, words in REASONS)} END AS left_out
    FROM judged
)"""


class Evaluations:
    """The store's evaluations. `cursor` opens a cursor that sees the store as it is at one moment."""

    def __init__(self, cursor: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]) -> None:
        self._cursor = cursor

    def axes(self) -> pd.DataFrame:
        """Every way of measuring, those with yours and then with most sources first.

        One row an axis (metric, task and protocol): axis, metric, task, alike (true: sources may share a scale), n_rows
        that tell what a format loses, n_left_out, n_families of sources, n_models, n_own rows of the user.
        """
        return self._asked(
            "SELECT axis, min(metric) AS metric, min(task) AS task, bool_and(alike) AS alike,"
            " count(*) FILTER (left_out IS NULL) AS n_rows, count(*) FILTER (left_out IS NOT NULL) AS n_left_out,"
            " count(DISTINCT source_family) FILTER (left_out IS NULL) AS n_families,"
            " count(DISTINCT model) FILTER (left_out IS NULL) AS n_models,"
            " count(*) FILTER (origin <> 'published') AS n_own FROM explained GROUP BY axis"
            " ORDER BY n_own > 0 DESC, alike DESC, n_families DESC, n_rows DESC, axis"
        )

    def rows(self, axis: str | None = None) -> pd.DataFrame:
        """The evaluations on an axis, on all of them when None, in stored order.

        `baseline` is the 16-bit value; `left_out` says why a row does not tell what its format loses, None if it does.
        """
        where, parameters = (" WHERE axis = ?", [axis]) if axis is not None else ("", [])
        return self._asked(f"SELECT * FROM explained{where} ORDER BY position", parameters)

    def _asked(self, query: str, parameters: list[str] | None = None) -> pd.DataFrame:
        with self._cursor() as cursor:
            return cursor.execute(f"{_JUDGED} {query}", parameters or []).df()
