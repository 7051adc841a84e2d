"""Every float of 3 to 8 bits by its name: values and rounding against gfloat."""

import gfloat
import numpy as np
import pytest
from gfloat.types import Domain, FormatInfo, RoundMode

from analysis.formats import get_format
from analysis.formats.elements import ELEMENTS

SPECIALS = ("sat", "fn", "ieee", "fnuz")
SPLITS = [
    (exponent, bits - 1 - exponent, special)
    for bits in range(3, 9)
    for exponent in range(1, bits)
    for special in SPECIALS
    if not (special == "ieee" and exponent == bits - 1)
]


def info_of(exponent, mantissa, special, bias, signed=True):
    return FormatInfo(
        "test",
        signed + exponent + mantissa,
        mantissa + 1,
        bias=bias,
        is_signed=signed,
        domain=Domain.Extended if special == "ieee" else Domain.Finite,
        has_nz=signed and special != "fnuz",
        num_high_nans={"fn": 1, "ieee": 2**mantissa - 1}.get(special, 0),
        has_subnormals=True,
        is_twos_complement=False,
    )


def require_same(found, expected):
    """Equal values, NaN for NaN, and zeros of one sign."""
    np.testing.assert_array_equal(found, expected)
    zeros = expected == 0
    np.testing.assert_array_equal(np.signbit(found[zeros]), np.signbit(expected[zeros]))


@pytest.mark.parametrize("bias", [None, 1, 12])
@pytest.mark.parametrize(("exponent", "mantissa", "special"), SPLITS)
def test_values_and_nearest_rounding_equal_those_of_gfloat(exponent, mantissa, special, bias):
    usual = 2 ** (exponent - 1) - 1 + (special == "fnuz")
    name = f"e{exponent}m{mantissa}{'' if bias is None else f'b{bias}'}{special}"
    fmt, info = get_format(name), info_of(exponent, mantissa, special, usual if bias is None else bias)
    require_same(fmt.values, gfloat.decode_ndarray(info, np.arange(2**fmt.bits)))
    x = np.concatenate([fmt.finite, (fmt.finite[:-1] + fmt.finite[1:]) / 2, [fmt.max * 1.01, fmt.max * 9]])
    x = np.concatenate([x, x * (1 + 2.0**-20), x * (1 - 2.0**-20)])
    if special == "ieee" and exponent == 1:  # gfloat saturates at a value that its own table does not hold
        x = x[np.abs(x) <= fmt.max]
    expected = gfloat.round_ndarray(info, x, RoundMode.TiesToEven, sat=True)
    np.testing.assert_array_equal(fmt.values[fmt.encode(x, saturate=True)], expected)


@pytest.mark.parametrize(("exponent", "mantissa"), [(4, 3), (5, 3), (4, 4), (3, 2), (2, 1)])
def test_unsigned_floats_equal_those_of_gfloat(exponent, mantissa):
    fmt = get_format(f"ue{exponent}m{mantissa}")
    info = info_of(exponent, mantissa, "fn", 2 ** (exponent - 1) - 1, signed=False)
    require_same(fmt.values, gfloat.decode_ndarray(info, np.arange(2**fmt.bits)))
    assert not fmt.signed


def test_a_name_is_one_object_and_other_spellings_of_a_row_are_the_row():
    assert get_format("e3m3b5") is get_format("e3m3b5")
    for spelling, row in [("e4m3fn", "e4m3"), ("e5m2ieee", "e5m2"), ("e2m1sat", "e2m1"), ("ue4m3fn", "ue4m3")]:
        assert get_format(spelling) is ELEMENTS[row]


def test_published_ranges_of_the_scales_without_sign():
    assert (ELEMENTS["ue5m3"].max, ELEMENTS["ue5m3"].finite[1]) == (114688, 2.0**-17)
    assert (ELEMENTS["ue4m3"].max, ELEMENTS["ue4m3"].finite[1]) == (448, 2.0**-9)
    assert np.isnan(ELEMENTS["ue5m3"].decode(ELEMENTS["ue5m3"].encode(np.float32([-1, np.nan, 1e6])))).all()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("e9m3", "has 9 exponent bits and 13 bits in all; a float named by its split has at least one exponent bit"),
        ("e0m3", "has 0 exponent bits and 4 bits in all"),
        ("e1m0", "3 to 8 bits, such as e2m1"),
        ("e3m0ieee", "no mantissa bit to tell infinity from NaN; write e3m0sat or e3m0fn"),
        ("ue4m3fnuz", "no code of -0 for its NaN; write ue4m3fn"),
        ("e8m0fnu", r"did you mean e8m0\?"),
    ],
)
def test_a_float_that_cannot_be_gets_a_sentence(name, sentence):
    with pytest.raises(ValueError, match=sentence):
        get_format(name)
