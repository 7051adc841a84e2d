"""Block formats against a slow reference written from their definitions, element casts by ml_dtypes."""

import math

import ml_dtypes
import numpy as np
import pytest
import torch

from analysis.formats import FORMATS, BlockFormat
from analysis.formats.affine import AffineFormat
from analysis.formats.double_quant import DoubleFormat
from analysis.formats.eden import EdenFormat
from analysis.formats.elements import ELEMENTS
from analysis.formats.table import BLOCK_FORMATS

f32 = np.float32
CASTS = {
    "e2m1": (ml_dtypes.float4_e2m1fn, 6, 2),
    "e2m3": (ml_dtypes.float6_e2m3fn, 7.5, 2),
    "e3m2": (ml_dtypes.float6_e3m2fn, 28, 4),
    "e4m3": (ml_dtypes.float8_e4m3fn, 448, 8),
    "e5m2": (ml_dtypes.float8_e5m2, 57344, 15),
}
FLT_MAX = np.finfo(f32).max
# Schemes with a rule of their own have their references in test_format_schemes.py.
PLAIN = {name: fmt for name, fmt in BLOCK_FORMATS.items() if type(fmt) is BlockFormat and len(fmt.scale_choices) == 1}
MX = [name for name, fmt in PLAIN.items() if fmt.scale is ELEMENTS["e8m0"]]
GROUPS = [name for name, fmt in PLAIN.items() if fmt.scale_rule == "amax" and not fmt.variants]
AFFINE = [name for name, fmt in BLOCK_FORMATS.items() if type(fmt) is AffineFormat]
DETERMINED = [name for name, fmt in BLOCK_FORMATS.items() if not isinstance(fmt, EdenFormat)]
INTEGERS = {"int3": (1, 3), "int4": (1, 7), "int8": (1, 127), "int8_mx": (1 / 64, 127)}


def round_element(scaled, element):
    """Clamp, then nearest-even: by ml_dtypes for floats, by rint for integers; codebooks by brute force."""
    if element in CASTS:
        dtype, largest, _ = CASTS[element]
        return np.clip(scaled, -largest, largest).astype(dtype).astype(f32)
    if element not in INTEGERS:
        return nearest_of(scaled, np.unique(ELEMENTS[element].values))
    step, largest = INTEGERS[element]
    return (np.clip(np.rint(scaled / f32(step)), -largest, largest) * step).astype(f32)


def nearest_of(scaled, values):
    return f32(values[np.abs(scaled[..., None].astype(np.float64) - values).argmin(axis=-1)])


def mx_scale(amax, element, rule):
    """The scale by exact integer reasoning on mantissa and exponent."""
    if amax == 0:
        return f32(2.0**-127)
    mantissa_bits = {"e2m1": 1, "e4m3": 3, "e5m2": 2, "e2m3": 3, "e3m2": 2}.get(element, 0)
    step, levels = INTEGERS.get(element, (0, 1))
    emax = math.floor(math.log2(step * levels)) if step else CASTS[element][2]
    largest = step * levels or CASTS[element][1]
    mantissa, exponent = math.frexp(float(amax))
    if rule == "floor":
        power = exponent - 1 - emax
    elif rule == "ceil":
        power = exponent - (mantissa == 0.5) - emax
    elif rule == "rceil":
        power = exponent - 1 - emax - 1
        while float(amax) > largest * 2.0**power:
            power += 1
    else:
        rounded = np.rint(2 * mantissa * 2**mantissa_bits) / 2**mantissa_bits
        power = exponent - 1 - emax + (rounded >= 2)
    return f32(2.0 ** min(max(power, -127), 127))


def reference_mx(row, size, element, rule):
    blocks = [row[i : i + size] for i in range(0, len(row), size)]
    scales = [mx_scale(np.abs(block).max(), element, rule) for block in blocks]
    return np.concatenate([round_element(b / s, element) * s for b, s in zip(blocks, scales, strict=True)])


def reference_nvfp4(x):
    """NVFP4 on a matrix: one rounding of the block scale, a capped reciprocal, then the elements."""
    amax = np.abs(x).max()
    s_enc = min(f32(2688) / amax, FLT_MAX) if amax > 0 else f32(1)
    out = np.zeros_like(x)
    for row in range(x.shape[0]):
        for start in range(0, x.shape[1], 16):
            block = x[row, start : start + 16]
            wanted = np.abs(block).max() * (s_enc * f32(1 / 6))
            scale = f32(min(wanted, f32(448)).astype(ml_dtypes.float8_e4m3fn))
            with np.errstate(divide="ignore"):
                factor = min(f32(1) / (scale / s_enc), FLT_MAX)
            out[row, start : start + 16] = round_element(block * factor, "e2m1") * scale * (amax / f32(2688))
    return out


