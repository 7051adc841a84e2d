"""Chances over a map: counted from lines they are those of the law in every cell, for every law that has lines."""

import numpy as np
import pytest

from analysis.fits.bootstrap import Draws
from analysis.laws import LAWS
from analysis.laws.powers import POWERS, powers
from analysis.plans.cells import Cells
from analysis.plans.schemes import Precision, Scheme, draw_speeds, every_pair, pairs
from analysis.plans.speed import SpeedTable, constant
from analysis.plans.win_shares import win_shares

SIZES = np.array([1e7, 1e9, 1e11])
BY_SIZE = SpeedTable("by size", "fp8", SIZES, np.array([0.8, 1.5, 2.5]), np.array([0.6, 1.2, 1.9]), "made up", True)
OTHER = SpeedTable("other", "fp8", SIZES, np.array([1.1, 1.6, 2.2]), np.array([1.0, 1.4, 2.0]), "made up", True)
FORMATS = (
    Precision("bf16", 16.0, speeds=(constant(0.5, 0.5, "half"),), spread=0.1),
    Precision("fp8", 8.0),
    Precision("fp4", 4.25, "eff_n", "eff_d", (BY_SIZE, OTHER), 0.15),
)
SCHEMES = pairs(FORMATS, (("fp4", "fp8"), ("fp8", "fp4")))
CELLS = {
    "tokens per parameter": Cells(np.geomspace(1e7, 3e11, 17), np.geomspace(10, 1e4, 23)),
    "compute": Cells(np.geomspace(1e8, 1e11, 13), np.geomspace(1e19, 1e26, 19), compute=True),
}


def drawn(law, made_up, count=60, spread=0.02, seed=0):
    values, _ = made_up(law, 1)
    values = {name: value for name, value in values.items() if "[" not in name} | {"eff_n": 0.65, "eff_d": 0.9}
    rng = np.random.default_rng(seed)
    return Draws(law, {name: value * np.exp(spread * rng.standard_normal(count)) for name, value in values.items()})


@pytest.mark.parametrize("axis", CELLS)
@pytest.mark.parametrize("name", POWERS)
def test_chances_counted_from_lines_are_those_of_the_law_in_every_cell(name, axis, made_up):
    draws = drawn(LAWS[name], made_up)
    fast, plain = (win_shares(draws, SCHEMES, CELLS[axis], plainly=plainly) for plainly in (False, True))
    np.testing.assert_array_equal(fast, plain)
    np.testing.assert_allclose(fast.sum(0), 1.0, rtol=1e-12)
    assert ((fast > 0) & (fast < 1)).any(), "no cell is contested: the test shows nothing"


@pytest.mark.parametrize("name", POWERS)
def test_the_order_of_losses_is_the_order_of_the_sum_of_powers(name, made_up):
    values, runs = made_up(LAWS[name], 300, seed=3)
    plain = {symbol: value for symbol, value in values.items() if "[" not in symbol}
    A, alpha, B, beta = powers(LAWS[name], plain)
    total = A / runs["n_params"] ** alpha + B / runs["n_tokens"] ** beta
    losses = LAWS[name].evaluate(plain, {"n_params": runs["n_params"], "n_tokens": runs["n_tokens"]})
    np.testing.assert_array_equal(np.argsort(losses), np.argsort(total))


def test_a_law_without_known_powers_is_counted_in_every_cell(made_up):
    law = LAWS["data_constrained"]
    draws = drawn(law, made_up, count=5)
    assert powers(law, draws.values) is None
    size, ratio = 2e9, 150.0
    schemes = every_pair((FORMATS[1], Precision("fp4", 4.25, "eff_n", "eff_d", (constant(2.0, 1.5, "given"),))))
    chances = win_shares(draws, schemes, Cells(np.array([size]), np.array([ratio])))[:, 0, 0]
    won = dict.fromkeys((scheme.name for scheme in schemes), 0)
    for k in range(5):
        v = {name: numbers[k] for name, numbers in draws.values.items()}
        losses = {}
        for scheme in won:
            f, b = (own == "fp4" for own in scheme.split(":"))
            fast, step = 2.0 if f else 1.0, 1 / (1 / 3 / (2.0 if f else 1.0) + 2 / 3 / (1.5 if b else 1.0))
            n = size * fast * (v["eff_n"] if f else 1.0)
            d = size * ratio * step / fast * (v["eff_d"] if b else 1.0)
            losses[scheme] = float(law.evaluate(v, {"n_params": n, "n_tokens": d}))
        won[min(losses, key=losses.__getitem__)] += 1
    assert dict(zip(won, chances, strict=True)) == pytest.approx({name: count / 5 for name, count in won.items()})


def test_of_equal_schemes_the_first_has_the_chance(made_up):
    draws = drawn(LAWS["quartet"], made_up, count=30)
    twin = Precision("e4m3", 8.0)
    schemes = (*pairs([FORMATS[1], twin]), Scheme(FORMATS[2], FORMATS[2]))
    fast, plain = (win_shares(draws, schemes, CELLS["compute"], plainly=plainly) for plainly in (False, True))
    np.testing.assert_array_equal(fast, plain)
    assert fast[0].max() > 0
    assert fast[1].max() == 0


def test_draws_that_give_no_number_win_nowhere_and_do_not_spoil_the_others(made_up):
    draws = drawn(LAWS["quartet"], made_up, count=20)
    draws.values["eff_n"][:5] = np.nan
    fast, plain = (win_shares(draws, SCHEMES, CELLS["compute"], plainly=plainly) for plainly in (False, True))
    np.testing.assert_array_equal(fast, plain)
    assert fast.sum(0) == pytest.approx(1.0)


def test_a_format_has_one_speed_per_draw_in_every_scheme():
    rng = np.random.default_rng(0)
    schemes = every_pair(FORMATS)
    speeds = draw_speeds(schemes, 4000, rng)
    sizes = np.array([1e9, 1e10])
    own = {scheme.name: scheme.drawn_speed(speeds, sizes) for scheme in schemes}
    np.testing.assert_array_equal(own["fp4:fp8"][0], own["fp4:fp4"][0])
    np.testing.assert_array_equal(own["fp8:fp4"][1], own["fp4:fp4"][1])
    np.testing.assert_array_equal(own["fp8:fp8"][0], np.ones((4000, 2)))
    drawn_bf16 = own["bf16:bf16"][0][:, 0]
    assert drawn_bf16.std() / drawn_bf16.mean() == pytest.approx(0.1, rel=0.05)
    middle = np.mean([BY_SIZE.at(sizes)[0], OTHER.at(sizes)[0]], axis=0)
    assert np.median(own["fp4:fp8"][0], axis=0) == pytest.approx(middle, rel=0.03)
