"""Every law: its record is sane, its equation is the printed one, its derivatives are exact."""

import math
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import laws
from analysis.fits.dual import PARTIALS, Dual, Exp
from analysis.fits.problem import Problem
from analysis.laws import LAWS, get_law
from analysis.laws.columns import COLUMNS
from analysis.laws.domains import DOMAINS
from analysis.laws.param import from_search, to_search
from analysis.plans.frontier import compute_optimal

each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)

HOFFMANN = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
HOFFMANN_UNROUNDED = HOFFMANN | {"E": 1.6934, "alpha": 0.3392, "beta": 0.2849}
EPOCH = {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658}
QUARTET = {"A": 127444.6855, "alpha": 0.578520, "B": 465834.3122, "beta": 0.538877, "gamma": 0.276416, "E": 1.340846}
QUARTET_FACTORS = {"eff_n[QuEST]": 0.6452, "eff_d[SR]": 0.8935}


def test_every_file_of_the_folder_that_defines_a_law_is_found():
    folder = Path(laws.__file__).parent
    files = {path.stem for path in folder.glob("*.py") if "\nLAW = " in path.read_text(encoding="utf-8")}
    assert {law.predict.__module__.rpartition(".")[2] for law in LAWS.values()} == files
    assert {"chinchilla", "quartet"} <= set(LAWS)


@each_law
def test_a_law_is_a_complete_record(law):
    sources = pd.read_csv(Path(laws.__file__).parents[2] / "results_db" / "data" / "sources.csv")
    assert law.source_id in set(sources["source_id"])
    assert law.title
    assert law.formula
    assert law.domain in DOMAINS
    assert law.counts in (("total", "non_embedding", "not stated") if "n_params" in law.inputs else ("",))
    assert {*law.inputs, law.target, *(limit.column for limit in law.ranges)} <= set(COLUMNS)
    assert law.predicts.usual, f"what {law.name} predicts is a number"
    assert {limit.column for limit in law.ranges} <= set(law.numeric_inputs)
    assert all(limit.low < limit.high and limit.sentence for limit in law.ranges)
    assert len({quantity.name for quantity in law.derived}) == len(law.derived)
    assert all(quantity.meaning and quantity.source for quantity in law.derived)
    assert len({param.symbol for param in law.params}) == len(law.params)


@pytest.mark.row("R64")
@pytest.mark.parametrize("name", DOMAINS)
def test_a_domain_has_a_law_of_its_own_or_general_forms_and_known_sources(name):
    domain, own = DOMAINS[name], [law for law in LAWS.values() if law.domain == name]
    assert own or [get_law(general) for general in domain.general]
    sources = pd.read_csv(Path(laws.__file__).parents[2] / "results_db" / "data" / "sources.csv")
    assert set(domain.sources) <= set(sources["source_id"])
    assert domain.sentence.endswith(".")


@each_law
def test_a_law_travels_between_processes(law):
    assert pickle.loads(pickle.dumps(law)) is law


@each_law
def test_starts_lie_within_bounds_and_groups_are_inputs(law):
    for param in law.params:
        low, high = param.bounds
        assert -math.inf < low <= min(param.starts) <= max(param.starts) <= high < math.inf, param
        assert param.default is None or low <= param.default <= high, param
        assert param.meaning
        assert param.per is None or param.per in law.inputs, param


@each_law
@pytest.mark.parametrize("logs", [True, False], ids=["log loss", "loss"])
def test_duals_give_the_value_of_floats_and_the_jacobian_of_finite_differences(law, logs, made_up):
    values, runs = made_up(law, 40, noise=0.02)
    problem = Problem(law, runs, {}, logs)
    theta = to_search([values[name] for name in problem.names], problem.signs)
    residuals, jacobian = problem(theta[None], np.zeros(1, int))

    def model(point):
        target = law.evaluate(dict(zip(problem.names, from_search(point, problem.signs), strict=True)), runs)
        return np.log(target) if logs else target

    target = np.log(runs[law.target]) if logs else runs[law.target]
    size = np.abs(target).max()
    np.testing.assert_allclose(residuals[0], model(theta) - target, rtol=0, atol=1e-13 * size)
    step = 1e-5
    for i, name in enumerate(problem.names):
        nudge = step * np.eye(len(theta))[i]
        slope = (model(theta + nudge) - model(theta - nudge)) / (2 * step)
        np.testing.assert_allclose(jacobian[0, :, i], slope, rtol=1e-6, atol=1e-9 * size, err_msg=name)


