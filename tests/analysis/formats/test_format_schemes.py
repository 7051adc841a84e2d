"""Published schemes against slow references written from their definitions."""

import math

import ml_dtypes
import numpy as np
import pytest

from analysis.formats import FORMATS, get_format, get_transform, trial
from analysis.formats.affine import AffineFormat
from analysis.formats.distributions import DISTRIBUTIONS
from analysis.formats.elements import ELEMENTS
from analysis.formats.fixed_point import MOST_OVERFLOW, next_exponent
from analysis.formats.nested import NestedFormat, slice_levels
from analysis.formats.packing import pack
from analysis.formats.schemes import SEARCHED

f32 = np.float32
FP4, FP3 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6]), np.array([0.0, 1, 2, 4])


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(f32)


def uneven(shape=(6, 512), seed=0):
    """Rows of very different size, skewed to one side, with outliers."""
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal(shape) + 0.5) * np.exp(rng.normal(0, 2, (*shape[:-1], 1)))
    x[rng.random(shape) < 0.01] *= 20
    return x.astype(f32)


def round_trip(name, x):
    fmt = get_format(name)
    return fmt.dequantize(fmt.quantize(x))


def nearest(scaled, values):
    """The nearest value by float64 distances; ties go to the lower one."""
    return values[np.abs(scaled.astype(np.float64)[..., None] - values).argmin(axis=-1)]


def float_cast(scaled):
    """Clamp, then nearest-even to e2m1."""
    return np.clip(scaled, -6, 6).astype(ml_dtypes.float4_e2m1fn).astype(f32)


def squared(values, x):
    return float(((values.astype(np.float64) - x) ** 2).sum())


# --- integers by name


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("group", ["tensor", "row", "g32", "g100"])
def test_symmetric_integers_of_every_width_and_group_equal_plain_numpy(bits, group):
    x, largest = uneven((3, 200)), 2 ** (bits - 1) - 1
    size = {"tensor": x.size, "row": 200}.get(group) or int(group[1:])
    expected = np.zeros(x.size, f32)
    flat = x.reshape(-1) if group == "tensor" else x.ravel()
    starts = [r + g for r in range(0, x.size, 200) for g in range(0, 200, size)] if group != "tensor" else [0]
    for start in starts:
        stop = x.size if group == "tensor" else min(start + size, start // 200 * 200 + 200)
        block = flat[start:stop]
        scale = np.abs(block).max() / f32(largest)
        scale = f32(np.float16(scale)) if group.startswith("g") else scale
        expected[start:stop] = np.clip(np.rint(block / scale), -largest, largest) * scale
    np.testing.assert_array_equal(round_trip(f"int{bits}_{group}", x), expected.reshape(x.shape))


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("group", ["tensor", "row", "g32"])
def test_integers_with_zero_points_of_every_width_and_group_equal_plain_numpy(bits, group):
    x, levels = uneven((3, 192)), 2**bits - 1
    blocks = x.reshape(1, -1) if group == "tensor" else x.reshape(-1, 192 if group == "row" else 32)
    low, high = (end[:, None] for end in (np.minimum(blocks.min(axis=1), 0), np.maximum(blocks.max(axis=1), 0)))
    scale = (high - low) / f32(levels)
    scale = scale.astype(np.float16).astype(f32) if group.startswith("g") else scale
    zero = np.clip(np.rint(-low / scale), 0, levels)
    expected = (np.clip(np.rint(blocks / scale) + zero, 0, levels) - zero) * scale
    np.testing.assert_array_equal(round_trip(f"int{bits}_{group}_zp", x), expected.reshape(x.shape))


@pytest.mark.parametrize("element", ["e3m2", "e2m1b3", "nf4", "posit8", "ternary"])
def test_other_elements_take_scales_by_name(element):
    x = uneven()
    by_name = get_format(f"{element}_g64")
    assert by_name is get_format(f"{element}_g64")
    assert (by_name.bits, by_name.block_size, by_name.scale) == (by_name.element.bits, 64, ELEMENTS["fp16"])
    back = by_name.dequantize(by_name.quantize(x))
    assert squared(back, x) < squared(0 * x, x)


@pytest.mark.parametrize(
    ("spelled", "row"),
    [
        ("e2m1_g32_e8m0", "mxfp4"),
        ("e3m2_g32_e8m0", "mxfp6_e3m2"),
        ("int4_g16_e8m0", "bfp4"),
        ("e2m1_g16_ue5m3", "fp4_ue5m3"),
        ("nf4_g64_fp32", "nf4_b64"),
        ("int4_g128_fp16", "int4_g128"),
        ("int8_row_fp32", "int8_row"),
    ],
)
def test_element_block_size_and_scale_by_name_are_the_rows_of_the_table(spelled, row):
    x, fmt = uneven(), get_format(spelled)
    np.testing.assert_array_equal(round_trip(spelled, x), round_trip(row, x))
    assert fmt.bits_per_element == FORMATS[row].bits_per_element
    assert get_format(fmt.name).name == fmt.name


def test_scales_of_every_kind_differ_in_what_they_store():
    bits = {scale: get_format(f"e2m1_g16_{scale}").bits_per_element for scale in ("e8m0", "ue4m3", "bf16", "fp32")}
    assert bits == {"e8m0": 4.5, "ue4m3": 4 + 7 / 16, "bf16": 5, "fp32": 6}
    x = normal(64, 512)
    errors = [squared(round_trip(f"e2m1_g16_{scale}", x), x) for scale in ("fp32", "bf16", "ue4m3", "e8m0")]
    assert errors[0] < errors[3]
    assert errors[1] == pytest.approx(errors[0], rel=0.02)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("int4_g32_e8m0_zp", "zero points go with integers and scales with a mantissa, such as int4_g32_zp"),
        ("int4_g1", "'int4_g1' has groups of 1; a group has 2 to 65536 elements"),
        ("int4_g99999999", "groups of 99999999"),
        ("e2m1_g32_zp", "zero points go with integers and scales with a mantissa"),
        ("e8m0_row", "e8m0 is a scale format without sign"),
        ("e9m9_row", "has 9 exponent bits"),
        ("fp4_row", r"did you mean .*\?"),
    ],
)
def test_a_spelled_block_format_that_cannot_be_gets_a_sentence(name, sentence):
    with pytest.raises(ValueError, match=sentence):
        get_format(name)