def ue5m3(scale):
    """Rounded to three mantissa bits between 2^-17 and 114688."""
    step = 2.0 ** max(math.frexp(float(scale))[1] - 4, -17)
    return f32(min(np.rint(float(scale) / step) * step, 114688))


ROUND_SCALE = {"fp16": lambda scale: f32(np.float16(scale)), "ue5m3": ue5m3, None: lambda scale: scale}


def reference_groups(x, size, largest, element, scale_name):
    out = np.zeros_like(x)
    for row in range(x.shape[0]):
        for start in range(0, x.shape[1], size):
            block = x[row, start : start + size]
            scale = ROUND_SCALE[scale_name](np.abs(block).max() / f32(largest))
            if scale > 0:
                out[row, start : start + size] = round_element(block / scale, element) * scale
    return out


def sample(shape=(9, 200), seed=0):
    """Rows of very different size, some tiny, one zero, with outliers."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) * np.exp(rng.normal(0, 3, (*shape[:-1], 1)))
    x[rng.random(shape) < 0.01] *= 50
    x[0] = 0
    return x.astype(f32)


def round_trip(name, x, **options):
    fmt = FORMATS[name]
    return fmt.dequantize(fmt.quantize(x, **options))


@pytest.mark.parametrize("name", MX)
def test_mx_formats_equal_the_slow_reference(name):
    fmt, x = FORMATS[name], sample()
    expected = np.stack([reference_mx(row, fmt.block_size, fmt.element.name, fmt.scale_rule) for row in x])
    np.testing.assert_array_equal(round_trip(name, x), expected)


def test_nvfp4_equals_the_slow_reference():
    x = sample()
    np.testing.assert_array_equal(round_trip("nvfp4", x), reference_nvfp4(x))


@pytest.mark.parametrize("name", GROUPS)
def test_amax_scaled_formats_equal_the_slow_reference(name):
    fmt, x = FORMATS[name], sample()
    rows = x.reshape(1, -1) if fmt.block_size == "tensor" else x
    size = fmt.block_size if isinstance(fmt.block_size, int) else rows.shape[1]
    largest = {"int3": 3, "int4": 7, "int8": 127}.get(fmt.element.name) or CASTS.get(fmt.element.name, (0, 1))[1]
    expected = reference_groups(rows, size, largest, fmt.element.name, fmt.scale and fmt.scale.name)
    np.testing.assert_array_equal(round_trip(name, x), expected.reshape(x.shape))


def reference_tiles(x):
    """NVFP4 with one scale for 16 x 16 tiles: what reference_nvfp4 does to each tile laid out as one row."""
    amax = np.abs(x).max()
    s_enc, out = f32(2688) / amax, np.zeros_like(x)
    for top in range(0, x.shape[0], 16):
        for left in range(0, x.shape[1], 16):
            tile = x[top : top + 16, left : left + 16]
            scale = f32(min(np.abs(tile).max() * (s_enc * f32(1 / 6)), f32(448)).astype(ml_dtypes.float8_e4m3fn))
            with np.errstate(divide="ignore"):
                factor = min(f32(1) / (scale / s_enc), FLT_MAX)
            out[top : top + 16, left : left + 16] = round_element(tile * factor, "e2m1") * scale * (amax / f32(2688))
    return out


@pytest.mark.parametrize("shape", [(32, 48), (33, 50), (5, 7)])
def test_nvfp4_tiles_equal_the_slow_reference(shape):
    x = sample(shape)
    np.testing.assert_array_equal(round_trip("nvfp4_16x16", x), reference_tiles(x))


def test_a_tile_is_quantized_as_its_transpose_is():
    x = sample((48, 64))
    np.testing.assert_array_equal(round_trip("nvfp4_16x16", x.T.copy()).T, round_trip("nvfp4_16x16", x))


def test_four_over_six_takes_the_better_scale_of_each_block():
    x = sample((40, 160))[1:]
    top = f32(256 * 6)
    amax = np.abs(x).max()
    s_enc, back = top / amax, round_trip("nvfp4_46", x)
    for row, start in [(r, s) for r in range(len(x)) for s in range(0, x.shape[1], 16)]:
        block = x[row, start : start + 16]
        errors = []
        for choice in (1, 1.5):
            wanted = np.abs(block).max() * (s_enc * f32(1 / 6)) * f32(choice)
            scale = f32(wanted.astype(ml_dtypes.float8_e4m3fn))
            if scale > 0:
                values = round_element(block * (1 / (scale / s_enc)), "e2m1") * scale * (amax / top)
                errors.append(((values.astype(np.float64) - block) ** 2).sum())
        found = ((back[row, start : start + 16].astype(np.float64) - block) ** 2).sum()
        if errors:
            assert found == pytest.approx(min(errors), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "grid", "specials"),
    [
        ("bitmod3", [0, 1, 2, 4], (3, -3, 6, -6)),
        ("bitmod4", [0, 1, 2, 3, 4, 6, 8, 12], (10, -10, 16, -16)),
    ],
)
def test_bitmod_groups_take_the_best_of_their_four_tables(name, grid, specials):
    x = sample((6, 256))[1:]
    quantized = FORMATS[name].quantize(x)
    back = FORMATS[name].dequantize(quantized)
    for row, group in [(r, g) for r in range(len(x)) for g in range(2)]:
        block = x[row, 128 * group : 128 * (group + 1)]
        errors = []
        for special in specials:
            table = np.unique([*grid, *(-g for g in grid), special]).astype(np.float64)
            scale = f32(np.float16(np.abs(block).max() / f32(np.abs(table).max())))
            values = nearest_of(block / scale, table) * scale if scale else 0 * block
            errors.append(((values.astype(np.float64) - block) ** 2).sum())
        found = ((back[row, 128 * group : 128 * (group + 1)].astype(np.float64) - block) ** 2).sum()
        assert found == pytest.approx(min(errors), rel=1e-4)
    assert len(np.unique(quantized.selected)) > 1


@pytest.mark.parametrize("name", AFFINE)
def test_affine_formats_equal_plain_numpy(name):
    fmt, x = FORMATS[name], sample() + f32(0.3)
    rows = x.reshape(1, -1) if fmt.block_size == "tensor" else x
    size = fmt.block_size if isinstance(fmt.block_size, int) else rows.shape[1]
    levels, expected = 2**fmt.bits - 1, np.zeros_like(rows)
    for row, start in [(r, s) for r in range(len(rows)) for s in range(0, rows.shape[1], size)]:
        block = rows[row, start : start + size]
        low, high = min(block.min(), f32(0)), max(block.max(), f32(0))
        scale = ROUND_SCALE[fmt.scale and fmt.scale.name]((high - low) / f32(levels))
        if scale > 0:
            zero = np.clip(np.rint(-low / scale), 0, levels)
            codes = np.clip(np.rint(block / scale) + zero, 0, levels)
            expected[row, start : start + size] = (codes - zero) * scale
    np.testing.assert_array_equal(round_trip(name, x), expected.reshape(x.shape))


def test_zero_points_pay_on_values_of_one_sign():
    x = np.random.default_rng(0).uniform(0, 1, (64, 256)).astype(f32)
    errors = {name: np.abs(round_trip(name, x) - x).sum() for name in ("int4_g128", "int4_g128_zp")}
    assert errors["int4_g128_zp"] < 0.6 * errors["int4_g128"]


def test_mxfp4_of_a_block_maximum_of_7_saturates_and_of_8_does_not():
    q = FORMATS["mxfp4"].quantize(f32([7, 8]).reshape(2, 1))
    assert ELEMENTS["e8m0"].decode(q.scales).ravel().tolist() == [1, 2]
    assert FORMATS["mxfp4"].dequantize(q).ravel().tolist() == [6, 8]


@pytest.mark.parametrize("name", MX)
def test_the_tiniest_maxima_get_the_smallest_scale(name):
    q = FORMATS[name].quantize(f32([[1e-45], [1e-43]]))
    assert q.scales.ravel().tolist() == [0, 0]


def test_nvfp4_scales_of_known_tensors():
    x = np.zeros((2, 16), f32)
    x[0, 0], x[1, 0] = 2688, 6
    q = FORMATS["nvfp4"].quantize(x)
    assert float(q.tensor_scale) == 1
    assert ELEMENTS["e4m3"].decode(q.scales).ravel().tolist() == [448, 1]
    assert FORMATS["nvfp4"].dequantize(q)[:, 0].tolist() == [2688, 6]


def test_nvfp4_rounds_the_block_scale_once():
    """The order of the products is part of the recipe: dividing amax by 6 first gives other scales on some blocks."""
    rng = np.random.default_rng(0)
    x = np.abs(rng.standard_normal((40000, 16))).astype(f32)
    amax, s_enc = x.max(axis=1), f32(2688) / x.max()
    once = (amax * (s_enc * f32(1 / 6))).astype(ml_dtypes.float8_e4m3fn).view(np.uint8)
    twice = ((amax / f32(6)) * s_enc).astype(ml_dtypes.float8_e4m3fn).view(np.uint8)
    scales = FORMATS["nvfp4"].quantize(x).scales.ravel()
    np.testing.assert_array_equal(scales, once)
    assert ((amax * (s_enc * f32(1 / 6))) != ((amax / f32(6)) * s_enc)).any()
    assert (once != twice).sum() <= 40000 * 0.001


@pytest.mark.parametrize("name", DETERMINED)
@pytest.mark.parametrize("shape", [(), (1,), (33,), (3, 1), (2, 3, 50)])
def test_ragged_blocks_keep_the_shape_and_equal_padded_ones(name, shape):
    fmt = FORMATS[name]
    x = np.asarray(np.random.default_rng(2).standard_normal(shape), f32)
    back = round_trip(name, x)
    assert back.shape == shape
    if shape and isinstance(fmt.block_size, int):
        padding = [(0, 0)] * (len(shape) - 1) + [(0, -shape[-1] % fmt.block_size)]
        np.testing.assert_array_equal(back, round_trip(name, np.pad(x, padding))[..., : shape[-1]])


@pytest.mark.parametrize("name", DETERMINED)
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_blocks_along_another_axis_are_blocks_of_the_transposed_tensor(name, axis):
    fmt, x = FORMATS[name], np.random.default_rng(3).standard_normal((40, 35, 6)).astype(f32)
    turned = np.moveaxis(round_trip(name, np.ascontiguousarray(np.moveaxis(x, axis, -1))), -1, axis)
    np.testing.assert_array_equal(round_trip(name, x, axis=axis), turned)
    quantized = fmt.quantize(x, axis=axis)
    assert quantized.codes.shape == x.shape
    if isinstance(fmt.block_size, int):
        assert quantized.scales.shape[axis] == -(-x.shape[axis] // fmt.block_size)


@pytest.mark.parametrize("name", BLOCK_FORMATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_spoils_its_own_block_only(name, bad):
    fmt = FORMATS[name]
    x = np.random.default_rng(4).standard_normal((2, 256)).astype(f32)
    # The spoilt block holds the tensor's maximum, so that the tensor scale would notice if it could.
    clean = round_trip(name, x)
    x[0, 3] = bad
    back = round_trip(name, x)
    spoilt = np.zeros(x.shape, bool)
    rows, columns = fmt.block_size if isinstance(fmt.block_size, tuple) else (1, fmt.block_size)
    spoilt[:rows, : columns if isinstance(columns, int) else 256] = True
    # The scale of a doubly quantized block shares a block of 256 scales.
    spoilt |= fmt.block_size == "tensor" or isinstance(fmt, DoubleFormat)
    assert np.isnan(back[spoilt]).all()
    assert np.isfinite(back[~spoilt]).all()
    if not fmt.tensor_scale:
        np.testing.assert_array_equal(back[~spoilt], clean[~spoilt])


@pytest.mark.parametrize("name", BLOCK_FORMATS)
@pytest.mark.parametrize("size", [0.0, 1e-45, 1e-38, 1e-6, 1e37])
def test_extreme_blocks_stay_finite(name, size):
    x = (np.linspace(-1, 1, 64) * size).astype(f32)
    back = round_trip(name, x)
    assert np.isfinite(back).all()
    if size == 0:
        assert not back.any()


@pytest.mark.parametrize("name", BLOCK_FORMATS)
def test_quantizing_twice_changes_nothing_where_the_scale_is_a_power_of_two(name):
    fmt = FORMATS[name]
    once = round_trip(name, sample())
    if fmt.scale_rule in {"floor", "rceil"} and fmt.element.name != "int8_mx":
        np.testing.assert_array_equal(round_trip(name, once), once)
    else:
        error = np.abs(round_trip(name, once) - once).max()
        assert error <= np.abs(once).max() * max(0.25, 1 / (2**fmt.bits - 1))


@pytest.mark.parametrize("name", BLOCK_FORMATS)
def test_tensors_and_arrays_get_the_same_codes(name):
    fmt, x = FORMATS[name], sample()
    left, right = fmt.quantize(x), fmt.quantize(torch.from_numpy(x))
    np.testing.assert_array_equal(left.codes, right.codes.numpy())
    np.testing.assert_array_equal(left.scales, right.scales.numpy())
    assert isinstance(fmt.dequantize(right), torch.Tensor)
    assert isinstance(fmt.dequantize(left), np.ndarray)


@pytest.mark.parametrize("name", BLOCK_FORMATS)
def test_the_largest_value_of_the_limits_is_reached_and_not_passed(name):
    fmt, x = FORMATS[name], sample()
    quantized = fmt.quantize(x)
    low, high = fmt.limits(quantized)
    back = fmt.dequantize(quantized)
    assert (back <= high).all()
    assert (back >= low).all()
    assert high.shape == x.shape


def test_an_empty_tensor_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="the tensor is empty"):
        FORMATS["mxfp4"].quantize(np.zeros((4, 0), f32))


def test_a_new_row_needs_no_code():
    fmt = BlockFormat("fp6_g64", ELEMENTS["e3m2"], 64, ELEMENTS["bf16"], "amax", "test")
    x = sample()
    assert fmt.bits_per_element == 6.25
    error = np.abs(fmt.dequantize(fmt.quantize(x)) - x).max()
    assert error < np.abs(x).max() / 8
