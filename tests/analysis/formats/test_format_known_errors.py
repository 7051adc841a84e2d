"""Published and exactly computed errors of formats on normal values."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from analysis.formats import FORMATS, get_format, trial

OCTAVE, UNIT = True, False
# The MXFP4 of Quartet: OCP scales times 4/3, so that nothing clips.
QUARTET = replace(FORMATS["mxfp4"], scale=None, scale_choices=(4 / 3,))
# Mean squared error over sigma^2, with sigma of each row anywhere within an octave or 1, of 10 million values:
# published/efficiency_relation.csv. The errors of NVFP4 do not depend on sigma.
PUBLISHED = [
    (QUARTET, "nearest", OCTAVE, 1.36617e-2),
    (QUARTET, "stochastic", OCTAVE, 2.77915e-2),
    (FORMATS["mxfp4"], "nearest", OCTAVE, 1.3344e-2),
    (FORMATS["nvfp4"], "nearest", UNIT, 9.04701e-3),
    (FORMATS["nvfp4_16x16"], "nearest", UNIT, 1.24065e-2),
    (FORMATS["nvfp4_46"], "nearest", UNIT, 7.56051e-3),
    (FORMATS["nvfp4_mseden"], "nearest", UNIT, 9.74751e-3),
]
# Expected squared error on N(0, 1) at the best clip: uniform grids of 2^b levels symmetric about zero, and e2m1.
AT_BEST_CLIP = [(np.arange(2**bits) - (2**bits - 1) / 2, error) for bits, error in ((2, 0.11885), (3, 0.03744))]
AT_BEST_CLIP += [(np.arange(16) - 7.5, 0.011543), (get_format("e2m1").finite, 0.012685)]


def normal_rows(octave, rows=2048, columns=1024):
    """Rows and their sigma; over the octave the sigmas are evenly spaced in log2, which leaves less to chance."""
    sigma = 2 ** ((np.arange(rows) + 0.5) / rows if octave else np.zeros(rows))
    return (sigma[:, None] * np.random.default_rng(0).standard_normal((rows, columns))).astype(np.float32), sigma


@pytest.mark.parametrize(("fmt", "rounding", "octave", "published"), PUBLISHED)
def test_errors_on_normal_values_are_the_published_ones(fmt, rounding, octave, published):
    x, sigma = normal_rows(octave)
    values = trial(fmt, x, rounding=rounding, seed=1).values.astype(np.float64)
    errors = ((values - x) ** 2).mean(axis=1) / sigma**2
    standard_error = errors.std() / len(x) ** 0.5
    # The published values come from a sample of their own, of five times the size.
    tolerance = 3.5 * standard_error * 1.2**0.5
    assert errors.mean() == pytest.approx(published, abs=tolerance), f"standard error {standard_error:.1e}"
    assert tolerance < 0.015 * published


def expected_error(values):
    """E (Q(x) - x)^2 for x from N(0, 1), nearest rounding, by integration between the decision points."""
    points = np.concatenate([[-np.inf], (values[:-1] + values[1:]) / 2, [np.inf]])
    return sum(
        quad(lambda x, v=v: (x - v) ** 2 * norm.pdf(x), low, high)[0]
        for low, high, v in zip(points[:-1], points[1:], values, strict=True)
    )


@pytest.mark.parametrize(("values", "error"), AT_BEST_CLIP)
def test_expected_errors_at_the_best_clip_are_the_published_ones(values, error):
    unit = values / values.max()
    best = minimize_scalar(lambda clip: expected_error(unit * clip), bounds=(0.5, 6), method="bounded")
    assert best.fun == pytest.approx(error, rel=5e-4)