# --- QLoRA


def dynamic_map():
    """The 256 values of bitsandbytes' signed dynamic map, built level by level as its definition reads."""
    values = [0.0, 1.0]
    for level in range(7):
        edges = np.linspace(0.1, 1, 2**level + 1)
        middles = (edges[:-1] + edges[1:]) / 2 * 10.0 ** (level - 6)
        values += [*middles, *-middles]
    return np.sort(f32(values)).astype(np.float64)


def test_the_dynamic_codebook_has_its_256_values():
    values = ELEMENTS["dynamic8"].values
    assert len(np.unique(values)) == 256
    np.testing.assert_allclose(values, dynamic_map(), rtol=1e-6)


@pytest.mark.parametrize("shape", [(64, 512), (8, 192)])
def test_double_quantization_equals_a_slow_reference(shape):
    x = normal(*shape) * np.exp(normal(shape[0], 1, seed=1))
    nf4 = ELEMENTS["nf4"].values
    blocks = x.reshape(-1, 64)
    scales = np.abs(blocks).max(axis=1)
    elements = nearest(blocks / scales[:, None], nf4)
    mean, stored = f32(scales.mean(dtype=np.float64)), np.zeros_like(scales)
    for start in range(0, len(scales), 256):
        part = scales[start : start + 256] - mean
        largest = np.abs(part).max()
        stored[start : start + 256] = f32(nearest(part / largest, ELEMENTS["dynamic8"].values)) * largest + mean
    expected = (f32(elements) * stored[:, None]).reshape(x.shape)
    np.testing.assert_array_equal(round_trip("nf4_double", x), expected)


