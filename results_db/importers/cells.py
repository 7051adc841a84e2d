"""The cells of a column as values. What a cell may say is said by its rule alone (run_rules).

A rule is Python and would take a microsecond per cell of a million rows. So Arrow takes the cells that stand for
themselves (digits within the column's range, plain words within its length) all at once, and the rule reads every
other text, each only once however many rows repeat it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from results_db.importers.aliases import Match
from results_db.importers.problems import Problem, shown
from results_db.importers.run_rules import LENGTHS, MISSING, RANGES, REQUIRED, RULES, TYPES, Rule, is_missing

# Cells that are their own value, to float() as to Arrow. Two digits of exponent: no overflow, no subnormal number.
_NUMBER = r"^[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$"
_WORDS = r"^[!-~]+( [!-~]+)*$"
_MISSING = pa.array(sorted(MISSING), pa.string())
_ARROW = {"float64": pa.float64(), "str": pa.string(), "bool": pa.bool_()}
_EMPTY = "the cell is empty; write a number or delete the row"


@dataclass(frozen=True)
class Column:
    """The values of a column (n_rows,), null where a cell says none, and its wrong cells.

    `wrong` holds their positions, ascending; the text and the advice of each lie in `said` at its place in `codes`.
    """

    match: Match
    values: pa.Array
    wrong: np.ndarray
    codes: np.ndarray
    said: list[tuple[str, str]]

    def problems(self, numbers: np.ndarray, last: int) -> list[tuple[int, Problem]]:
        """What is wrong with the cells up to position `last`, each with its position; `numbers` are the rows'."""
        n_listed = int(np.searchsorted(self.wrong, last, side="right"))
        return [
            (int(place), Problem(int(numbers[place]), self.match.uploaded, *self.said[code]))
            for place, code in zip(self.wrong[:n_listed], self.codes[:n_listed], strict=True)
        ]


def read_column(texts: pa.StringArray, match: Match, rule: Rule) -> Column:
    """The cells of one column, each as the rule reads it."""
    values, settled = _plain(texts, match, rule)
    positions = np.flatnonzero(~settled)
    rest = texts.take(pa.array(positions)).dictionary_encode()
    distinct = rest.dictionary.to_pylist()
    read = [_cell(text, match, rule) for text in distinct]
    codes = rest.indices.to_numpy()
    found = pa.array([value for value, _ in read], values.type).take(rest.indices)
    is_wrong = np.array([bool(advice) for _, advice in read], dtype=bool)
    wrong = is_wrong[codes] if len(codes) else np.zeros(0, bool)
    said = [(shown(text) if text.strip() else "", advice) for text, (_, advice) in zip(distinct, read, strict=True)]
    whole = pc.replace_with_mask(values, pa.array(~settled), found)
    return Column(match, whole, positions[wrong], codes[wrong], said)


def numbers_in(texts: pa.StringArray) -> np.ndarray:
    """The plain numbers that cells say, in order; cells that say something else are left out."""
    return pc.cast(texts.filter(_like(texts, _NUMBER)), pa.float64()).to_numpy()


def _cell(text: str, match: Match, rule: Rule) -> tuple[object, str]:
    """The value of a cell and what is wrong with it; one of the two is None or ""."""
    if is_missing(text) and not (match.column in REQUIRED and text.strip()):
        return None, _EMPTY if match.column in REQUIRED else ""
    try:
        return rule(text, match.scale), ""
    except ValueError as advice:
        return None, str(advice)


def _plain(texts: pa.StringArray, match: Match, rule: Rule) -> tuple[pa.Array, np.ndarray]:
    """Values of the cells that need no rule, null elsewhere, and which cells those are."""
    missing = np.zeros(len(texts), bool)
    if match.column not in REQUIRED:
        missing = _numpy(pc.is_in(pc.ascii_lower(pc.ascii_trim_whitespace(texts)), _MISSING))
    own_rule = rule is RULES[match.column]
    if own_rule and match.column in RANGES and match.scale == 1:
        values = _plain_numbers(texts, *RANGES[match.column])
        return pa.array(values, from_pandas=True), missing | np.isfinite(values)
    if own_rule and match.column in LENGTHS:
        short = pc.less_equal(pc.binary_length(texts), LENGTHS[match.column])
        plain = _numpy(pc.and_(short, _like(texts, _WORDS))) & ~missing
        return pc.if_else(pa.array(plain), texts, pa.scalar(None, pa.string())), missing | plain
    return pa.nulls(len(texts), _ARROW[TYPES[match.column]]), missing


def _plain_numbers(texts: pa.StringArray, least: float, most: float) -> np.ndarray:
    """The numbers from `least` to `most` of the cells that are plain numbers, NaN for all others."""
    plain = _numpy(_like(texts, _NUMBER))
    values = np.full(len(texts), np.nan)
    values[plain] = pc.cast(texts.filter(pa.array(plain)), pa.float64()).to_numpy()
    values[~((values >= least) & (values <= most))] = np.nan
    return values


def _like(texts: pa.StringArray, pattern: str) -> pa.BooleanArray:
    return pc.match_substring_regex(texts, pattern)


def _numpy(mask: pa.BooleanArray) -> np.ndarray:
    return mask.to_numpy(zero_copy_only=False).astype(bool)
