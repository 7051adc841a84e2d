"""The table of what transforms do, against trials and plain matrix products of its own."""

import numpy as np
import pytest
import torch

from analysis.formats import FORMATS, get_transform, per_tensor, trial
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.effects import OUTPUTS, SHAPE, effects, product_sqnr
from analysis.formats.elements import ELEMENTS
from analysis.formats.transforms import TRANSFORMS


def operands(distribution="outliers", seed=0):
    rng = np.random.default_rng(seed)
    x = DISTRIBUTIONS[distribution].sample(rng, SHAPE)
    return x, rng.standard_normal((OUTPUTS, SHAPE[1]), dtype=np.float32)


def test_a_row_holds_the_errors_of_a_trial_and_its_gain_over_none():
    frame = effects("mxfp4", ["outliers"], ["none", "hadamard", "smooth"]).set_index("transform")
    x, _ = operands()
    for name, row in frame.iterrows():
        expected = trial(FORMATS["mxfp4"], x, transform=get_transform(str(name))).errors.sqnr_db
        assert row["sqnr_db"] == pytest.approx(expected)
    assert frame.loc["none", "gain_db"] == frame.loc["none", "product_gain_db"] == 0
    assert frame.loc["hadamard", "gain_db"] == pytest.approx(
        frame.loc["hadamard", "sqnr_db"] - frame.loc["none", "sqnr_db"]
    )


def test_the_error_of_a_product_equals_plain_numpy():
    x, w = operands()
    fmt = FORMATS["int8_row"]

    def through(t):
        scale = np.abs(t).max(axis=1, keepdims=True) / np.float32(127)
        return (np.rint(t / scale) * scale).astype(np.float64)

    exact = x.astype(np.float64) @ w.T.astype(np.float64)
    plain = through(x) @ through(w).T
    expected = -10 * np.log10(((plain - exact) ** 2).sum() / (exact**2).sum())
    assert product_sqnr(fmt, x, w, TRANSFORMS["none"]) == pytest.approx(expected, abs=1e-6)
    factors = (np.abs(x).max(axis=0) / np.abs(w).max(axis=0)) ** 0.5
    smoothed = through(x / factors) @ through(w * factors).T
    expected = -10 * np.log10(((smoothed - exact) ** 2).sum() / (exact**2).sum())
    assert product_sqnr(fmt, x, w, TRANSFORMS["smooth"]) == pytest.approx(expected, abs=1e-3)


def test_smoothing_moves_the_outliers_of_int8_activations_into_the_weights():
    """SmoothQuant's case: a product with outlier channels in INT8 with one scale a tensor."""
    x, w = operands()
    fmt = per_tensor(ELEMENTS["int8"])
    assert product_sqnr(fmt, x, w, TRANSFORMS["smooth"]) > product_sqnr(fmt, x, w, TRANSFORMS["none"]) + 6


@pytest.mark.parametrize("name", [name for name, row in TRANSFORMS.items() if row.exact])
def test_a_product_in_a_format_that_loses_nothing_keeps_every_digit_under_a_transform(name):
    x, w = (torch.from_numpy(t[:, :96].copy()) for t in operands("student"))
    turned = get_transform(name).turn(x.double(), other=w.double())
    product = turned.values @ turned.partner(w.double()).T + turned.added(w.double())
    np.testing.assert_allclose(product.numpy(), (x.double() @ w.double().T).numpy(), atol=1e-10)