def test_double_quantization_saves_three_eighths_of_a_bit_for_almost_no_error():
    single, double, x = FORMATS["nf4_b64"], FORMATS["nf4_double"], normal(256, 1024)
    assert single.bits_per_element == 4.5
    assert double.bits_per_element == pytest.approx(4.127, abs=5e-4)
    errors = [trial(fmt, x).errors.relative_mse for fmt in (single, double)]
    assert errors[0] < errors[1] < 1.01 * errors[0]


# --- AFPQ


@pytest.mark.parametrize(("name", "values"), [("fp4_afpq", FP4), ("fp3_afpq", FP3)])
def test_each_sign_has_its_own_scale(name, values):
    x = uneven() + f32(1e-30)  # no exact ties
    top, expected = values.max(), np.zeros_like(x).reshape(-1, 128)
    for row, block in enumerate(x.reshape(-1, 128)):
        for sign in (1, -1):
            side = block * sign > 0
            if side.any():
                scale = f32(np.float16(np.abs(block[side]).max() / f32(top)))
                expected[row, side] = sign * nearest(np.abs(block[side]) / scale, values) * scale
    np.testing.assert_array_equal(round_trip(name, x), expected.reshape(x.shape))


@pytest.mark.parametrize(
    ("two", "one"), [("fp4_afpq", "e2m1_g128"), ("fp3_afpq", "e2m0_g128"), ("nf4_afpq", "nf4_g128")]
)
@pytest.mark.row("R14")
def test_two_scales_are_no_worse_than_one_on_skewed_groups(two, one):
    x = np.abs(normal(64, 1024)) * f32(3)
    x[:, ::7] *= f32(-0.1)
    assert squared(round_trip(two, x), x) < squared(round_trip(one, x), x)


def test_a_group_of_one_sign_stays_on_its_side():
    x = -np.abs(normal(4, 128))
    quantized = FORMATS["fp4_afpq"].quantize(x)
    assert not quantized.scales.any()
    assert (FORMATS["fp4_afpq"].dequantize(quantized) <= 0).all()


# --- LLM-FP4


def real_bias_fp4(x, largest):
    """e2m1 with the real-valued bias that makes `largest` its top, by the paper's formulas in float64."""
    bias = 2**2 - math.log2(largest) + math.log2(2 - 0.5) - 1
    x = np.clip(x, -largest, largest)
    power = np.floor(np.log2(np.maximum(np.abs(x), 1e-300)) + bias)
    step = 2.0 ** (np.maximum(power, 1) - 1 - bias)
    return np.rint(x / step) * step


def test_the_searched_exponent_bias_is_the_best_of_the_real_biases():
    x = DISTRIBUTIONS["student"].sample(np.random.default_rng(0), (5, 256))
    back = round_trip("llm_fp4", x)
    for row, found in zip(x.astype(np.float64), back, strict=True):
        tries = [real_bias_fp4(row, np.abs(row).max() * factor) for factor in SEARCHED]
        best = min(tries, key=lambda y: squared(y, row))
        np.testing.assert_allclose(found, best, rtol=1e-5, atol=1e-7)


def test_searching_the_bias_beats_the_largest_value_for_a_row_and_a_row_beats_the_tensor():
    x = DISTRIBUTIONS["student"].sample(np.random.default_rng(0), (32, 512))
    errors = [squared(round_trip(name, x), x) for name in ("llm_fp4", "llm_fp4_tensor", "e2m1_tensor")]
    assert errors == sorted(errors)
    assert errors[0] < squared(round_trip("e2m1_row", x), x)


# --- ZeroQuant-FP


def group_scales(x):
    return np.abs(x.reshape(x.shape[0], -1, 256)).max(axis=2) / f32(6)


def test_constraint_m1_rounds_every_scale_up_to_a_power_of_two():
    x = uneven((6, 1024))
    scales = 2.0 ** np.ceil(np.log2(group_scales(x).astype(np.float64)))
    expected = float_cast(x.reshape(6, 4, 256) / f32(scales)[..., None]) * f32(scales)[..., None]
    np.testing.assert_array_equal(round_trip("fp4_zq_m1", x), expected.reshape(x.shape))


