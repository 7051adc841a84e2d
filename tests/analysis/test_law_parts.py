"""The parts of a law beside its equation: columns, missing inputs, constants, validity, what follows from it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.fits.checks import check_runs
from analysis.fits.fitting import fit, pinned
from analysis.fits.problem import Problem
from analysis.laws import LAWS
from analysis.laws.columns import COLUMNS
from analysis.laws.law import Law, Param, Range
from analysis.laws.param import from_search, to_search

PRECISION = LAWS["precision"]
each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


@pytest.mark.parametrize(
    ("bounds", "values"), [((1e-3, 1e3), [0.5, 2.0]), ((-9.0, -1e-3), [-3.0, -0.1]), ((-2.0, 2.0), [-1.5, 0.0])]
)
def test_a_parameter_is_searched_in_the_log_of_its_size_unless_it_may_be_zero(bounds, values):
    sign = Param("a", "made up", (values[0],), bounds).sign
    assert sign == (1 if bounds[0] > 0 else -1 if bounds[1] < 0 else 0)
    expected = np.log(np.abs(values)) if sign else values
    np.testing.assert_allclose(to_search(values, sign), expected, rtol=1e-15)
    np.testing.assert_allclose(from_search(to_search(values, sign), sign), values, rtol=1e-15)


def signed(p, x):
    return np.exp(p.a * x.n_params**p.b + p.c)


SIGNED = Law(
    name="signed",
    title="made up",
    formula="L",
    inputs=("n_params",),
    params=(
        Param("a", "below 0", (-3.0, -0.5), (-50.0, -1e-3)),
        Param("b", "below 0", (-0.6, -0.1), (-5.0, -1e-3)),
        Param("c", "any sign", (-1.0, 1.0), (-10.0, 10.0)),
    ),
    predict=signed,
    source_id="none",
    counts="total",
)


@pytest.mark.parametrize("c", [-0.4, 0.0, 0.7])
def test_parameters_below_zero_and_of_any_sign_are_recovered_with_intervals_around_them(c):
    rng = np.random.default_rng(0)
    truth = {"a": -1.7, "b": -0.3, "c": c}
    sizes = np.geomspace(1.0, 1e6, 300)
    clean = SIGNED.evaluate(truth, {"n_params": sizes})
    runs = pd.DataFrame({"n_params": sizes, "loss": clean * np.exp(0.003 * rng.standard_normal(300))})
    found = fit(SIGNED, runs, draws=100)
    for name, value in truth.items():
        low, high = found.intervals[name]
        assert low < found.values[name] < high
        assert low - 0.5 * (high - low) < value < high + 0.5 * (high - low), (name, low, high)
        assert low < high <= (0 if name != "c" else 10)


def test_an_interval_pins_a_parameter_down_by_factor_or_where_it_has_no_sign_by_the_span_of_its_starts():
    a, _, c = SIGNED.params
    assert pinned(a, (-3.0, -1.6))
    assert not pinned(a, (-3.0, -1.4))
    assert pinned(c, (-0.5, 0.5))
    assert not pinned(c, (-0.6, 0.6))


@each_law
def test_a_missing_optional_input_is_what_the_law_says_it_means(law, made_up):
    values, runs = made_up(law, 9)
    for name, meaning in law.absent.items():
        expected = law.evaluate(values, runs.assign(**{name: meaning}))
        np.testing.assert_array_equal(law.evaluate(values, runs.drop(columns=name)), expected)
        np.testing.assert_array_equal(law.evaluate(values, runs.assign(**{name: np.nan})), expected)
        np.testing.assert_array_equal(law.evaluate(values, runs.assign(**{name: pd.NA})), expected)
        check_runs(law, runs.drop(columns=name).assign(**{law.target: 1.0}))
        check_runs(law, runs.assign(**{name: pd.NA, law.target: 1.0}))
    assert set(law.absent) <= set(law.inputs)


@each_law
def test_inputs_beyond_a_range_are_found_with_its_sentence_and_the_others_not(law, made_up):
    _, runs = made_up(law, 5)
    inside, sentences = law.outside(runs)
    assert (inside.sum(), sentences) == (0, ())
    for limit in law.ranges:
        moved = runs.astype({limit.column: float})
        moved.loc[2, limit.column] = limit.low / 2 - 1e-9
        moved.loc[3, limit.column] = limit.high * 2 + 1e-9
        mask, sentences = law.outside(moved, published=limit.published)
        assert mask[[2, 3]].all(), limit
        assert limit.sentence in sentences
        if not limit.published:
            assert list(mask) == [False, False, True, True, False]


def test_a_range_of_the_published_runs_counts_only_for_published_coefficients():
    limits = (Range("n_params", 1.0, 10.0, "of the runs", published=True), Range("n_params", 0.1, 1e9, "of the law"))
    law = replace(SIGNED, ranges=limits)
    x = {"n_params": np.array([[0.05, 0.5], [5.0, 50.0]])}
    mask, sentences = law.outside(x)
    np.testing.assert_array_equal(mask, [[True, False], [False, False]])
    assert sentences == ("of the law",)
    mask, sentences = law.outside(x, published=True)
    np.testing.assert_array_equal(mask, [[True, True], [False, True]])
    assert sentences == ("of the runs", "of the law")


def test_three_bit_activations_are_outside_the_precision_law_whoever_fitted_it():
    x = pd.DataFrame({"n_params": 1e8, "n_tokens": 1e10, "weight_bits": [3, 3], "activation_bits": [3, 4]})
    mask, sentences = PRECISION.outside(x)
    assert list(mask) == [True, False]
    assert sentences == ("training diverged with activations at 3 bits, which the law does not cover: 4 bits or more",)


@each_law
def test_every_derived_quantity_is_a_number_per_row_or_one_of_the_law(law, made_up):
    values, runs = made_up(law, 4)
    rng = np.random.default_rng(1)
    for quantity in law.derived:
        x = {name: runs[name] if name in runs else made_up_numbers(name, rng) for name in quantity.given}
        got = law.derive(quantity.name, values, x)
        assert got.shape in ((), (4,)), quantity.name


def made_up_numbers(name, rng):
    usual = COLUMNS[name].usual if name in COLUMNS else None
    return rng.uniform(*usual, 4).round(2) if usual else np.full(4, 0.21)


def test_a_derived_quantity_says_what_it_lacks():
    values = {"E": 1.7, "A": 400.0, "B": 400.0, "alpha": 0.34, "beta": 0.28}
    with pytest.raises(ValueError, match="n_opt of law chinchilla needs flops"):
        LAWS["chinchilla"].derive("n_opt", values)
    with pytest.raises(ValueError, match="law chinchilla derives no 'best'; it derives n_opt, d_opt"):
        LAWS["chinchilla"].derive("best", values)
    with pytest.raises(ValueError, match="no value for beta"):
        LAWS["chinchilla"].derive("a", {name: values[name] for name in ("E", "A", "B", "alpha")})


@each_law
def test_constants_keep_their_default_in_a_fit_and_follow_the_caller(law, made_up):
    values, runs = made_up(law, 60)
    for symbol, default in law.constants({}).items():
        param = next(p for p in law.params if p.symbol == symbol)
        assert param.default == default
        assert symbol not in Problem(law, runs, {}, logs=True).names
        other = default * 0.99 if default else 0.01
        assert fit(law, runs, fixed={symbol: other}, draws=0, starts=4).values[symbol] == other
        without = {name: value for name, value in values.items() if name != symbol}
        np.testing.assert_array_equal(law.evaluate(without, runs), law.evaluate(values, runs))


@pytest.mark.parametrize(("name", "column"), COLUMNS.items(), ids=COLUMNS)
def test_every_column_has_words_and_a_usual_span(name, column):
    assert column.words
    assert column.words in column.label
    if column.usual:
        assert 0 <= column.usual[0] < column.usual[1]
        assert column.zero or column.usual[0] > 0
        assert not column.whole or all(end == round(end) for end in column.usual), name
