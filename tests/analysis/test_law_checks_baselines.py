"""The laws of Kaplan and Hoffmann give the numbers that were worked out apart from this code."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from analysis.laws import LAWS
from analysis.plans.frontier import compute_optimal

CHINCHILLA = LAWS["chinchilla"]
PF_DAY = 1e15 * 86_400


@pytest.mark.parametrize(
    ("law", "x", "by_hand"),
    [
        ("kaplan_n", {"n_params": 1e9}, (8.8e13 / 1e9) ** 0.076),
        ("kaplan_d", {"n_tokens": 1e10}, (5.4e13 / 1e10) ** 0.095),
        ("kaplan_compute", {"flops": PF_DAY}, 3.1e8**0.050),
        ("kaplan_joint", {"n_params": 1e9, "n_tokens": 1e10}, (64_000 ** (0.076 / 0.103) + 1800) ** 0.103),
    ],
)
def test_kaplans_printed_sets_give_the_losses_of_the_printed_formulas(law, x, by_hand, published):
    assert float(LAWS[law].evaluate(published(law), x)) == pytest.approx(by_hand, rel=1e-12)


def test_endless_data_leave_the_joint_law_a_power_of_the_size_alone_and_the_other_way_round(published):
    values = published("kaplan_joint")
    sizes = np.geomspace(1e6, 1e9, 4)
    np.testing.assert_allclose(
        LAWS["kaplan_joint"].evaluate(values, {"n_params": sizes, "n_tokens": 1e40}),
        (values["N_c"] / sizes) ** values["alpha_N"],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        LAWS["kaplan_joint"].evaluate(values, {"n_params": 1e60, "n_tokens": sizes}),
        (values["D_c"] / sizes) ** values["alpha_D"],
        rtol=1e-9,
    )


def test_the_exponents_of_size_steps_and_batch_imply_that_of_compute(published):
    steps, size, batch = published("kaplan_steps"), published("kaplan_n"), published("kaplan_critical_batch")
    implied = LAWS["kaplan_steps"].derive("alpha_C", size | steps, {"alpha_B": batch["alpha_B"]})
    assert round(float(implied), 4) == 0.0520
    assert implied == pytest.approx(published("kaplan_compute")["alpha_C"], abs=0.0025)


def test_the_critical_batch_at_a_loss_of_three_is_a_million_tokens(published):
    law, values = LAWS["kaplan_critical_batch"], published("kaplan_critical_batch")
    with_one_digit = float(law.evaluate(values | {"B_star": 2e8}, {"loss": 3.0}))  # the text prints 2e8 too
    assert with_one_digit == pytest.approx(1.07e6, rel=5e-3)
    assert float(law.evaluate(values, {"loss": 3.0})) == pytest.approx(1.05 * with_one_digit, rel=1e-12)


def test_a_run_at_the_critical_batch_takes_twice_the_least_steps_and_twice_the_least_compute(published):
    law, values = LAWS["kaplan_critical_batch"], published("kaplan_critical_batch")
    batch = float(law.evaluate(values, {"loss": 2.5}))
    x = {"loss": 2.5, "steps": 1000.0, "flops": 1e20, "batch_tokens": batch}
    assert float(law.derive("s_min", values, x)) == pytest.approx(500.0, rel=1e-12)
    assert float(law.derive("c_min", values, x)) == pytest.approx(5e19, rel=1e-12)


SETS = {
    "approach3_printed": (5.76e23, 92.6),
    "approach3_tex_source": (5.76e23, 59.1),
    "refit_240pts": (5.76e23, 18.4),
}


@pytest.mark.parametrize("variant", SETS)
def test_the_closed_form_frontier_is_the_one_a_search_finds(variant, published):
    values = published("chinchilla", variant)
    flops, ratio = SETS[variant]
    x = {"flops": np.array([1e18, 1e21, flops])}
    found = compute_optimal(CHINCHILLA, values, x["flops"])
    np.testing.assert_allclose(CHINCHILLA.derive("n_opt", values, x), found["n_params"], rtol=1e-4)
    np.testing.assert_allclose(CHINCHILLA.derive("d_opt", values, x), found["n_tokens"], rtol=1e-4)
    assert round(float(CHINCHILLA.derive("tokens_per_parameter", values, x)[-1]), 1) == ratio


def test_published_frontier_exponents_follow_from_the_published_coefficients(published):
    values = published("chinchilla", "refit_240pts")
    printed = published("chinchilla_frontier", "refit_240pts")
    assert float(CHINCHILLA.derive("a", values)) == pytest.approx(printed["a"], abs=5e-4)
    assert CHINCHILLA.derive("a", values) + CHINCHILLA.derive("b", values) == pytest.approx(1.0)
    printed = published("chinchilla_frontier", "approach3_exponents")
    unrounded = published("chinchilla", "approach3_tex_source")
    for name in ("a", "b"):
        assert float(CHINCHILLA.derive(name, unrounded)) == pytest.approx(printed[name], abs=5e-3), name


@pytest.mark.parametrize("flops", [1e19, 1e23])
def test_the_frontier_of_any_exponents_is_the_minimum_along_a_budget(flops):
    values = {"E": 1.5, "A": 90.0, "B": 3e4, "alpha": 0.25, "beta": 0.55}

    def loss(log_n):
        return float(CHINCHILLA.evaluate(values, {"n_params": np.exp(log_n), "n_tokens": flops / 6 / np.exp(log_n)}))

    peer = minimize_scalar(loss, bounds=(np.log(1e5), np.log(1e14)), method="bounded", options={"xatol": 1e-9})
    assert float(CHINCHILLA.derive("n_opt", values, {"flops": flops})) == pytest.approx(np.exp(peer.x), rel=1e-4)
