"""The cells of a column as values. What a cell may say is said by its rule alone (run_rules).

A rule is Python and would take a microsecond per cell of a million rows. So Arrow takes the cells that stand for
themselves (digits within the column's range, plain words within its length) all at once, and the rule reads every
other text, each only once however many rows repeat it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from results_db.importers.aliases import Match
from results_db.importers.problems import Problem, shown
from results_db.importers.run_rules import COUNTS, LENGTHS, MISSING, RANGES, REQUIRED, RULES, TYPES, Rule, is_missing
from results_db.importers.units import SUFFIXES

# Cells that are their own value, to float() as to Arrow. Two digits of exponent: no overflow, no subnormal number.
_NUMBER = r"^[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$"
# A number of at most 15 digits: with a power of ten behind it, it is the double that the rule's product rounds to.
_SHORT = r"[0-9]{1,7}(?:\.[0-9]{1,8})?"
# Power of ten -> the suffixes that mean it.
_POWERS = {power: "|".join(word for word, size in SUFFIXES.items() if size == 10.0**power) for power in (3, 6, 9, 12)}
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
    if own_rule and match.column in RANGES:
        values = _plain_numbers(texts, match)
        return pa.array(values, from_pandas=True), missing | np.isfinite(values)
    if own_rule and match.column in LENGTHS:
        short = pc.less_equal(pc.binary_length(texts), LENGTHS[match.column])
        plain = _numpy(pc.and_(short, _like(texts, _WORDS))) & ~missing
        return pc.if_else(pa.array(plain), texts, pa.scalar(None, pa.string())), missing | plain
    return pa.nulls(len(texts), _ARROW[TYPES[match.column]]), missing


def _plain_numbers(texts: pa.StringArray, match: Match) -> np.ndarray:
    """The numbers that need no rule and lie in the column's range, NaN for all other cells."""
    least, most = RANGES[match.column]
    values = np.full(len(texts), np.nan)
    if match.scale == 1:
        _fill(values, texts, _like(texts, _NUMBER))
    elif match.scale in SUFFIXES.values():
        power = pa.scalar(f"e{round(math.log10(match.scale))}")
        _fill(values, pc.binary_join_element_wise(texts, power, ""), _like(texts, f"^{_SHORT}$"))
    rest = np.flatnonzero(np.isnan(values))
    if match.column in COUNTS and len(rest):
        counts = texts.take(pa.array(rest))
        for power, words in _POWERS.items():
            pattern = f"(?i)^({_SHORT}) ?(?:{words})$"
            found = np.full(len(rest), np.nan)
            _fill(found, pc.replace_substring_regex(counts, pattern, rf"\1e{power}"), _like(counts, pattern))
            values[rest] = np.where(np.isnan(found), values[rest], found)
    values[~((values >= least) & (values <= most))] = np.nan
    return values


def _fill(values: np.ndarray, texts: pa.StringArray, plain: pa.BooleanArray) -> None:
    """Puts the numbers that the plain cells say in their places."""
    values[_numpy(plain)] = pc.cast(texts.filter(plain), pa.float64()).to_numpy()


def _like(texts: pa.StringArray, pattern: str) -> pa.BooleanArray:
    return pc.match_substring_regex(texts, pattern)


def _numpy(mask: pa.BooleanArray) -> np.ndarray:
    return mask.to_numpy(zero_copy_only=False).astype(bool)