def test_constraint_m2_divides_the_rows_largest_scale_by_powers_of_two():
    x = uneven((6, 1024))
    scales = group_scales(x)
    largest = scales.max(axis=1, keepdims=True)
    ratios = f32(2.0 ** -np.ceil(np.log2(largest.astype(np.float64) / scales)))
    shared = ratios * largest
    expected = float_cast(x.reshape(6, 4, 256) / shared[..., None]) * shared[..., None]
    np.testing.assert_array_equal(round_trip("fp4_zq_m2", x), expected.reshape(x.shape))
    # The row over its one scale is on the grid of e5m2: the cast to FP8 is a shift of the exponent.
    unscaled = FORMATS["fp4_zq_m2"].quantize(x)
    values = ELEMENTS["e2m1"].decode(unscaled.codes).reshape(6, 4, 256) * ratios[..., None]
    np.testing.assert_array_equal(values.astype(ml_dtypes.float8_e5m2).astype(f32), values)


def test_the_scales_of_m2_are_closer_to_the_free_ones_than_those_of_m1():
    x = normal(64, 4096)
    free = group_scales(x)
    m1 = ELEMENTS["e8m0"].decode(FORMATS["fp4_zq_m1"].quantize(x).scales)
    quantized = FORMATS["fp4_zq_m2"].quantize(x)
    m2 = ELEMENTS["e8m0"].decode(quantized.scales) * quantized.second_scales
    assert np.abs(m2 / free - 1).mean() < np.abs(m1 / free - 1).mean()


# --- dynamic fixed point


def overflow(x, exponent):
    return (np.abs(x.astype(np.float64)) > 127 * 2.0**exponent).mean()


@pytest.mark.parametrize("distribution", ["normal", "student", "gradients", "outliers"])
def test_the_shared_exponent_is_the_smallest_with_few_overflows_and_the_rule_comes_to_rest_there(distribution):
    x = DISTRIBUTIONS[distribution].sample(np.random.default_rng(0), (64, 512))
    scales = FORMATS["dfp8"].quantize(x).scales
    assert scales.size == 1
    settled = int(np.log2(ELEMENTS["e8m0"].decode(scales).item()))
    brute = next(e for e in range(-60, 60) if overflow(x, e) <= MOST_OVERFLOW)
    assert settled == brute
    for start in (settled - 9, settled + 9):
        for _ in range(12):
            start = next_exponent(x, start, ELEMENTS["int8"])
        assert start == settled


def test_the_exponent_moves_one_step_at_a_time():
    int8, x = ELEMENTS["int8"], f32([127.0, -127.0, 1.0])
    assert next_exponent(x, 0, int8) == 0
    assert next_exponent(x, -1, int8) == 0
    assert next_exponent(x, 3, int8) == 2
    assert next_exponent(2 * x, 0, int8, most=0.7) == -1
    assert next_exponent(2 * x, 0, int8, most=0.5) == 1


# --- nested integers


@pytest.mark.parametrize("kept", range(2, 9))
def test_slices_equal_the_published_formula_and_truncated_ones_are_the_top_bits(kept):
    import torch

    levels = torch.arange(256)
    expected = [min(math.floor(q / 2 ** (8 - kept) + 0.5), 2**kept - 1) for q in range(256)]
    assert slice_levels(levels, 8, kept).tolist() == expected
    assert slice_levels(levels, 8, kept, truncate=True).tolist() == [int(f"{q:08b}"[:kept], 2) for q in range(256)]


@pytest.mark.parametrize("kept", range(3, 9))
@pytest.mark.row("R17")
def test_one_parent_of_8_bits_serves_every_width(kept):
    x, parent = uneven((8, 200)), get_format("int8_row_zp")
    assert isinstance(parent, AffineFormat)
    stored = parent.quantize(x)
    served = NestedFormat("cut", ELEMENTS[f"int{kept}"], "row", None, "affine", "test", parent=parent)
    cut = served.cut(stored)
    low, high = np.minimum(x.min(axis=1), 0)[:, None], np.maximum(x.max(axis=1), 0)[:, None]
    scale = (high - low) / f32(255)
    zero = np.rint(-low / scale)
    levels = np.clip(np.rint(x / scale) + zero, 0, 255)
    step = 2 ** (8 - kept)
    expected = (np.minimum(np.floor(levels / step + 0.5), 2**kept - 1) * step - zero) * scale
    np.testing.assert_allclose(served.dequantize(cut), expected, rtol=1e-6, atol=1e-6 * np.abs(x).max())
    np.testing.assert_array_equal(served.dequantize(cut), served.dequantize(served.quantize(x)))
    # All widths from one file of 8 bits a weight, where separate models from 3 to 8 bits would take 33.
    assert pack(stored.codes, 8).nbytes == x.size
    assert sum(range(3, 9)) == 33