@each_law
def test_a_batch_of_parameters_gives_what_each_row_gives_alone(law, made_up):
    _, runs = made_up(law, 12)
    problem = Problem(law, runs, {}, logs=True)
    thetas = problem.starts(5, np.random.default_rng(1))
    residuals, jacobians = problem(thetas, np.arange(5))
    for k, theta in enumerate(thetas):
        residual, jacobian = problem(theta[None], np.array([k]))
        np.testing.assert_allclose(residuals[k], residual[0], rtol=1e-14)
        np.testing.assert_allclose(jacobians[k], jacobian[0], rtol=1e-13)


SEEN = {"value": lambda points: Dual(points, {"x": np.ones(3)}), "log": lambda points: in_logs(points)}


def in_logs(points):
    return Exp(Dual(np.log(points), {"x": 1 / points}))


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("ufunc", PARTIALS, ids=lambda ufunc: ufunc.__name__)
def test_each_operation_of_duals_has_the_slope_of_finite_differences(ufunc, seen):
    points, step = np.array([0.3, 1.1, 2.7]), 1e-6
    operands = [points + 0.1 * k for k in range(ufunc.nin)]
    for k in range(ufunc.nin):
        dual = [SEEN[seen](o) if j == k else o for j, o in enumerate(operands)]
        up = ufunc(*(o + step * (j == k) for j, o in enumerate(operands)))
        down = ufunc(*(o - step * (j == k) for j, o in enumerate(operands)))
        result = ufunc(*dual)
        np.testing.assert_allclose(result.value, ufunc(*operands), rtol=1e-15)
        np.testing.assert_allclose(result.slopes["x"] * np.ones(3), (up - down) / (2 * step), rtol=1e-8)


@pytest.mark.parametrize("ufunc", [f for f in PARTIALS if f.nin == 2], ids=lambda ufunc: ufunc.__name__)
@pytest.mark.parametrize("first", SEEN)
@pytest.mark.parametrize("second", SEEN)
def test_the_slope_of_an_operation_on_two_duals_is_the_sum_of_both(ufunc, first, second):
    points = np.array([0.3, 1.1, 2.7])
    both = ufunc(SEEN[first](points), SEEN[second](points + 0.1)).slopes["x"]
    each = ufunc(SEEN[first](points), points + 0.1).slopes["x"] + ufunc(points, SEEN[second](points + 0.1)).slopes["x"]
    np.testing.assert_allclose(both * np.ones(3), each, rtol=1e-13)


def test_a_quotient_of_powers_does_not_overflow_on_the_way():
    a, alpha = in_logs(np.full(3, 1e200)), in_logs(np.full(3, 50.0))
    assert np.isfinite((a / np.full(3, 1e10) ** alpha).value).all()


@pytest.mark.parametrize("base", [0.0, -2.0])
def test_numbers_that_have_no_log_are_multiplied_as_they_are(base):
    dual = in_logs(np.array([0.3, 1.1, 2.7]))
    np.testing.assert_allclose((base * dual).value, base * dual.value, rtol=1e-15)
    np.testing.assert_allclose((base / dual).slopes["x"], -base / dual.value**2, rtol=1e-14, atol=0)


def test_zero_to_a_power_is_zero_with_slope_zero():
    result = np.zeros(3) ** in_logs(np.array([0.3, 1.1, 2.7]))
    np.testing.assert_array_equal(result.value, 0.0)
    np.testing.assert_array_equal(result.slopes["x"], 0.0)


def test_sums_of_stretches_have_the_slopes_of_their_terms():
    value, slope = np.arange(12.0).reshape(2, 6), np.array([[2.0], [3.0]])
    sums = np.add.reduceat(Dual(value, {"x": slope, "y": 1.0}), np.array([0, 2]), axis=-1)
    np.testing.assert_array_equal(sums.value, np.stack([value[:, :2].sum(1), value[:, 2:].sum(1)], axis=1))
    np.testing.assert_array_equal(sums.slopes["x"], [[4, 8], [6, 12]])
    np.testing.assert_array_equal(sums.slopes["y"], [[2, 4], [2, 4]])


def test_an_operation_without_a_slope_is_refused_not_wrong():
    with pytest.raises(TypeError):
        np.sin(Dual(np.ones(1), {"x": np.ones(1)}))


def test_chinchilla_is_the_printed_sum():
    n, d = 70e9, 1.4e12
    plain = 1.69 + 406.4 / math.pow(n, 0.34) + 410.7 / math.pow(d, 0.28)
    assert LAWS["chinchilla"].evaluate(HOFFMANN, {"n_params": n, "n_tokens": d}) == pytest.approx(plain, rel=1e-14)


