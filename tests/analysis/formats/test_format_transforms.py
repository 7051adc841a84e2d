"""Transforms: undone exactly up to float rounding, or passed on to the other operand; any length and axis."""

import numpy as np
import pytest
import torch
from scipy.linalg import hadamard as scipy_hadamard

from analysis.formats import FORMATS, TRANSFORMS, get_format, get_transform, trial
from analysis.formats.clipping import RATIOS
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.hadamard import hadamard_matrix

EXACT = [name for name, row in TRANSFORMS.items() if row.exact] + ["hadamard-20", "randomized-hadamard-128"]
ORTHONORMAL = ["none", "hadamard", "randomized-hadamard", "sort-channels", "hadamard-12", "hadamard-64"]


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def outliers(shape=(64, 256), seed=0):
    return DISTRIBUTIONS["outliers"].sample(np.random.default_rng(seed), shape)


def test_full_blocks_are_multiplied_by_the_sylvester_matrix():
    x = normal(3, 64)
    expected = (x.numpy().reshape(3, 2, 32) @ (scipy_hadamard(32) / 32**0.5)).reshape(3, 64)
    np.testing.assert_allclose(get_transform("hadamard").turn(x).values.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 4, 12, 16, 20, 24, 28, 36, 44, 56, 60, 96, 128, 448])
def test_hadamard_matrices_hold_ones_and_have_orthogonal_rows(order):
    matrix = hadamard_matrix(order)
    assert set(np.unique(np.abs(matrix))) == {1}
    np.testing.assert_array_equal(matrix @ matrix.T, order * np.eye(order, dtype=int))


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (45,), (4, 100), (2, 33, 5)])
@pytest.mark.parametrize("axis", [0, -1])
def test_undoing_gives_the_tensor_back(name, shape, axis):
    x = normal(*shape)
    turned = get_transform(name).turn(x, axis, 5)
    assert turned.values.shape == x.shape
    np.testing.assert_allclose(turned.undo(turned.values).numpy(), x.numpy(), atol=1e-12)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("length", [32, 45])
def test_a_product_over_the_axis_is_preserved_with_the_partner(name, length):
    x, w = normal(6, length) + 0.3, normal(9, length, seed=1)
    turned = get_transform(name).turn(x, -1, 3, other=w)
    product = turned.values @ turned.partner(w).T + turned.added(w)
    np.testing.assert_allclose(product.numpy(), (x @ w.T).numpy(), atol=1e-12)


@pytest.mark.parametrize("name", ORTHONORMAL)
@pytest.mark.parametrize("length", [32, 45, 100])
def test_rotations_and_orders_preserve_lengths(name, length):
    x = normal(6, length)
    turned = get_transform(name).turn(x, -1, 1).values
    np.testing.assert_allclose(turned.norm(dim=-1).numpy(), x.norm(dim=-1).numpy())


def test_one_outlier_is_spread_over_its_block_only():
    x = torch.zeros(2, 64)
    x[0, 3] = 32**0.5
    turned = get_transform("hadamard").turn(x).values
    np.testing.assert_allclose(turned[0, :32].abs().numpy(), 1, rtol=1e-6)
    assert not turned[0, 32:].any()
    assert not turned[1].any()


