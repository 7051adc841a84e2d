"""Every way to cut a code into exponent and mantissa, tried on one tensor, beside the integers of the same widths."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from analysis.formats.block import BlockFormat
from analysis.formats.blocking import BlockSize
from analysis.formats.error import trial
from analysis.formats.format import Format
from analysis.formats.table import ELEMENTS, get_format

if TYPE_CHECKING:
    from analysis.formats.arrays import Array

WIDTHS = tuple(range(3, 9))
# Largest value over the block's largest magnitude, tried in turn where a clip is searched.
CLIPS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
COLUMNS = ("bits", "exponent", "mantissa", "format", "kind", "relative_mse", "sqnr_db", "best")


def splits(bits: int) -> list[Format]:
    """Every float of that width with at least one exponent bit, all codes numbers: E1 first."""
    found = [get_format(f"e{exponent}m{bits - 1 - exponent}sat") for exponent in range(1, bits)]
    return [fmt for fmt in found if isinstance(fmt, Format)]


def sweep(
    x: Array,
    block_size: BlockSize = "tensor",
    clip: bool = False,
    rounding: str = "nearest",
    on_progress: Callable[[str, float], None] = lambda stage, share: None,
) -> pd.DataFrame:
    """COLUMNS, a row for each split of each width and one for its integer (exponent and mantissa NaN).

    Scales are float32, of `block_size` neighbours, and bring the largest magnitude to the largest value, which is a
    search of the exponent bias too; `clip` lets each block choose among CLIPS by squared error. `best` marks the
    float with the lowest error at its width. Raises ValueError as error.trial does.
    """
    rows = []
    for done, bits in enumerate(WIDTHS):
        on_progress(f"{bits} bits", done / len(WIDTHS))
        floats = [_row(fmt, x, block_size, clip, rounding) for fmt in splits(bits)]
        best = min(row["relative_mse"] for row in floats)
        rows += [row | {"best": row["relative_mse"] == best} for row in floats]
        rows.append(_row(ELEMENTS[f"int{bits}"], x, block_size, clip, rounding) | {"best": False})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(fmt: Format, x: Array, block_size: BlockSize, clip: bool, rounding: str) -> dict:
    scaled = BlockFormat(fmt.name, fmt, block_size, None, "amax", fmt.source, scale_choices=CLIPS if clip else (1.0,))
    errors = trial(scaled, x, rounding=rounding).errors
    fields = dict(fmt.fields)
    return {
        "bits": fmt.bits,
        "exponent": fields.get("exponent"),
        "mantissa": fields.get("mantissa"),
        "format": fmt.name,
        "kind": "float" if "exponent" in fields else "integer",
        "relative_mse": errors.relative_mse,
        "sqnr_db": errors.sqnr_db,
    }


def winners(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a width of a sweep: the best float and the integer with their SQNR [dB], and which has the higher.

    Equal ones go to the integer, whose hardware is smaller.
    """
    floats = frame[frame["best"]].groupby("bits").first()
    integers = frame[frame["kind"] == "integer"].set_index("bits")
    table = pd.DataFrame(
        {"float": floats["format"], "float_db": floats["sqnr_db"], "integer_db": integers["sqnr_db"]}
    ).reset_index()
    return table.assign(
        ahead_db=table["float_db"] - table["integer_db"],
        winner=table["float"].where(table["float_db"] > table["integer_db"], "int" + table["bits"].astype(str)),
    )
