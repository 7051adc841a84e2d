"""Codebooks against their published tables and decision points, posits against their standard's definition."""

from fractions import Fraction

import numpy as np
import pytest

from analysis.formats import codebooks
from analysis.formats.elements import ELEMENTS

f32 = np.float32
NF4_POINTS = f32(
    [
        -0.8480964004993439,
        -0.6106329262256622,
        -0.4599952697753906,
        -0.33967943489551544,
        -0.23460740596055984,
        -0.13791173323988914,
        -0.045525018125772476,
        0.03979014977812767,
        0.1202552504837513,
        0.2035212516784668,
        0.2920137718319893,
        0.3893125355243683,
        0.5016634166240692,
        0.6427869200706482,
        0.8614784181118011,
    ]
)
# What the kernels of bitsandbytes compare with, as written there.
FP4_POINTS = np.array([0.00260417, 0.0859375, 0.20833333, 0.29166667, 0.4166667, 0.583333, 0.8333333])


def test_nf4_decision_points_are_those_of_the_kernels_and_a_tie_goes_down():
    nf4, codes = ELEMENTS["nf4"], np.arange(15)
    assert nf4.values[7] == 0
    np.testing.assert_array_equal(nf4.encode(NF4_POINTS), codes)
    np.testing.assert_array_equal(nf4.encode(np.nextafter(NF4_POINTS, f32(2))), codes + 1)


def test_fp4_of_bitsandbytes_has_its_own_bit_order_and_grid():
    fp4 = ELEMENTS["fp4_bnb"]
    expected = [0, 0.00520833, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25]
    np.testing.assert_allclose(fp4.values[:8], expected, atol=5e-9)
    np.testing.assert_array_equal(fp4.values[8:], -fp4.values[:8])
    rising = np.argsort(fp4.values[:8])
    np.testing.assert_array_equal(fp4.encode(f32(FP4_POINTS * (1 - 1e-5))), rising[:-1])
    np.testing.assert_array_equal(fp4.encode(f32(-FP4_POINTS * (1 + 1e-5))), rising[1:] + 8)


def test_a_tie_of_fp4_goes_toward_zero():
    fp4 = ELEMENTS["fp4_bnb"]
    magnitudes = np.sort(fp4.values[:8])
    ties = (magnitudes[:-1] + magnitudes[1:]) / 2
    np.testing.assert_array_equal(fp4.values[fp4.encode(ties)], magnitudes[:-1])
    np.testing.assert_array_equal(fp4.values[fp4.encode(-ties)], -magnitudes[:-1])


def test_af4_has_its_sixteen_values_and_a_zero():
    af4 = ELEMENTS["af4"]
    assert (af4.min, af4.max, af4.values[7], len(af4.finite)) == (-1, 1, 0, 16)
    np.testing.assert_array_equal(np.sort(af4.values), af4.values)


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_a_shift_codebook_without_zero_holds_2_to_the_bits_values(bits):
    free = codebooks.shift("s", bits, "test", "test", zero=False)
    assert len(free.finite) == 2**bits
    assert 0 not in free.finite
    np.testing.assert_array_equal(np.frexp(np.abs(free.finite))[0], 0.5)
    assert len(codebooks.shift("s", bits, "test", "test", zero=True).finite) == 2**bits - 1


def test_rounding_a_shift_toward_zero_keeps_the_sign_where_there_is_nothing_smaller():
    shift4 = ELEMENTS["shift4"]
    back = shift4.decode(shift4.encode(f32([1e-9, -1e-9, 0.3, -0.3]), "toward-zero"))
    assert back.tolist() == [2.0**-7, -(2.0**-7), 0.25, -0.25]


def test_ternary_holds_minus_one_zero_and_one():
    ternary = ELEMENTS["ternary"]
    assert ternary.finite.tolist() == [-1, 0, 1]
    assert ternary.decode(ternary.encode(f32([-9, -0.51, -0.5, 0.2, 0.5, 0.51]))).tolist() == [-1, -1, 0, 0, 0, 1]


def posit_value(code, bits):
    """The 2022 standard's formula on exact fractions: ((1 - 3s) + f) 2^((1 - 2s)(4r + e + s)), for both signs."""
    text = f"{code:0{bits}b}"
    sign, rest = int(text[0]), text[1:]
    run = len(rest) - len(rest.lstrip(rest[0]))
    regime = run - 1 if rest[0] == "1" else -run
    tail = rest[run + 1 :] + "00"
    exponent, fraction = int(tail[:2], 2), tail[2:]
    f = Fraction(int(fraction, 2), 2 ** len(fraction)) if fraction else Fraction(0)
    return ((1 - 3 * sign) + f) * Fraction(2) ** ((1 - 2 * sign) * (4 * regime + exponent + sign))


@pytest.mark.parametrize("name", ["posit8", "posit16"])
def test_posits_equal_the_formula_of_their_standard(name):
    fmt = ELEMENTS[name]
    real = [code for code in range(1, 2**fmt.bits) if code != 2 ** (fmt.bits - 1)]
    expected = [float(posit_value(code, fmt.bits)) for code in real]
    np.testing.assert_array_equal(fmt.values[real], expected)
    assert fmt.values[0] == 0
    assert np.isnan(fmt.values[2 ** (fmt.bits - 1)])


@pytest.mark.parametrize("name", ["posit8", "posit16"])
def test_posits_round_their_bit_string_and_never_to_zero_or_beyond_the_largest(name):
    fmt = ELEMENTS[name]
    codes = np.arange(1, 2 ** (fmt.bits - 1) - 1)[:: max(1, 2 ** (fmt.bits - 10))]
    halves = np.array([float(posit_value(2 * code + 1, fmt.bits + 1)) for code in codes.tolist()])
    np.testing.assert_array_equal(fmt.encode(halves), codes + codes % 2)
    np.testing.assert_array_equal(fmt.encode(np.nextafter(halves, 0)), codes)
    np.testing.assert_array_equal(fmt.encode(np.nextafter(halves, np.inf)), codes + 1)
    np.testing.assert_array_equal(fmt.encode(-halves), 2**fmt.bits - (codes + codes % 2))
    smallest = fmt.finite[fmt.finite > 0][0]
    back = fmt.values[fmt.encode(np.array([1e-300, -1e-300, 1e300, -1e300, 0.0, np.inf, np.nan]))]
    np.testing.assert_array_equal(back, [smallest, -smallest, fmt.max, -fmt.max, 0, np.nan, np.nan])


def test_tf32_is_float32_rounded_to_ten_mantissa_bits():
    bits = np.arange(0, 2**32, 99991, dtype=np.uint64).astype(np.uint32)
    x = bits.view(f32)
    keep = np.isfinite(x)
    rounded = (bits + np.uint32(0xFFF) + (bits >> 13 & 1)) & np.uint32(0xFFFFE000)
    np.testing.assert_array_equal(ELEMENTS["tf32"].decode(ELEMENTS["tf32"].encode(x[keep])), rounded[keep].view(f32))
