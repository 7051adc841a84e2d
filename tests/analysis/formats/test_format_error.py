"""Errors against plain numpy, published figures, and the sentences for tensors that cannot be judged."""

import numpy as np
import pytest
import torch

from analysis.formats import FORMATS, get_transform, measure, per_tensor, trial
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.elements import ELEMENTS
from analysis.formats.survey import TENSOR_FORMATS

# Relative MSE on N(0, 1) from published/efficiency_relation.csv (10 million samples, unit variance).
PUBLISHED_RELATIVE_MSE = {"nvfp4": 0.00904701, "int4_row": 0.0176853}
NAMES = TENSOR_FORMATS


def normal(shape=(512, 1024), seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_nvfp4_error_on_normal_values_is_the_published_one():
    assert trial(FORMATS["nvfp4"], normal()).errors.relative_mse == pytest.approx(0.00904701, rel=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_errors_equal_plain_numpy(name):
    x = normal((16, 96))
    result = trial(FORMATS[name], x)
    error = result.values.astype(np.float64) - x
    found = result.errors
    assert found.n_elements == x.size
    assert found.mse == pytest.approx((error**2).mean())
    assert found.relative_mse == pytest.approx((error**2).sum() / (x.astype(np.float64) ** 2).sum())
    assert found.sqnr_db == pytest.approx(-10 * np.log10(found.relative_mse))
    assert found.max_abs_error == pytest.approx(np.abs(error).max())
    assert found.flushed_to_zero == ((x != 0) & (result.values == 0)).sum()


@pytest.mark.parametrize("rounding", ["nearest", "stochastic", "toward-zero"])
@pytest.mark.parametrize("transform", ["none", "hadamard", "randomized-hadamard"])
def test_every_choice_gives_finite_errors(rounding, transform):
    errors = trial(FORMATS["mxfp4"], normal((8, 100)), -1, rounding, get_transform(transform), 3).errors
    assert 0 < errors.relative_mse < 0.2


def test_saturation_counts_what_lies_beyond_the_largest_value():
    x = np.float32([6, 6.5, -7, 100, 1])
    assert trial(ELEMENTS["e2m1"], x).errors.saturated == 3
    assert trial(FORMATS["mxfp4"], np.float32([[7.9, 6.5, 6.0, -1.0]])).errors.saturated == 2
    assert trial(ELEMENTS["int4"], np.float32([7, -8, 8, -9])).errors.saturated == 2


@pytest.mark.parametrize("name", ["e2m1", "e4m3", "e5m2", "int4", "int8"])
def test_a_scale_set_by_the_largest_magnitude_saturates_nothing(name):
    assert trial(per_tensor(ELEMENTS[name]), normal()).errors.saturated == 0


def test_flushing_counts_only_what_was_not_zero():
    assert trial(ELEMENTS["e2m1"], np.float32([0, 0.1, -0.2, 0.3, -0.0])).errors.flushed_to_zero == 2


def test_nothing_lost_is_an_infinite_ratio_and_a_zero_tensor_has_none():
    assert trial(ELEMENTS["e2m1"], np.float32([1, 2, 3])).errors.sqnr_db == np.inf
    zero = trial(FORMATS["nvfp4"], np.zeros(20, np.float32)).errors
    assert (zero.mse, zero.max_abs_error) == (0, 0)
    assert np.isnan(zero.sqnr_db)


def test_a_hadamard_transform_tames_outlier_channels():
    x = DISTRIBUTIONS["outliers"].sample(np.random.default_rng(0), (64, 1024))
    for name in ("mxfp4", "int4_g128", "int4_row"):
        plain = trial(FORMATS[name], x).errors
        turned = trial(FORMATS[name], x, transform=get_transform("hadamard")).errors
        assert turned.flushed_to_zero < plain.flushed_to_zero, name


def test_int8_wins_on_even_values_and_e4m3_once_outliers_are_heavy():
    rng = np.random.default_rng(0)
    even = DISTRIBUTIONS["uniform"].sample(rng, (256, 256))
    heavy = (rng.standard_t(1.5, (256, 256))).astype(np.float32)
    for x, winner, loser in ((even, "int8_tensor", "e4m3_tensor"), (heavy, "e4m3_tensor", "int8_tensor")):
        assert trial(FORMATS[winner], x).errors.sqnr_db > trial(FORMATS[loser], x).errors.sqnr_db


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_distributions_repeat_with_their_seed(distribution):
    first, again, other = (distribution.sample(np.random.default_rng(s), (32, 128)) for s in (1, 1, 2))
    assert first.dtype == np.float32
    assert first.shape == (32, 128)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (
            np.float32([[1, np.nan], [np.inf, 1]]),
            r"holds 2 values that are not finite, the first is nan at index \[0, 1\]",
        ),
        (np.float32([1, -np.inf]), r"holds 1 value that is not finite, the first is -inf at index \[1\]"),
        (np.float32([]), "the tensor is empty"),
        (np.ones(3, complex), "complex128"),
    ],
)
def test_a_tensor_that_cannot_be_judged_gets_a_sentence(x, sentence):
    with pytest.raises(ValueError, match=sentence):
        trial(FORMATS["mxfp4"], x)


def test_a_scale_format_says_that_it_holds_no_sign_and_no_zero():
    with pytest.raises(ValueError, match="e8m0 is a scale format"):
        trial(ELEMENTS["e8m0"], np.float32([1, -1]))


def test_a_scale_format_with_a_zero_takes_zeros_and_refuses_negatives():
    assert trial(ELEMENTS["ue4m3"], np.float32([0, 1])).errors.mse == 0
    with pytest.raises(ValueError, match="ue4m3 is a scale format without sign, and the tensor holds values below 0"):
        trial(ELEMENTS["ue4m3"], np.float32([0, -1]))


def test_measure_takes_tensors_of_any_real_type():
    x = torch.tensor([1.0, 2.0], dtype=torch.bfloat16)
    assert measure(x, torch.tensor([1, 3])).max_abs_error == 1
