"""Example questions for the SQL page, and the columns of an answer that can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Example:
    """A question in words and in SQL, with the columns of its answer that are drawn first."""

    title: str
    sql: str
    x: str
    y: str
    color: str = ""


EXAMPLES = (
    Example(
        "Loss against tokens per parameter",
        """SELECT n_tokens / n_params AS tokens_per_parameter, loss, source_id, n_params
FROM runs
WHERE NOT outlier AND n_tokens IS NOT NULL
ORDER BY tokens_per_parameter""",
        "tokens_per_parameter",
        "loss",
        "source_id",
    ),
    Example(
        "The best loss of each source, size and forward format",
        """SELECT source_id, n_params, forward_format, min(loss) AS best_loss, count(*) AS runs
FROM runs
GROUP BY ALL
ORDER BY source_id, n_params, best_loss""",
        "n_params",
        "best_loss",
        "forward_format",
    ),
    Example(
        "Measured speed-ups by device and format",
        """SELECT device, format, baseline_format, median(value) AS speedup, count(*) AS measurements
FROM throughput
WHERE metric = 'speedup'
GROUP BY ALL
ORDER BY speedup DESC""",
        "format",
        "speedup",
        "device",
    ),
    Example(
        "Published exponents side by side, a column per symbol",
        """SELECT law, source_id, variant,
    max(value) FILTER (symbol = 'alpha') AS alpha,
    max(value) FILTER (symbol = 'beta') AS beta,
    max(value) FILTER (symbol = 'E') AS E
FROM law_coefficients
GROUP BY ALL
HAVING alpha IS NOT NULL AND beta IS NOT NULL
ORDER BY law, source_id""",
        "alpha",
        "beta",
        "law",
    ),
    Example(
        "Bytes of memory traffic per bf16 FLOP, device by device",
        """SELECT device, vendor, bandwidth_gb_s, bf16_tflops, bandwidth_gb_s / (1000 * bf16_tflops) AS bytes_per_flop
FROM devices
WHERE bf16_tflops IS NOT NULL AND bandwidth_gb_s IS NOT NULL
ORDER BY bytes_per_flop DESC""",
        "bf16_tflops",
        "bandwidth_gb_s",
        "vendor",
    ),
    Example(
        "What every column means",
        """SELECT table_name, column_name, data_type, comment
FROM duckdb_columns()
WHERE NOT internal
ORDER BY table_name, column_index""",
        "",
        "",
    ),
)


def column_list(columns: pd.DataFrame) -> str:
    """The columns of a table (column, type, comment) as Markdown, one paragraph each."""
    rows = columns[["column", "type", "comment"]].itertuples(index=False, name=None)
    return "\n\n".join(
        f"`{name}` {kind.lower()}  \n{str(comment or '').replace('$', chr(92) + '$')}" for name, kind, comment in rows
    )


def numeric(rows: pd.DataFrame) -> list[str]:
    """The columns that hold numbers, of which at least one is there."""
    return [
        str(name)
        for name in rows
        if pd.api.types.is_numeric_dtype(rows[name])
        and not pd.api.types.is_bool_dtype(rows[name])
        and rows[name].notna().any()
    ]


def first_choice(rows: pd.DataFrame, sql: str) -> tuple[str, str, str]:
    """The columns to draw first as x, y and color ("" for none): those of the example, else the first that fit."""
    known = next((example for example in EXAMPLES if example.sql == sql), None)
    if known and known.y:
        return known.x, known.y, known.color
    numbers, names = numeric(rows), [str(name) for name in rows]
    if not numbers or len(names) < 2:
        return "", "", ""
    texts = [name for name in names if name not in numbers and 1 < rows[name].nunique() <= 12]
    y = numbers[1] if len(numbers) > 1 else numbers[0]
    x = next(name for name in [*numbers, *texts, *names] if name != y)
    return x, y, next((name for name in texts if name != x), "")
