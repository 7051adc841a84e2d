"""The columns of the store as the data dictionary shows them: name, unit, type, meaning."""

from __future__ import annotations

import pandas as pd
from streamlit import column_config

FIRST = "runs"  # the table that the page opens with
SHOWN = 5  # rows shown of a table
TYPES = {"VARCHAR": "text", "DOUBLE": "number", "INTEGER": "integer", "BIGINT": "integer", "BOOLEAN": "yes or no"}
TABLE = {"unit": column_config.TextColumn(width=130), "meaning": column_config.TextColumn(width="large")}


def readable_columns(described: pd.DataFrame) -> pd.DataFrame:
    """Every column with its unit taken out of its comment: table, column, unit, type, meaning."""
    comment = described["comment"].fillna("")
    return pd.DataFrame(
        {
            "table": described["table"],
            "column": described["column"],
            "unit": comment.str.extract(r"\[([^\]]+)\]")[0].fillna(""),
            "type": described["type"].map(lambda kind: TYPES.get(kind, kind.lower())),
            "meaning": comment,
        }
    )


def matching(columns: pd.DataFrame, words: str) -> pd.DataFrame:
    """The columns that have every word in their name or meaning, in any case."""
    text = columns["column"] + " " + columns["meaning"]
    hit = pd.Series(True, columns.index)
    for word in words.split():
        hit &= text.str.contains(word, case=False, regex=False)
    return columns[hit]