@pytest.mark.parametrize(("values", "loss"), [(HOFFMANN, 1.9366), (EPOCH, 1.9739)], ids=["Hoffmann", "Epoch"])
def test_chinchilla_70b_has_the_published_loss(values, loss):
    assert round(float(LAWS["chinchilla"].evaluate(values, {"n_params": 70e9, "n_tokens": 1.4e12})), 4) == loss


@pytest.mark.parametrize(
    ("values", "tokens_per_parameter"),
    [(HOFFMANN, 92.6), (HOFFMANN_UNROUNDED, 59.1), (EPOCH, 18.4)],
    ids=["printed", "unrounded", "Epoch"],
)
def test_the_published_chinchilla_sets_want_these_tokens_per_parameter(values, tokens_per_parameter):
    best = compute_optimal(LAWS["chinchilla"], values, [5.76e23]).iloc[0]
    assert round(best["n_tokens"] / best["n_params"], 1) == tokens_per_parameter


def test_the_refit_wants_72b_parameters_and_1_33t_tokens_at_the_gopher_budget():
    best = compute_optimal(LAWS["chinchilla"], EPOCH, [5.76e23]).iloc[0]
    assert float(f"{best['n_params']:.2g}") == 7.2e10
    assert float(f"{best['n_tokens']:.3g}") == 1.33e12


def test_quartet_is_the_printed_power_of_a_sum():
    n, d = 2e9, 0.6e11
    size = 127444.6855 / math.pow(n * 0.6452, 0.578520)
    data = 465834.3122 / math.pow(d * 0.8935, 0.538877)
    x = {"n_params": [n], "n_tokens": [d], "forward_format": ["QuEST"], "backward_format": ["SR"]}
    plain = math.pow(size + data, 0.276416) + 1.340846
    assert LAWS["quartet"].evaluate(QUARTET | QUARTET_FACTORS, x)[0] == pytest.approx(plain, rel=1e-14)


def test_quartet_has_the_two_losses_published_for_1b_parameters_at_100_tokens_each():
    forward = {"fp8:fp4": (1.0, 1.5, "bf16", "SR"), "fp4:fp4": (2.0, 1.0, "QuEST", "SR")}
    losses = {}
    for name, (n, d, fwd, bwd) in forward.items():
        x = {"n_params": [n * 1e9], "n_tokens": [d * 1e11], "forward_format": [fwd], "backward_format": [bwd]}
        losses[name] = round(float(LAWS["quartet"].evaluate(QUARTET | QUARTET_FACTORS, x)[0]), 4)
    assert losses == {"fp8:fp4": 2.4072, "fp4:fp4": 2.4087}


@pytest.mark.parametrize("baseline", ["bf16", "BF16", None, float("nan"), pd.NA, ""])
def test_a_baseline_or_missing_format_has_factor_one(baseline):
    x = {"n_params": [1e9], "n_tokens": [1e11], "forward_format": [baseline], "backward_format": ["bf16"]}
    plain = LAWS["quartet"].evaluate(QUARTET, {"n_params": 1e9, "n_tokens": 1e11})
    assert LAWS["quartet"].evaluate(QUARTET | QUARTET_FACTORS, x)[0] == plain


def test_a_factor_without_a_group_counts_for_every_format_that_has_none_of_its_own():
    x = pd.DataFrame({"n_params": 1e9, "n_tokens": 1e11, "forward_format": ["q4", "QuEST"]})
    values = QUARTET | {"eff_n": 0.5, "eff_n[QuEST]": 0.9}
    each = [
        LAWS["quartet"].evaluate(QUARTET | {"eff_n": own}, {"n_params": 1e9, "n_tokens": 1e11}) for own in (0.5, 0.9)
    ]
    np.testing.assert_array_equal(LAWS["quartet"].evaluate(values, x), each)


@each_law
def test_a_symbol_without_a_value_is_named_with_its_meaning(law, made_up):
    values, runs = made_up(law, 8)
    missing = law.params[0]
    del values[missing.symbol]
    with pytest.raises(ValueError, match=f"no value for {missing.symbol}; .*") as error:
        law.evaluate(values, runs)
    assert missing.meaning in str(error.value)


def test_a_format_without_a_factor_is_named_with_those_known():
    x = {"n_params": [1e9], "n_tokens": [1e11], "forward_format": ["nvfp4"], "backward_format": ["bf16"]}
    with pytest.raises(ValueError, match=r"no value for eff_n\[nvfp4\]; known are eff_n\[QuEST\]"):
        LAWS["quartet"].evaluate(QUARTET | QUARTET_FACTORS, x)


def test_a_misspelled_law_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="unknown law 'chinchila'; did you mean chinchilla"):
        get_law("chinchila")