@pytest.mark.row("R17")
def test_the_top_two_bits_of_each_stored_code_are_the_served_int2_codes():
    x, parent = uneven((8, 200)), get_format("int8_row_zp")
    stored = parent.quantize(x)
    cut = NestedFormat("cut", ELEMENTS["int2"], "row", None, "affine", "test", parent=parent, truncate=True).cut(stored)
    np.testing.assert_array_equal(cut.codes, stored.codes >> 6)


@pytest.mark.parametrize("kept", [2, 4])
def test_a_cut_format_costs_more_error_than_one_of_its_own_and_both_lie_within_the_parents_range(kept):
    x = normal(32, 512)
    errors = {name: trial(get_format(name), x).errors for name in (f"int{kept}_of_8", "int8_row_zp")}
    assert errors["int8_row_zp"].mse < errors[f"int{kept}_of_8"].mse
    assert get_format(f"int{kept}_of_8").bits_per_element == kept


# --- MS-EDEN


def test_ms_eden_equals_a_slow_reference_up_to_the_choice_between_neighbouring_scales():
    x = normal(4, 256)
    fmt, reach = FORMATS["nvfp4_mseden"], 6 / (0.93 * 17 / 16)
    factor = f32(255.99 * reach) / np.abs(x).max()
    quantized = fmt.quantize(x, seed=3)
    chosen = ELEMENTS["e4m3"].decode(quantized.scales)
    for row in range(4):
        for vector in range(2):
            blocks = x[row, 128 * vector : 128 * (vector + 1)].reshape(8, 16)
            scales = (np.abs(blocks).max(axis=1) / f32(reach) * factor).astype(ml_dtypes.float8_e4m3fn).astype(f32)
            scaled = blocks / (scales / factor)[:, None]
            elements = float_cast(scaled)
            codes = ELEMENTS["e2m1"].decode(quantized.codes[row, 128 * vector : 128 * (vector + 1)]).reshape(8, 16)
            np.testing.assert_array_equal(codes, elements)
            corrected = scales * (scaled.astype(np.float64) ** 2).sum() / (scaled * elements).sum()
            grid = ELEMENTS["e4m3"].finite
            above = np.searchsorted(grid, corrected)
            found = chosen[row, 8 * vector : 8 * (vector + 1)]
            assert ((found == grid[above]) | (found == grid[above - 1])).all()


def test_ms_eden_is_unbiased_after_a_random_rotation_up_to_its_published_shrink():
    x = DISTRIBUTIONS["student"].sample(np.random.default_rng(0), (2, 256))
    fmt, rotation = FORMATS["nvfp4_mseden"], get_transform("randomized-hadamard-128")
    copies = np.stack([trial(fmt, x, transform=rotation, seed=seed).values for seed in range(400)]).astype(np.float64)
    standard_error = copies.std(axis=0) / len(copies) ** 0.5
    assert (np.abs(copies.mean(axis=0) - x) < 4.5 * standard_error + 1e-3 * np.abs(x)).all()


def test_ms_eden_keeps_the_length_that_nearest_rounding_loses():
    x = normal(512, 1024)

    def shrink(name):
        return 1 - (round_trip(name, x).astype(np.float64) * x).sum() / (x.astype(np.float64) ** 2).sum()

    assert shrink("nvfp4") == pytest.approx(1 - 0.995474, abs=2e-4)
    assert abs(shrink("nvfp4_mseden")) < 1.2e-3  # published: 5.6e-4
