"""Approximations of tanh, erf, GELU and the logarithm of a Bessel function, each as its formula reads."""

from __future__ import annotations

import numpy as np

from analysis.formats.functions.exponentials import exp_polynomial
from analysis.formats.functions.machine import Number

DEGREE = 7  # of the exp in them
# Abramowitz and Stegun, 7.1.26: the printed error is 1.5e-7.
ERF_P = 0.3275911
ERF_A = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
# u_k(p) of the uniform expansions for large orders, powers of p from 0 on; DLMF 10.41.
DEBYE = (
    (0, 3 / 24, 0, -5 / 24),
    (0, 0, 81 / 1152, 0, -462 / 1152, 0, 385 / 1152),
    (0, 0, 0, 30375 / 414720, 0, -369603 / 414720, 0, 765765 / 414720, 0, -425425 / 414720),
)
ORDER = 20.0  # of the Bessel function


def tanh_by_exp(x: Number) -> Number:
    """(1 - e) / (1 + e) with e = exp(-2|x|), and the sign of x; loses digits where x is small."""
    e = exp_polynomial(-2 * abs(x), DEGREE)
    return ((1 - e) / (1 + e)).with_sign_of(x)


def tanh_fraction(x: Number) -> Number:
    """x (135135 + 17325 s + 378 s^2 + s^3) / (135135 + 62370 s + 3150 s^2 + 28 s^3), s = x^2, within [-1, 1]: the
    continued fraction of tanh (Lambert), cut after seven terms.
    """
    s = x * x
    over = ((s + 378) * s + 17325) * s + 135135
    under = ((28 * s + 3150) * s + 62370) * s + 135135
    return (x * over / under).clipped(-1, 1)


def erf_rational(x: Number) -> Number:
    """1 - (a1 t + ... + a5 t^5) exp(-x^2), t = 1 / (1 + p |x|), and the sign of x."""
    t = 1 / (1 + ERF_P * abs(x))
    total = x.machine.number(ERF_A[-1])
    for a in reversed(ERF_A[:-1]):
        total = total * t + a
    return (1 - total * t * exp_polynomial(-(x * x), DEGREE)).with_sign_of(x)


def gelu_by_erf(x: Number) -> Number:
    """x (1 + erf(x / sqrt 2)) / 2, its definition, with erf_rational."""
    return x * (0.5 * (1 + erf_rational(x * float(np.sqrt(0.5)))))


def gelu_tanh(x: Number) -> Number:
    """x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. Source: arXiv 1606.08415."""
    return x * (0.5 * (1 + tanh_by_exp(float(np.sqrt(2 / np.pi)) * (x + 0.044715 * (x * x * x)))))


def gelu_sigmoid(x: Number) -> Number:
    """x / (1 + exp(-1.702 x)). Source: arXiv 1606.08415."""
    return x / (1 + exp_polynomial(-1.702 * x, DEGREE))


def log_bessel(x: Number, terms: int) -> Number:
    """log I_v(x) for the order v = ORDER: v eta - log(2 pi v)/2 - log(1 + z^2)/4 + log(1 + sum u_k(p) / v^k).

    z = x / v, p = 1 / sqrt(1 + z^2), eta = 1/p + log(z / (1 + 1/p)). Source: DLMF 10.41.3, after Olver.
    """
    z = x * (1 / ORDER)
    root = (z * z + 1).square_root()
    p = 1 / root
    eta = root + (z / (1 + root)).logarithm()
    found = ORDER * eta - 0.5 * float(np.log(2 * np.pi * ORDER)) - 0.5 * root.logarithm()
    if terms == 0:
        return found
    rows = [np.array(row) / ORDER ** (k + 1) for k, row in enumerate(DEBYE[:terms])]
    coefficients = sum((np.pad(row, (0, len(rows[-1]) - len(row))) for row in rows), np.zeros(len(rows[-1])))
    total = x.machine.number(coefficients[-1])
    for coefficient in coefficients[-2:0:-1]:
        total = total * p + float(coefficient)
    return found + (1 + total * p).logarithm()