def test_random_signs_follow_the_seed():
    x, transform = normal(4, 64), TRANSFORMS["randomized-hadamard"]
    first, again, other = (transform.turn(x, -1, seed).values for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.row("R13")
def test_sorting_is_a_permutation_whose_inverse_restores_the_order_exactly():
    x = torch.from_numpy(outliers())
    turned = get_transform("sort-channels").turn(x)
    largest = turned.values.abs().amax(dim=0)
    assert (largest[1:] <= largest[:-1]).all()
    assert torch.equal(turned.undo(turned.values), x)


@pytest.mark.parametrize("name", ["mxfp4", "int4_g32", "bfp4", "nvfp4"])
@pytest.mark.row("R13")
def test_sorting_lowers_the_error_where_a_few_channels_are_outliers(name):
    x = outliers((128, 512))
    plain, sorted_first = (
        trial(FORMATS[name], x, transform=get_transform(t)).errors.relative_mse for t in ("none", "sort-channels")
    )
    others = np.abs(x).max(axis=0) < 10
    values = trial(FORMATS[name], x, transform=get_transform("sort-channels")).values
    before = trial(FORMATS[name], x).values
    # In nvfp4 a lone outlier is the largest of its block and all but exact, which it no longer is among others.
    assert sorted_first < plain or name == "nvfp4"
    # The other channels no longer share a block with an outlier.
    assert ((values - x)[:, others] ** 2).sum() < 0.75 * ((before - x)[:, others] ** 2).sum()


def test_smoothing_divides_by_the_published_factors():
    x, w = normal(50, 16), 3 * normal(20, 16, seed=1)
    factors = x.abs().amax(dim=0) ** 0.5 / w.abs().amax(dim=0) ** 0.5
    turned = get_transform("smooth").turn(x, other=w)
    np.testing.assert_allclose(turned.values.numpy(), (x / factors).numpy())
    np.testing.assert_allclose(turned.partner(w).numpy(), (w * factors).numpy())
    # At alpha = 1/2 both operands are left with the same largest magnitude in each channel.
    sizes = [t.abs().amax(dim=0).numpy() for t in (turned.values, turned.partner(w))]
    np.testing.assert_allclose(sizes[0], sizes[1])


def test_the_affine_transform_brings_every_channel_to_minus_one_to_one():
    x = normal(50, 16) * torch.arange(1, 17) + 5
    turned = get_transform("affine").turn(x).values
    np.testing.assert_allclose(turned.amin(dim=0).numpy(), -1)
    np.testing.assert_allclose(turned.amax(dim=0).numpy(), 1)


@pytest.mark.parametrize("name", ["int4_g32", "int2_row", "int4_tensor", "mxfp4", "nvfp4", "int4_g128_zp", "e2m1"])
@pytest.mark.parametrize("distribution", ["normal", "student", "uniform"])
def test_the_clip_search_never_raises_the_error(name, distribution):
    x = DISTRIBUTIONS[distribution].sample(np.random.default_rng(0), (32, 256))
    plain, clipped = (trial(get_format(name), x, transform=get_transform(t)).errors.mse for t in ("none", "clip"))
    assert clipped <= plain


@pytest.mark.parametrize("name", ["int3_g32", "int2_g128"])
def test_each_block_is_clipped_where_a_search_over_the_same_clips_finds_the_least_error(name):
    fmt, x = get_format(name), DISTRIBUTIONS["student"].sample(np.random.default_rng(1), (6, 128))
    found = trial(fmt, x, transform=get_transform("clip")).values
    size, expected = fmt.block_size, 0.0
    for block in x.reshape(-1, size):
        tops = [np.float32(np.abs(block).max() * np.float32(ratio)) for ratio in RATIOS]
        levels = int(fmt.element.reach)
        scales = [np.float32(np.float16(top / np.float32(levels))) for top in tops]
        tries = [
            np.clip(np.rint(np.clip(block, -t, t) / s), -levels, levels) * s for t, s in zip(tops, scales, strict=True)
        ]
        expected += min(((y - block).astype(np.float64) ** 2).sum() for y in tries)
    assert ((found - x).astype(np.float64) ** 2).sum() == pytest.approx(expected, rel=1e-6)


def test_at_two_bits_the_clip_search_takes_off_most_of_the_error_on_normal_values():
    x = normal(64, 1024).numpy().astype(np.float32)
    plain, clipped = (
        trial(get_format("int2_row"), x, transform=get_transform(t)).errors.relative_mse for t in ("none", "clip")
    )
    assert clipped < 0.6 * plain


def test_an_unknown_transform_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown transform 'dct'; choose one of none, hadamard"):
        get_transform("dct")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("hadamard-92", "no Hadamard matrix of order 92 is known here; choose a power of two"),
        ("hadamard-7", "no Hadamard matrix of order 7 is known"),
        ("hadamard-1", "blocks of 1; a block has 2 to 4096"),
        ("randomized-hadamard-9999", "blocks of 9999"),
    ],
)
def test_a_block_size_without_a_matrix_gets_a_sentence(name, sentence):
    with pytest.raises(ValueError, match=sentence):
        get_transform(name)
