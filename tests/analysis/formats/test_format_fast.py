"""The compiled path gives the bits of the generic one, for every format, rounding, scale rule and odd number."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from analysis.formats import FORMATS, BlockFormat, Format, fake_quantize, fast
from analysis.formats.elements import ELEMENTS
from analysis.formats.scaling import SCALE_RULES
from analysis.formats.stepping import ROUNDINGS, code_steps, value_steps
from analysis.formats.steps import has_steps_of, tabulated

pytest.importorskip("numba", reason="numba is not installed; every tensor takes the generic path")

UPPER = np.arange(2**16, dtype=np.uint32) << 16
# Every upper half of a float32 with four lower halves: signs, zeros, subnormals, infinities and NaNs among them.
ODD = torch.from_numpy(np.concatenate([UPPER, UPPER + 1, UPPER + 0x8000, UPPER + 0xFFFF]).view(np.float32))
WITHOUT_A_TABLE = {("tf32", "nearest"), ("tf32", "toward-zero"), ("posit16", "nearest")}
BLOCKS = {name: fmt for name, fmt in FORMATS.items() if isinstance(fmt, BlockFormat)}
# Blocks that are compiled whole: subclasses have steps of their own, and one block of everything may be too wide.
COMPILED = {name for name, fmt in BLOCKS.items() if type(fmt) is BlockFormat}


@pytest.fixture(autouse=True)
def _every_size_is_compiled(monkeypatch):
    """Small tensors too, by several threads, so that tests are short."""
    monkeypatch.setattr(fast, "FEWEST", 1)
    monkeypatch.setattr(fast, "THREAD_WORTH", 2**9)


@pytest.fixture
def generic(monkeypatch):
    """A function that calls another on the generic path."""

    def called(function, *arguments, **options):
        with monkeypatch.context() as patch:
            patch.setattr(fast, "FEWEST", 2**60)
            return function(*arguments, **options)

    return called


def require_same_bits(found, expected, x):
    """NaNs equal each other; else counts the differences and names the first."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    same = found == expected
    if found.dtype == np.float32:
        same = (found.view(np.int32) == expected.view(np.int32)) | (np.isnan(found) & np.isnan(expected))
    wrong = np.argwhere(~same)
    assert not len(wrong), f"{len(wrong)} of {found.size} differ, first at {wrong[0]}: " + (
        f"{np.asarray(x)[tuple(wrong[0])] if np.shape(x) == found.shape else ''} gives {found[tuple(wrong[0])]} "
        f"instead of {expected[tuple(wrong[0])]}"
    )


