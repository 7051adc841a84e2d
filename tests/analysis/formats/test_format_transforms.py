"""Transforms: orthonormal, undone exactly up to float rounding, any length and axis."""

import numpy as np
import pytest
import torch
from scipy.linalg import hadamard as scipy_hadamard

from analysis.formats import TRANSFORMS, get_transform


def normal(*shape):
    return torch.from_numpy(np.random.default_rng(0).standard_normal(shape))


def test_full_blocks_are_multiplied_by_the_sylvester_matrix():
    x = normal(3, 64)
    expected = (x.numpy().reshape(3, 2, 32) @ (scipy_hadamard(32) / 32**0.5)).reshape(3, 64)
    np.testing.assert_allclose(TRANSFORMS["hadamard"].apply(x, -1, 0).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (45,), (4, 100), (2, 33, 5)])
@pytest.mark.parametrize("axis", [0, -1])
def test_inverting_gives_the_tensor_back(name, shape, axis):
    transform, x = TRANSFORMS[name], normal(*shape)
    back = transform.invert(transform.apply(x, axis, 5), axis, 5)
    np.testing.assert_allclose(back.numpy(), x.numpy(), atol=1e-12)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("length", [32, 45, 100])
def test_lengths_are_preserved(name, length):
    x = normal(6, length)
    turned = TRANSFORMS[name].apply(x, -1, 1)
    np.testing.assert_allclose(turned.norm(dim=-1).numpy(), x.norm(dim=-1).numpy())


def test_one_outlier_is_spread_over_its_block_only():
    x = torch.zeros(2, 64)
    x[0, 3] = 32**0.5
    turned = TRANSFORMS["hadamard"].apply(x, -1, 0)
    np.testing.assert_allclose(turned[0, :32].abs().numpy(), 1, rtol=1e-6)
    assert not turned[0, 32:].any()
    assert not turned[1].any()


def test_random_signs_follow_the_seed():
    x, transform = normal(4, 64), TRANSFORMS["randomized-hadamard"]
    assert torch.equal(transform.apply(x, -1, 1), transform.apply(x, -1, 1))
    assert not torch.equal(transform.apply(x, -1, 1), transform.apply(x, -1, 2))


def test_an_unknown_transform_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown transform 'dct'; choose one of none, hadamard"):
        get_transform("dct")
