"""Value tables that follow no float rule: published lists, signed powers of two, ternary and posits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.formats.format import Format, Ties, frozen

NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
AF4 = (
    -1.0, -0.69441008, -0.51243739, -0.3736951, -0.25607552, -0.14982478, -0.04934812, 0.0, 0.04273164, 0.12934483,
    0.21961274, 0.31675666, 0.42563882, 0.55496234, 0.72424863, 1.0,
)  # fmt: skip
FINEST_BELOW = 16.0  # posits keep most fraction bits from 1/16 to 16
FP4_TWELFTHS = (0, 0.0625, 8, 12, 4, 6, 2, 3)


def codebook(name: str, values: Sequence[float], source: str, title: str, ties: Ties = "down") -> Format:
    """A list of values, rounded to float32, in code order; saturates, NaN becomes the value nearest to zero."""
    table = np.asarray(values, np.float32)
    bits = int(np.log2(len(table)))
    nothing = int(np.abs(table).argmin())
    return Format(name, bits, frozen(table), source, (("index", bits),), (nothing, nothing), ties=ties, title=title)


def mirrored(name: str, magnitudes: Sequence[float], source: str, title: str, ties: Ties = "even") -> Format:
    """A sign bit and a list of magnitudes, rounded to float32, in code order; saturates."""
    half = np.asarray(magnitudes, np.float32)
    width, nothing = int(np.log2(len(half))), int(half.argmin())
    values, fields = frozen(np.concatenate([half, -half])), (("sign", 1), ("index", width))
    return Format(name, 1 + width, values, source, fields, (nothing, nothing), ties=ties, title=title)


def with_special(name: str, magnitudes: Sequence[float], special: float, source: str, title: str) -> Format:
    """A sign bit and magnitudes from 0, where the code of -0 holds `special` instead."""
    return codebook(name, [*magnitudes, special, *(-m for m in magnitudes[1:])], source, title)


def shift(name: str, bits: int, source: str, title: str, zero: bool) -> Format:
    """A sign bit and 2^-k, k = 0, 1 … in falling order of magnitude; with `zero` the last code of each sign is zero."""
    count = 2 ** (bits - 1)
    magnitudes = np.ldexp(1.0, -np.arange(count))
    if zero:
        magnitudes[-1] = 0
    return mirrored(name, magnitudes.tolist(), source, title, ties="away")


def dynamic(name: str, bits: int, source: str, title: str) -> Format:
    """Decades with ever more values: 2^i of them, at the middles of even steps over 10^(i - n) to 10^(i - n + 1) for
    i = 0 … n = bits - 2, either sign; with 0 and 1. Source: arXiv 1511.04561; bitsandbytes create_dynamic_map.
    """
    decades = bits - 1
    magnitudes = np.concatenate(
        [10.0 ** (i - decades + 1) * (0.1 + 0.9 * (np.arange(2**i) + 0.5) / 2**i) for i in range(decades)]
    )
    return codebook(name, np.sort(np.concatenate([-magnitudes, magnitudes, [0.0, 1.0]])).tolist(), source, title)


def posit(name: str, bits: int, source: str, title: str) -> Format:
    """A posit of the 2022 standard (two exponent bits).

    Rounding is of the bit string: the point between two neighbours is the posit of one bit more. Nothing rounds to
    zero or beyond the largest value; NaN and infinity become NaR, which decodes to NaN.
    """
    not_real = 2 ** (bits - 1)
    positive = np.array([0.0] + [_posit_value(code, bits) for code in range(1, not_real)])
    halves = np.array([0.0] + [_posit_value(2 * code + 1, bits + 1) for code in range(1, not_real - 1)])
    values = np.concatenate([positive, [np.nan], -positive[:0:-1]])
    return Format(
        name,
        bits,
        frozen(values),
        source,
        (("sign", 1), ("regime, exponent, fraction", bits - 1)),
        nan=(not_real, not_real),
        next_value=float("inf"),
        title=title,
        middles=frozen(np.concatenate([-halves[::-1], halves])),
        scaled_to=FINEST_BELOW,
    )


def _posit_value(code: int, bits: int) -> float:
    """The value of a positive posit code: a run of equal bits, up to two exponent bits, the fraction."""
    text = f"{code:0{bits - 1}b}"
    run = len(text) - len(text.lstrip(text[0]))
    rest = text[run + 1 :]
    exponent, fraction = rest[:2].ljust(2, "0"), rest[2:]
    power = 4 * (run - 1 if text[0] == "1" else -run) + int(exponent, 2)
    return float(np.ldexp(1 + (int(fraction, 2) / 2 ** len(fraction) if fraction else 0.0), power))
