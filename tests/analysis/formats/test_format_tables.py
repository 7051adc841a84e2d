"""The value tables against gfloat, ml_dtypes and the counts of the specifications."""

import gfloat
import gfloat.formats
import numpy as np
import pytest
from format_oracles import CASTS, INTEGERS

from analysis.formats import FORMATS, BlockFormat, Format, get_format
from analysis.formats.elements import ELEMENTS

GFLOAT = {
    "e2m1": gfloat.formats.format_info_ocp_e2m1,
    "e2m3": gfloat.formats.format_info_ocp_e2m3,
    "e3m2": gfloat.formats.format_info_ocp_e3m2,
    "e4m3": gfloat.formats.format_info_ocp_e4m3,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e8m0": gfloat.formats.format_info_ocp_e8m0,
    "int8_mx": gfloat.formats.format_info_ocp_int8,
    "bf16": gfloat.formats.format_info_bfloat16,
    "fp16": gfloat.formats.format_info_binary16,
}
ML_DTYPES = CASTS | INTEGERS
FINITE_CODES = {"e2m1": 16, "e2m3": 64, "e3m2": 64, "e4m3": 254, "e5m2": 248, "e8m0": 255, "int4": 16, "int8": 256}
FINITE_CODES |= {"e4m3fnuz": 255, "e5m2fnuz": 255, "e4m3b11fnuz": 255, "e4m3ieee": 240, "e3m4": 224}


def same(left, right):
    left, right = np.asarray(left), np.asarray(right)
    zeros = (left == 0) & (right == 0)
    return np.array_equal(left, right, equal_nan=True) and np.array_equal(
        np.signbit(left[zeros]), np.signbit(right[zeros])
    )


@pytest.mark.parametrize("name", GFLOAT)
def test_values_equal_those_of_gfloat(name):
    fmt, info = ELEMENTS[name], GFLOAT[name]
    expected = gfloat.decode_ndarray(info, np.arange(2**fmt.bits))
    assert same(fmt.values, expected)


@pytest.mark.parametrize("name", ML_DTYPES)
def test_values_equal_those_of_ml_dtypes(name):
    fmt = ELEMENTS[name]
    codes = np.arange(2**fmt.bits).astype(np.uint16 if fmt.bits > 8 else np.uint8)
    assert same(fmt.values.astype(np.float32), codes.view(ML_DTYPES[name]).astype(np.float32))


@pytest.mark.parametrize(("name", "count"), FINITE_CODES.items())
def test_count_of_finite_codes(name, count):
    assert np.isfinite(ELEMENTS[name].values).sum() == count


@pytest.mark.row("R10")
def test_e4m3_has_one_nan_pattern_and_ends_at_448_and_e5m2_keeps_infinities_and_ends_at_57344():
    e4m3, e5m2 = ELEMENTS["e4m3"], ELEMENTS["e5m2"]
    assert (e4m3.max, e5m2.max) == (448, 57344)
    assert not np.isinf(e4m3.values).any()
    assert np.flatnonzero(np.isnan(e4m3.values)).tolist() == [0x7F, 0xFF]
    assert np.flatnonzero(np.isinf(e5m2.values)).tolist() == [0x7C, 0xFC]
    assert np.flatnonzero(np.isnan(e5m2.values)).tolist() == [0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF]


@pytest.mark.row("R11")
def test_e2m1_codes_are_the_published_ones():
    assert ELEMENTS["e2m1"].values[:8].tolist() == [0, 0.5, 1, 1.5, 2, 3, 4, 6]


def test_e2m3_and_e3m2_codes_are_the_published_ones():
    e2m3 = [*np.arange(0, 2, 0.125), *np.arange(2, 4, 0.25), *np.arange(4, 8, 0.5)]
    e3m2 = [*np.arange(0, 0.5, 0.0625), 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5]
    e3m2 += [4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28]
    assert ELEMENTS["e2m3"].values[:32].tolist() == e2m3
    assert ELEMENTS["e3m2"].values[:32].tolist() == e3m2


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("mxfp4", 4.25),
        ("nvfp4", 4.5),
        ("mxfp6_e3m2", 6.25),
        ("mxfp8", 8.25),
        ("mxint8", 8.25),
        ("int4_g128", 4.125),
        ("nvfp4_16x16", 4 + 8 / 256),
        ("nf4_b64", 4.5),
        ("int4_g128_zp", 4 + 20 / 128),
        ("bitmod4", 4 + 18 / 128),
    ],
)
def test_bits_per_element(name, bits):
    assert FORMATS[name].bits_per_element == bits


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
def test_every_row_is_complete(fmt):
    assert FORMATS[fmt.name] is fmt
    assert fmt.source
    assert fmt.title
    element = fmt.element if isinstance(fmt, BlockFormat) else fmt
    assert isinstance(element, Format)
    assert element.values.shape == (2**element.bits,)
    assert sum(width for _, width in element.fields) == element.bits
    assert not element.values.flags.writeable


@pytest.mark.row("R16")
def test_bf16_holds_1e38_where_fp16_overflows_above_65504_and_stored_bytes_fall_with_the_bits():
    bf16, fp16 = ELEMENTS["bf16"], ELEMENTS["fp16"]
    assert bf16.decode(bf16.encode(np.float32(1e38))) == pytest.approx(1e38, rel=2.0**-8)
    assert fp16.decode(fp16.encode(np.float32([65504, 65536, 1e38]))).tolist() == [65504, np.inf, np.inf]
    assert [32 / ELEMENTS[name].bits_per_element for name in ("bf16", "fp16", "posit16", "posit8")] == [2, 2, 2, 4]


def test_an_unknown_name_is_answered_with_the_near_ones():
    with pytest.raises(ValueError, match=r"unknown format 'fp4'; did you mean e2m1, mxfp4 or nvfp4\?"):
        get_format("fp4")
    with pytest.raises(ValueError, match=r"did you mean .*mxfp4"):
        get_format("MXFP-4")
    with pytest.raises(ValueError, match="choose one of e2m1"):
        get_format("???")