def uneven(shape, seed=0):
    """Rows from subnormal to nearly overflowing, one of zeros, others with NaN, infinities, -0 and outliers."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) * np.exp2(rng.uniform(-148, 124, (*shape[:-1], 1)).round())
    x[shape[0] // 2 :] = rng.standard_normal(x[shape[0] // 2 :].shape) * np.exp(rng.normal(0, 3))
    x = x.astype(np.float32)
    x[rng.random(shape) < 0.01] *= np.float32(7)
    x[rng.random(shape) < 0.05] *= np.float32(0)
    x[0] = 0
    x[1, ..., 3], x[2, ..., 40], x[3, ..., -1] = np.nan, -np.inf, np.inf
    return x


@pytest.mark.parametrize("fmt", ELEMENTS.values(), ids=ELEMENTS)
def test_compiled_codes_are_those_of_the_search_on_every_upper_half_of_a_float32(fmt):
    for rounding in ROUNDINGS:
        for saturate in (True, False) if fmt.bits <= 8 else (True,):
            found = fast.encode(fmt, ODD, rounding, saturate)
            assert (found is None) == ((fmt.name, rounding) in WITHOUT_A_TABLE)
            if found is not None:
                require_same_bits(found, fmt.search(ODD, rounding, saturate, None), ODD)


@pytest.mark.parametrize("name", ["e2m1", "e4m3", "int4", "nf4", "posit8", "e8m0", "ue5m3", "fp16"])
def test_compiled_codes_are_those_of_the_search_around_every_decision_point(name):
    fmt = ELEMENTS[name]
    values = fmt.finite
    points = np.concatenate([values, (values[:-1] + values[1:]) / 2]).astype(np.float32)
    near = np.concatenate([points, np.nextafter(points, np.float32(np.inf)), np.nextafter(points, -np.float32(np.inf))])
    x = torch.from_numpy(near)
    for rounding in ROUNDINGS:
        require_same_bits(fast.encode(fmt, x, rounding, True), fmt.search(x, rounding, True, None), x)


@pytest.mark.parametrize("fmt", ELEMENTS.values(), ids=ELEMENTS)
def test_compiled_values_are_those_of_the_codes_on_every_upper_half_of_a_float32(fmt):
    for rounding in ROUNDINGS:
        found = fast.fake_quantize(fmt, ODD, rounding)
        if found is not None:
            require_same_bits(found, fmt.decode(fmt.search(ODD, rounding, True, None)), ODD)


@pytest.mark.parametrize("name", ["e2m1", "e2m3", "e3m2", "e4m3", "e5m2", "e4m3ieee", "e3m4"])
def test_floats_round_by_one_addition_whatever_overflow_gives(name):
    fmt = ELEMENTS[name]
    for saturate, reach in ((False, np.inf), (True, np.inf), (True, fmt.reach)):
        assert code_steps(fmt, "nearest", saturate, reach).codes
    assert value_steps(fmt, "nearest").values
    assert value_steps(fmt, "toward-zero").values is None


@pytest.mark.parametrize("name", ["int2", "int4", "int8", "int8_mx"])
def test_integers_round_by_one_addition_where_they_are_clipped_to_both_sides_alike(name):
    fmt = ELEMENTS[name]
    assert code_steps(fmt, "nearest", True, fmt.reach).codes
    assert value_steps(fmt, "nearest", fmt.reach).values
    assert code_steps(fmt, "nearest", True).codes is None  # the lowest code has no counterpart


def test_a_rounding_that_differs_on_one_number_or_loses_a_nan_is_not_proved():
    steps = code_steps(ELEMENTS["e3m2"], "nearest", True)
    odd = np.nextafter(np.float32(1.125), np.float32(2))  # just above the middle of 1 and 1.25
    assert has_steps_of(steps.codes.of, steps)
    assert not has_steps_of(lambda x: np.where(x == odd, steps.of(x) - 1, steps.of(x)), steps)
    assert not has_steps_of(lambda x: np.where(np.isnan(x), 0, steps.of(x)), steps)
    values = value_steps(ELEMENTS["e4m3"], "nearest")
    assert has_steps_of(values.values.of, values)
    assert not has_steps_of(lambda x: np.nan_to_num(values.of(x)), values)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", BLOCKS)
def test_compiled_blocks_are_those_of_the_generic_path(name, rounding, generic, monkeypatch):
    fmt, x, calls = BLOCKS[name], uneven((12, 200)), []
    compiled = fast._blocks
    monkeypatch.setattr(fast, "_blocks", lambda *given: calls.append(given) or compiled(*given))
    for axis in (-1, 0):
        found, expected = (call(fmt.quantize, x, axis, rounding) for call in (_plainly, generic))
        for part in ("codes", "scales", "tensor_scale", "selected", "zero_points", "second_scales", "scale_mean"):
            if getattr(expected, part) is not None:
                require_same_bits(getattr(found, part), getattr(expected, part), x)
        values = generic(fmt.dequantize, expected)
        require_same_bits(fake_quantize(fmt, x, axis, rounding), values, x)
    assert calls or name not in COMPILED


def _plainly(function, *arguments):
    return function(*arguments)


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
def test_fake_quantizing_is_quantizing_and_dequantizing(fmt):
    x = np.abs(uneven((12, 200), seed=1)[4:])
    for options in ({"rounding": "stochastic", "seed": 3, "offset": 7}, {"axis": 0}):
        require_same_bits(fake_quantize(fmt, x, **options), fmt.dequantize(fmt.quantize(x, **options)), x)


@pytest.mark.parametrize("element", ["e2m1", "e4m3", "int4", "int8_mx", "nf4", "posit8"])
@pytest.mark.parametrize("rule", SCALE_RULES)
def test_compiled_scales_are_those_of_every_rule_for_maxima_of_every_size(rule, element, generic):
    scales = [ELEMENTS["e8m0"], ELEMENTS["ue5m3"], *([ELEMENTS["fp16"], None] if rule in ("amax", "nvfp4") else [])]
    mantissas = np.array([0, 1, 2**22 - 1, 2**22, 2**22 + 1, 3 * 2**21 - 1, 3 * 2**21, 7 * 2**20, 2**23 - 1])
    tops = ((np.arange(255)[:, None] << 23) + mantissas).astype(np.uint32).view(np.float32).ravel()
    x = np.zeros((len(tops), 16), np.float32)
    x[:, 5], x[:, 6] = -tops, tops / 3
    for scale in scales:
        fmt = BlockFormat("trial", ELEMENTS[element], 16, scale, rule, "test", tensor_scale=rule == "nvfp4")
        found, expected = fmt.quantize(x), generic(fmt.quantize, x)
        require_same_bits(found.scales, expected.scales, tops)
        require_same_bits(found.codes, expected.codes, x)
        require_same_bits(fake_quantize(fmt, x), generic(fmt.dequantize, expected), x)


@pytest.mark.parametrize("size", [1, 3, 16, 100, 512, 513, 4096])
def test_blocks_of_any_size_are_those_of_the_generic_path(size, generic):
    x = uneven((6, 4100), seed=2)
    for name in ("mxfp4", "nvfp4", "int4_g32"):
        fmt = replace(FORMATS[name], block_size=size)
        require_same_bits(fake_quantize(fmt, x), generic(fake_quantize, fmt, x), x)


@pytest.mark.parametrize(
    "given",
    [
        torch.randn(40, 60, generator=torch.manual_seed(0)).T,
        torch.randn(40, 60, generator=torch.manual_seed(0))[:, :: -1 + 2],
        torch.randn(6000, generator=torch.manual_seed(0)).bfloat16(),
        torch.randn(6000, generator=torch.manual_seed(0)).double(),
        torch.randn(6000, generator=torch.manual_seed(0), requires_grad=True),
        torch.randn(6000, generator=torch.manual_seed(0), dtype=torch.complex64).conj().imag,
    ],
    ids=["transposed", "columns", "bf16", "float64", "with a gradient", "negated view"],
)
def test_tensors_of_every_layout_and_kind_get_the_bits_of_the_generic_path(given, generic):
    for name in ("e4m3", "mxfp4"):
        fmt = FORMATS[name]
        require_same_bits(fake_quantize(fmt, given), generic(fake_quantize, fmt, given), given.detach())


@pytest.mark.parametrize("name", ["e4m3", "mxfp4", "nvfp4_16x16", "int4_row", "nvfp4_46", "int4_g32_zp"])
@pytest.mark.parametrize("axis", [-1, 0])
def test_values_can_be_written_to_given_memory_or_over_the_tensor(name, axis):
    x = uneven((16, 90), seed=5)
    expected = fake_quantize(FORMATS[name], x, axis)
    out = np.empty_like(x)
    assert fake_quantize(FORMATS[name], x, axis, out=out) is out
    require_same_bits(out, expected, x)
    tensor = torch.from_numpy(x)
    assert fake_quantize(FORMATS[name], tensor, axis, out=tensor) is tensor
    require_same_bits(tensor, expected, out)


@pytest.mark.parametrize(
    ("out", "found"),
    [
        (np.empty((4, 5), np.float32), r"float32 \[4, 5\]"),
        (np.empty((4, 6)), r"float64 \[4, 6\]"),
        (np.empty((6, 4), np.float32).T, r"float32 \[4, 6\]"),
        (torch.empty(4, 6, dtype=torch.bfloat16), r"torch.bfloat16 \[4, 6\]"),
        ([0.0], r"list \[\]"),
    ],
)
def test_memory_that_cannot_hold_the_values_is_refused_in_a_sentence(out, found):
    with pytest.raises(ValueError, match=f"out is {found}; give contiguous float32 memory of shape"):
        fake_quantize(FORMATS["mxfp4"], np.ones((4, 6), np.float32), out=out)


def test_without_numba_every_tensor_takes_the_generic_path(monkeypatch):
    x = torch.randn(2**12, generator=torch.manual_seed(0))
    expected = fake_quantize(FORMATS["nvfp4"], x)
    monkeypatch.setitem(sys.modules, "analysis.formats.kernels", None)
    fast._installed.cache_clear()
    try:
        assert fast.encode(ELEMENTS["e2m1"], x, "nearest", True) is None
        require_same_bits(fake_quantize(FORMATS["nvfp4"], x), expected, x)
    finally:
        fast._installed.cache_clear()


def test_sessions_that_quantize_at_once_get_what_one_alone_gets():
    x = torch.randn(2**15, generator=torch.manual_seed(0))
    expected = fake_quantize(FORMATS["mxfp4"], x)
    with ThreadPoolExecutor(4) as sessions:
        for found in sessions.map(partial(fake_quantize, FORMATS["mxfp4"]), [x] * 8):
            require_same_bits(found, expected, x)


def test_a_table_holds_one_step_a_bucket_or_is_none():
    x = ODD.numpy()
    halves = tabulated(lambda numbers: (np.abs(numbers) > np.float32(1.5)).astype(np.uint8))
    assert (halves.shift, len(halves.bounds)) == (23, 512)
    np.testing.assert_array_equal(halves.of(x), np.abs(x) > np.float32(1.5))
    steps = code_steps(ELEMENTS["e5m2"], "nearest", True)
    np.testing.assert_array_equal(steps.of(x), ELEMENTS["e5m2"].search(ODD, "nearest", True, None))
    assert tabulated(lambda numbers: (np.nan_to_num(numbers).clip(1, 2) * 2**12).astype(np.uint32)) is None


def test_an_unknown_rounding_is_refused_on_the_compiled_path_too():
    with pytest.raises(ValueError, match="unknown rounding 'up'"):
        Format.encode(ELEMENTS["e4m3"], np.ones(8, np.float32), "up")
