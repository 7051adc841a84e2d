"""Rounding modes and the counter-based generator behind the stochastic one."""

import numpy as np
import pytest
import torch

from analysis.formats import FORMATS, ROUNDINGS
from analysis.formats.counter import uniform, words
from analysis.formats.elements import ELEMENTS

MASK = (1 << 64) - 1
WITH_SIGN_AND_ZERO = [name for name, fmt in ELEMENTS.items() if fmt.signed and 0 in fmt.finite]


def squares(position: int, key: int) -> int:
    """The four rounds of the Squares generator in plain integers."""

    def swap(x: int) -> int:
        return ((x >> 32) | (x << 32)) & MASK

    x = y = position * key & MASK
    z = y + key
    x = swap(x * x + y & MASK)
    x = swap(x * x + z & MASK)
    x = swap(x * x + y & MASK)
    return (x * x + z & MASK) >> 32


@pytest.mark.parametrize("seed", [0, 1, -5, 2**63 + 11])
def test_words_equal_the_generator_in_plain_integers(seed):
    from analysis.formats.counter import _key

    starts = [0, 1, 2**31 - 3, 2**40]
    for start in starts:
        expected = [squares(start + i, _key(seed)) for i in range(8)]
        assert words(seed, start, 8).tolist() == expected


def test_words_depend_on_position_and_seed_alone():
    whole = words(7, 0, 1000)
    assert torch.equal(whole, torch.cat([words(7, 0, 333), words(7, 333, 667)]))
    assert not torch.equal(whole, words(8, 0, 1000))


def test_uniform_numbers_are_flat_and_uncorrelated():
    n = 200_000
    draws = uniform(3, 0, n, torch.float32).double()
    assert draws.min() >= 0
    assert draws.max() < 1
    counts = torch.histc(draws, 64, 0, 1)
    chi_squared = float(((counts - n / 64) ** 2 / (n / 64)).sum())
    assert chi_squared < 63 + 5 * (2 * 63) ** 0.5
    correlation = float(torch.corrcoef(torch.stack([draws[:-1], draws[1:]]))[0, 1])
    assert abs(correlation) < 5 / n**0.5


@pytest.mark.parametrize("name", WITH_SIGN_AND_ZERO)
def test_toward_zero_never_grows_a_magnitude_and_lands_next_to_it(name):
    fmt = ELEMENTS[name]
    x = np.random.default_rng(1).normal(0, fmt.max / 4 if fmt.bits <= 8 else 3, 4000).astype(np.float32)
    y = fmt.decode(fmt.encode(x, "toward-zero"))
    inside = np.abs(x) <= fmt.max
    assert (np.abs(y) <= np.abs(x))[inside].all()
    values = fmt.finite
    best = np.where(x >= 0, values[np.searchsorted(values, x, "right") - 1], 0)
    negative = x < 0
    best[negative] = values[np.clip(np.searchsorted(values, x[negative], "left"), 0, len(values) - 1)]
    np.testing.assert_array_equal(y, best)


def test_toward_zero_never_overflows_a_finite_value():
    e5m2 = ELEMENTS["e5m2"]
    back = e5m2.decode(e5m2.encode(np.float32([1e30, -1e30, np.inf]), "toward-zero"))
    assert back.tolist() == [57344, -57344, np.inf]


@pytest.mark.parametrize("name", ["e2m1", "e4m3", "int4", "bf16"])
@pytest.mark.row("R22")
def test_the_mean_of_stochastic_rounding_is_the_input(name):
    fmt, copies = ELEMENTS[name], 1_000_000
    for value in (0.3, -1.1, 2.71):
        x = np.full(copies, value, np.float32)
        rounded = fmt.decode(fmt.encode(x, "stochastic", seed=11)).astype(np.float64)
        neighbors = np.unique(rounded)
        assert len(neighbors) == 2
        standard_error = rounded.std() / copies**0.5
        assert abs(rounded.mean() - float(x[0])) < 3.5 * standard_error + 1e-7


def test_exact_values_stay_under_stochastic_rounding():
    e2m1 = ELEMENTS["e2m1"]
    np.testing.assert_array_equal(e2m1.decode(e2m1.encode(e2m1.finite, "stochastic", seed=5)), e2m1.finite)


@pytest.mark.parametrize("name", ["e2m1", "e4m3"])
@pytest.mark.row("R22")
def test_stochastic_codes_do_not_depend_on_chunking(name):
    fmt, x = ELEMENTS[name], np.random.default_rng(0).standard_normal(1001).astype(np.float32)
    whole = fmt.encode(x, "stochastic", seed=9)
    parts = [fmt.encode(x[a:b], "stochastic", seed=9, offset=a) for a, b in ((0, 17), (17, 640), (640, 1001))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert (whole != fmt.encode(x, "stochastic", seed=10)).any()


def test_stochastic_codes_of_rows_in_a_block_format_do_not_depend_on_chunking():
    fmt, x = FORMATS["mxfp4"], np.random.default_rng(0).standard_normal((6, 50)).astype(np.float32)
    whole = fmt.quantize(x, rounding="stochastic", seed=4)
    lower = fmt.quantize(x[2:], rounding="stochastic", seed=4, offset=100)
    np.testing.assert_array_equal(whole.codes[2:], lower.codes)


def test_an_unknown_rounding_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=f"unknown rounding 'up'; choose one of {', '.join(ROUNDINGS)}"):
        ELEMENTS["e4m3"].encode(np.ones(2), "up")
