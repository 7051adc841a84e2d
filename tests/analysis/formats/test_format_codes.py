"""Encoding against ml_dtypes, bit for bit, and against plain numpy for the integers."""

import re

import every_float32
import ml_dtypes
import numpy as np
import pytest
import torch
from format_oracles import CASTS, codes_of, require_equal

from analysis.formats.elements import ELEMENTS

ALL_BITS = np.arange(65536, dtype=np.uint16)
# The 16-bit patterns as float32, which holds every one of them exactly.
INPUTS = {
    "bfloat16": ALL_BITS.view(ml_dtypes.bfloat16).astype(np.float32),
    "float16": ALL_BITS.view(np.float16).astype(np.float32),
}


@pytest.fixture(autouse=True)
def _overflow_is_expected():
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("name", CASTS)
def test_codes_of_every_16_bit_input_equal_those_of_ml_dtypes(name, inputs):
    x = INPUTS[inputs]
    require_equal(ELEMENTS[name].encode(x), codes_of(x, name), x)


@pytest.mark.parametrize("name", CASTS)
def test_codes_around_every_decision_point_equal_those_of_ml_dtypes(name):
    values = ELEMENTS[name].finite
    middles = ((values[:-1] + values[1:]) / 2).astype(np.float32)
    outer = np.float32([values[-1], (ELEMENTS[name].next_value or values[-1]) / 2 + values[-1] / 2])
    points = np.concatenate([middles, values.astype(np.float32), outer, -outer])
    x = np.concatenate([points, np.nextafter(points, np.float32(np.inf)), np.nextafter(points, np.float32(-np.inf))])
    require_equal(ELEMENTS[name].encode(x), codes_of(x, name), x)


@pytest.mark.parametrize("name", CASTS)
def test_codes_of_a_strided_sample_of_all_float32_inputs_equal_those_of_ml_dtypes(name):
    x = np.arange(0, 2**32, 9973, dtype=np.uint64).astype(np.uint32).view(np.float32)
    require_equal(ELEMENTS[name].encode(x), codes_of(x, name), x)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_tensors_in_16_bit_types_get_the_codes_of_their_float32_values(dtype):
    x = torch.from_numpy(ALL_BITS.astype(np.int32)).to(torch.int16).view(dtype)
    finite = torch.isfinite(x)
    assert torch.equal(ELEMENTS["e4m3"].encode(x)[finite], ELEMENTS["e4m3"].encode(x.float())[finite])


