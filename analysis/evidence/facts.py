"""The rows that checks compute from, and the numbers that stand in the words of a claim."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.serving.architecture import Architecture, of_row

# The tables of the results store that checks read, published rows only.
TABLES = (
    *("claims", "models", "devices", "quality", "throughput", "runs", "coverage", "training_efficiency"),
    *("law_coefficients", "lr_batch_runs"),
)
_SIZES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


class NoRowsError(LookupError):
    """The rows that a check computes from are not there; the message says which."""


@dataclass(frozen=True)
class Facts:
    """Frames by the names of TABLES."""

    tables: Mapping[str, pd.DataFrame]

    def rows(self, table: str, **equals: Any) -> pd.DataFrame:
        """The rows of a table with these values. Raises NoRowsError when there are none."""
        found = self.tables.get(table, pd.DataFrame())
        if len(found):
            for column, value in equals.items():
                found = found[found[column] == value]
        if found.empty:
            wanted = ", ".join(f"{column} {value}" for column, value in equals.items())
            raise NoRowsError(f"the store has no rows of {table} with {wanted}" if wanted else f"no rows of {table}")
        return found

    def claim(self, claim_id: str) -> Mapping[str, Any]:
        """The row of a claim."""
        return self.rows("claims", claim_id=claim_id).iloc[0].to_dict()

    def value(self, claim_id: str) -> float:
        """The number of a claim as printed."""
        return float(self.claim(claim_id)["value"])

    def model(self, name: str) -> Architecture:
        """A model's shape."""
        return of_row(self.rows("models", model=name).iloc[0].to_dict())

    def device(self, name: str) -> Mapping[str, Any]:
        """A device's datasheet."""
        return self.rows("devices", device=name).iloc[0].to_dict()

    def coefficients(self, law: str, source_id: str, variant: str) -> dict[str, float]:
        """A published set of coefficients by symbol."""
        rows = self.rows("law_coefficients", law=law, source_id=source_id, variant=variant)
        return {symbol: float(value) for symbol, value in zip(rows["symbol"], rows["value"], strict=True)}


def number(text: str, unit: str = "", nth: int = 0) -> float:
    """The `nth` number of a text that stands before `unit`: number('RTX 3090 24 GB', 'GB') is 24.

    A letter of size counts: number('20T tokens', 'tokens') is 2e13. Raises ValueError when there is none.
    """
    after = rf"\s?{re.escape(unit)}" if unit else ""
    found = re.findall(rf"(\d[\d,]*\.?\d*)([KMBT]?){after}(?![\w.])", text)
    if len(found) <= nth:
        raise ValueError(f"'{text}' has no number {nth + 1} before '{unit}'")
    digits, size = found[nth]
    return float(digits.replace(",", "")) * _SIZES[size]
