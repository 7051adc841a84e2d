"""The compute-optimal frontier against its closed form and against scipy, and the FLOP counts."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from analysis.laws import LAWS
from analysis.laws.flops import inference_flops, training_flops
from analysis.plans.frontier import compute_optimal
from analysis.plans.speed import measured_tables, training_speedup

CHINCHILLA = LAWS["chinchilla"]
SIZED = {
    name: law for name, law in LAWS.items() if (law.required_inputs, law.target) == (("n_params", "n_tokens"), "loss")
}
SETS = {
    "Hoffmann": {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28},
    "Epoch": {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658},
}
BUDGETS = 10.0 ** np.arange(16, 29, 1.5)


def test_flops_are_six_and_two_per_parameter_and_token():
    assert training_flops(70e9, 1.4e12) == pytest.approx(5.88e23)
    assert inference_flops(70e9, 1e12) == pytest.approx(1.4e23)


@pytest.mark.parametrize("name", SETS)
def test_chinchilla_optima_are_the_closed_form(name):
    v = SETS[name]
    a, b = v["beta"] / (v["alpha"] + v["beta"]), v["alpha"] / (v["alpha"] + v["beta"])
    g = (v["alpha"] * v["A"] / (v["beta"] * v["B"])) ** (1 / (v["alpha"] + v["beta"]))
    found = compute_optimal(CHINCHILLA, v, BUDGETS)
    np.testing.assert_allclose(found["n_params"], g * (BUDGETS / 6) ** a, rtol=1e-4)
    np.testing.assert_allclose(found["n_tokens"], (BUDGETS / 6) ** b / g, rtol=1e-4)
    np.testing.assert_allclose(6 * found["n_params"] * found["n_tokens"], BUDGETS, rtol=1e-12)


@pytest.mark.parametrize("law", SIZED.values(), ids=SIZED)
def test_every_laws_optimum_is_what_scipy_finds(law, made_up):
    values, _ = made_up(law, 1)
    plain = {name: value for name, value in values.items() if "[" not in name}
    for flops, row in zip(BUDGETS, compute_optimal(law, plain, BUDGETS).to_dict("records"), strict=True):

        def loss(log_n, flops=flops):
            return float(law.evaluate(plain, {"n_params": np.exp(log_n), "n_tokens": flops / 6 / np.exp(log_n)}))

        peer = minimize_scalar(loss, bounds=(np.log(1e5), np.log(1e14)), method="bounded", options={"xatol": 1e-8})
        assert row["loss"] <= peer.fun * (1 + 1e-9)
        assert row["loss"] == pytest.approx(loss(np.log(row["n_params"])), rel=1e-12)
        assert row["n_params"] == pytest.approx(np.exp(peer.x), rel=1e-3)


def test_speed_that_depends_on_size_moves_the_optimum_as_a_fine_search_does(throughput):
    table = measured_tables(throughput)[0]
    v = SETS["Epoch"]

    def speedup(n):
        return training_speedup(*table.at(n))

    found = compute_optimal(CHINCHILLA, v, np.array([1e20, 1e22]), speedup)
    sizes = np.geomspace(1e7, 1e12, 200_001)
    for row in found.itertuples():
        losses = CHINCHILLA.evaluate(v, {"n_params": sizes, "n_tokens": row.flops * speedup(sizes) / 6 / sizes})
        assert row.loss == pytest.approx(losses.min(), rel=1e-6)
        assert row.n_params == pytest.approx(sizes[losses.argmin()], rel=0.02)
        assert 6 * row.n_params * row.n_tokens == pytest.approx(row.flops * speedup(np.array(row.n_params)), rel=1e-12)
