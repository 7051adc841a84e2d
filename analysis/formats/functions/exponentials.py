"""Approximations of exp, each as its formula reads."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from analysis.formats.functions.machine import Number

LOG2_E, LN_2 = float(np.log2(np.e)), float(np.log(2))
KEPT = 11  # bits of the upper part of ln 2: its products with exponents of float32 are exact
ENTRIES = 32  # of the table
# Between 1 + f and 2^f lies a factor of up to this; half of it, in log2, to either side makes the errors equal.
BALANCE = float(np.log2(LOG2_E / 2 ** (LOG2_E - 1)) / 2)


@lru_cache(maxsize=32)
def remainder(degree: int, reach: float) -> tuple[float, ...]:
    """Coefficients of q, the constant first, with exp(r) = 1 + r + r^2 q(r) for |r| <= reach, q of `degree` - 2.

    Interpolated between Chebyshev points, which is within a small factor of the best there is.
    """

    def wanted(r: np.ndarray) -> np.ndarray:
        terms = [np.ones_like(r) / 2]  # (exp(r) - 1 - r) / r^2 by its series, since the quotient cancels
        for n in range(3, 25):
            terms.append(terms[-1] * r / n)
        return sum(terms)

    found = np.polynomial.Chebyshev.interpolate(wanted, degree - 2, domain=[-reach, reach])
    return tuple(found.convert(kind=np.polynomial.Polynomial).coef.tolist())


def polynomial(r: Number, degree: int, reach: float) -> Number:
    """exp(r) for small r: 1 + r + r^2 q(r), q by Horner's rule."""
    first, *others = reversed(remainder(degree, reach))
    q = r.machine.number(first)
    for coefficient in others:
        q = q * r + coefficient
    return 1 + (r + r * r * q)


def extended(x: Number, degree: int) -> tuple[Number, Number]:
    """exp(x) as (m, n) with exp(x) = m 2^n, which no x overflows: n whole, m between 0.7 and 1.42.

    ln 2 is subtracted in two parts (Cody and Waite). Source: arXiv 2001.04438, whose pairs of mantissa and exponent
    these are.
    """
    upper = np.ldexp(np.rint(np.ldexp(LN_2, KEPT)), -KEPT)
    n = (x * LOG2_E).nearest_integer()
    r = (x - n * upper) - n * (LN_2 - upper)
    return polynomial(r, degree, LN_2 / 2), n


def exp_polynomial(x: Number, degree: int) -> Number:
    """exp(x) by a polynomial on the part of x that is left of multiples of ln 2."""
    m, n = extended(x, degree)
    return m.times_power_of_two(n)


def exp_table(x: Number, degree: int) -> Number:
    """exp(x) = 2^n T[j] p(r): ENTRIES values of 2^(j/ENTRIES), and a polynomial on what is left."""
    step = LN_2 / ENTRIES
    upper = np.ldexp(np.rint(np.ldexp(step, KEPT)), -KEPT)
    k = (x * (1 / step)).nearest_integer()
    r = (x - k * upper) - k * (step - upper)
    n = (k * (1 / ENTRIES)).floor()
    entry = (k - n * ENTRIES).looked_up(2 ** (np.arange(ENTRIES) / ENTRIES))
    return (entry * polynomial(r, degree, step / 2)).times_power_of_two(n)


def exp_pattern(x: Number) -> Number:
    """exp(x) by writing x / ln 2, in steps of 2^-23, into the bits of a float32: 2^f becomes 1 + f.

    Source: Schraudolph, "A fast, compact approximation of the exponential function", 1999; the constant is the one
    that makes the largest errors to both sides equal.
    """
    return (x * (2.0**23 * LOG2_E) + 2.0**23 * (127 - BALANCE)).as_pattern()