@pytest.mark.parametrize(("name", "bits"), [(f"int{bits}", bits) for bits in range(2, 9)])
@pytest.mark.parametrize("inputs", INPUTS)
def test_integer_codes_equal_rounding_and_clipping_in_numpy(name, bits, inputs):
    x = INPUTS[inputs]
    expected = np.clip(np.rint(np.nan_to_num(x, nan=0.0)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    require_equal(ELEMENTS[name].encode(x), expected.astype(np.int64) & (2**bits - 1), x)


@pytest.mark.parametrize("fmt", ELEMENTS.values(), ids=ELEMENTS)
def test_every_code_survives_decode_and_encode(fmt):
    codes = np.flatnonzero(np.isfinite(fmt.values))
    np.testing.assert_array_equal(fmt.encode(fmt.decode(codes)), codes)


@pytest.mark.parametrize("fmt", ELEMENTS.values(), ids=ELEMENTS)
def test_infinity_and_nan_codes_decode_to_themselves(fmt):
    special = np.float32([np.inf, -np.inf, np.nan])
    back = fmt.decode(fmt.encode(special))
    if np.isinf(fmt.values).any():
        assert (back[0], back[1]) == (np.inf, -np.inf)
    elif fmt.next_value is not None:
        assert np.isnan(back[:2]).all()
    else:
        assert (back[0], back[1]) == (fmt.max, fmt.min)
    assert np.isnan(back[2]) if np.isnan(fmt.values).any() else abs(back[2]) == np.abs(fmt.finite).min()


def test_e4m3_overflows_to_nan_and_saturates_only_when_told():
    e4m3, x = ELEMENTS["e4m3"], np.float32([464, 465, -465, np.inf])
    np.testing.assert_array_equal(e4m3.decode(e4m3.encode(x)), [448, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(e4m3.decode(e4m3.encode(x, saturate=True)), [448, 448, -448, 448])


def test_e5m2_overflows_to_infinity_from_61440():
    e5m2, x = ELEMENTS["e5m2"], np.float32([61439, 61440, -61440, 1e30])
    np.testing.assert_array_equal(e5m2.decode(e5m2.encode(x)), [57344, np.inf, -np.inf, np.inf])
    np.testing.assert_array_equal(e5m2.decode(e5m2.encode(x, saturate=True)), [57344, 57344, -57344, 57344])


@pytest.mark.parametrize("name", ["e2m1", "e2m3", "e3m2"])
def test_a_format_without_nan_turns_it_into_a_zero_of_the_other_sign(name):
    fmt = ELEMENTS[name]
    back = fmt.decode(fmt.encode(np.float32([np.nan, -np.nan])))
    assert back.tolist() == [0, 0]
    assert np.signbit(back).tolist() == [True, False]


def test_the_sign_of_zero_is_kept():
    back = ELEMENTS["e2m1"].decode(ELEMENTS["e2m1"].encode(np.float32([0.0, -0.0, 0.2, -0.2])))
    assert np.signbit(back).tolist() == [False, True, False, True]


def test_e8m0_cannot_hold_zero_or_negatives():
    e8m0 = ELEMENTS["e8m0"]
    back = e8m0.decode(e8m0.encode(np.float32([0, -0.0, -1, 1e-45, 1.5, 3])))
    np.testing.assert_array_equal(back, [np.nan, np.nan, np.nan, 2.0**-127, 2, 4])


def test_float64_inputs_are_rounded_once():
    just_above_the_tie = 1.25 + 2.0**-40
    assert np.float32(just_above_the_tie) == 1.25
    e2m1 = ELEMENTS["e2m1"]
    assert e2m1.decode(e2m1.encode(np.array([1.25, just_above_the_tie]))).tolist() == [1.0, 1.5]


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_any_shape_comes_back_in_its_own_kind(shape):
    x = np.ones(shape, np.float32)
    codes = ELEMENTS["e4m3"].encode(x)
    assert isinstance(codes, np.ndarray)
    assert codes.shape == shape
    assert codes.dtype == np.uint8
    tensor = ELEMENTS["bf16"].encode(torch.ones(shape))
    assert isinstance(tensor, torch.Tensor)
    assert tuple(tensor.shape) == shape


def test_views_integers_and_foreign_byte_order_are_read_by_value():
    e4m3, x = ELEMENTS["e4m3"], np.arange(-8, 8).reshape(4, 4)
    expected = e4m3.encode(x.astype(np.float32))
    np.testing.assert_array_equal(e4m3.encode(x), expected)
    np.testing.assert_array_equal(e4m3.encode(x.astype(">f8")), expected)
    np.testing.assert_array_equal(e4m3.encode(x.astype(np.float32)[::-1, ::-2]), expected[::-1, ::-2])
    np.testing.assert_array_equal(e4m3.encode(torch.tensor(x).T).numpy(), expected.T)


@pytest.mark.parametrize(
    "bad", [np.ones(2, complex), np.array(["1"]), np.array([None]), torch.ones(2, dtype=torch.complex64)]
)
def test_values_that_are_no_real_numbers_are_refused_in_a_sentence(bad):
    with pytest.raises(ValueError, match=r"the (array|tensor) holds .* values"):
        ELEMENTS["e4m3"].encode(bad)


def test_the_exhaustive_check_counts_its_inputs_and_reports_a_difference(tmp_path, capsys, monkeypatch):
    file, options = tmp_path / "exhaustive.md", ["--stride", "65521", "--processes", "1"]
    file.write_text("# Checks\n\n## Others\n\nkept\n")
    count = f"{-(-(2**32) // 65521):,}"
    assert every_float32.main([*options, "--write", str(file), "e2m1", "e4m3fnuz", "int4"]) == 0
    text = file.read_text()
    assert text.count(f"| {count} | 0 | none |") == 3
    assert "one float32 bit pattern in 65521" in text
    assert text.startswith("# Checks\n\n## Others\n\nkept\n\n## Every float32\n")
    monkeypatch.setitem(CASTS, "e5m2", CASTS["e5m2fnuz"])
    assert every_float32.main([*options, "--write", str(file), "e5m2"]) == 1
    assert re.search(r"\| [\d,]+, first np\.float32\(.*\) gives \d+ instead of \d+ \|", capsys.readouterr().out)
    assert file.read_text().count("## Every float32") == 1
