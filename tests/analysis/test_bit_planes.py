"""Any width pair is a sum of binary products: against numpy's integer product, over every pair of widths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from analysis.formats.bit_planes import binary_products, plane_factors, planes, total


@pytest.mark.row("R24")
def test_w2a8_is_sixteen_binary_products_whose_sum_is_exact():
    rng = np.random.default_rng(0)
    a, w = rng.integers(-128, 128, (5, 200)), rng.integers(-2, 2, (7, 200))
    parts = binary_products(a, w, 8, 2)
    assert len(parts) == 16
    assert all(0 <= part.matches.min() <= part.matches.max() <= 200 for part in parts)
    np.testing.assert_array_equal(total(parts), a @ w.T)


@pytest.mark.parametrize(("a_bits", "w_bits"), list(itertools.product(range(1, 9), repeat=2)))
@pytest.mark.parametrize("signed", [True, False])
def test_every_pair_of_widths_adds_up_at_its_extremes(a_bits, w_bits, signed):
    def every(bits):
        factors = plane_factors(bits, signed)
        return np.arange(sum(min(one, 0) for one in factors), sum(max(one, 0) for one in factors) + 1)

    a, w = every(a_bits)[:, None], every(w_bits)[:, None]
    parts = binary_products(a, w, a_bits, w_bits, signed)
    assert len(parts) == a_bits * w_bits
    np.testing.assert_array_equal(total(parts), a @ w.T)


def test_a_value_that_does_not_fit_is_named_with_what_does():
    with pytest.raises(ValueError, match=r"^2 does not fit into 2 signed bits; they hold -2 to 1$"):
        planes(np.array([-2, 1, 2]), 2, signed=True)
    with pytest.raises(ValueError, match=r"^-1 does not fit into 1 unsigned bits; they hold 0 to 1$"):
        planes(np.array([-1]), 1, signed=False)
    with pytest.raises(ValueError, match="bits is 0; give 1 to 16"):
        planes(np.array([0]), 0, signed=False)
