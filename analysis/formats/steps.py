"""A step function of a float32 as a table: the upper bits of the number choose a bucket, one comparison the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from analysis.formats.by_addition import CodesByAddition, ValuesByAddition

MOST_MANTISSA_BITS = 10  # of the bucket number: tables of 2^19 buckets, a few megabytes
_MANTISSA = 23


class Steps(NamedTuple):
    """A number with bit pattern b lies in bucket k = b >> shift and gets results[2k] up to the pattern bounds[k],
    results[2k + 1] above it. Patterns compare as int32, so that NaN and -0 are numbers like others. A tuple, because
    compiled code takes no dataclass.

    shift: uint32. bounds: (n,) int32. results: (2n,) codes or values. codes, values: a faster way to the results,
    where one is proved equal.
    """

    shift: np.uint32
    bounds: np.ndarray
    results: np.ndarray
    codes: CodesByAddition | None = None
    values: ValuesByAddition | None = None

    def of(self, x: np.ndarray) -> np.ndarray:
        """The results of float32 numbers, same shape: what compiled code computes, in numpy."""
        bits = x.view(np.int32)
        bucket = (x.view(np.uint32) >> self.shift).astype(np.int64)
        return self.results[2 * bucket + (bits > self.bounds[bucket])]


def tabulated(function: Callable[[np.ndarray], np.ndarray]) -> Steps | None:
    """The table of `function`, from float32 to integer codes (n,), with as few buckets as one step in each allows.

    Among numbers of one sign and exponent, the function must not return to a code that it has left. None when some
    bucket holds two steps with MOST_MANTISSA_BITS too.
    """
    steps = _all_steps(lambda patterns: function(_floats(patterns)))
    for mantissa in range(MOST_MANTISSA_BITS + 1):
        shift = _MANTISSA - mantissa
        inside = steps[(steps + 1) % 2**shift != 0]  # the others lie between two buckets
        buckets = inside >> shift
        if (np.diff(buckets) > 0).all():
            return _table(function, shift, inside, buckets)
    return None


def has_steps_of(function: Callable[[np.ndarray], np.ndarray], steps: Steps) -> bool:
    """Whether a function of float32 numbers gives the results of a table on every one of them, NaNs equal.

    Both are constant between their steps, so the numbers at their steps and at the ends of buckets decide; of the
    function this asks what tabulated does.
    """

    def at(patterns: np.ndarray) -> np.ndarray:
        return _plain(function(_floats(patterns)))

    first = np.arange(len(steps.bounds), dtype=np.int64) << int(steps.shift)
    edges = np.concatenate([_all_steps(at), steps.bounds.view(np.uint32).astype(np.int64)])
    patterns = np.unique(np.concatenate([first, edges, (edges + 1) % 2**32]))
    return np.array_equal(at(patterns), _plain(steps.of(_floats(patterns))))


def _plain(results: np.ndarray) -> np.ndarray:
    """Results as whole numbers, which equal each other where they are NaN as well."""
    if results.dtype != np.float32:
        return results
    return np.where(np.isnan(results), np.float32(np.nan), results).view(np.int32)


def _table(function: Callable[[np.ndarray], np.ndarray], shift: int, steps: np.ndarray, buckets: np.ndarray) -> Steps:
    first = np.arange(2 ** (32 - shift), dtype=np.int64) << shift
    bounds = first + 2**shift - 1
    bounds[buckets] = steps
    results = np.repeat(function(_floats(first)), 2)
    results[2 * buckets + 1] = function(_floats(steps + 1))
    return Steps(np.uint32(shift), bounds.astype(np.uint32).view(np.int32), results)


def _all_steps(at: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Every pattern of a sign and exponent after which the code changes, rising: all intervals are halved at once."""
    below = np.arange(2**9, dtype=np.int64) << _MANTISSA
    above = below + 2**_MANTISSA - 1
    low, high = at(below), at(above)
    for _ in range(_MANTISSA):
        middle = (below + above) // 2
        code = at(middle)
        left, right = low != code, code != high
        below, above = np.concatenate([below[left], middle[right]]), np.concatenate([middle[left], above[right]])
        low, high = np.concatenate([low[left], code[right]]), np.concatenate([code[left], high[right]])
    return np.sort(below)


def _floats(patterns: np.ndarray) -> np.ndarray:
    return patterns.astype(np.uint32).view(np.float32)
