"""The planner against the published numbers and against a plain loop over schemes."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from analysis.fits.bootstrap import Draws
from analysis.fits.fitting import fit
from analysis.fits.staged import fit_staged
from analysis.laws import LAWS
from analysis.plans.cells import Cells
from analysis.plans.planner import Factors, crossover, loss_interval, plan, quartet_schemes, region
from analysis.plans.schemes import Precision, pairs
from analysis.plans.speed import BOPS, SpeedTable, constant, measured_tables

QUARTET = LAWS["quartet"]
NAMES = ["fp8:fp8", "fp4:fp8", "fp8:fp4", "fp4:fp4"]
FOUR = quartet_schemes(Factors(), BOPS)
PUBLISHED = {
    "A": 127444.6855,
    "alpha": 0.578520,
    "B": 465834.3122,
    "beta": 0.538877,
    "gamma": 0.276416,
    "E": 1.340846,
    "eff_n": 0.6452,
    "eff_d": 0.8935,
}
BETTER = {"A": 8.4294e4, "alpha": 0.60464, "B": 1.92116e5, "beta": 0.53608, "gamma": 0.324377, "E": 1.62705} | {
    "eff_n": 0.641,
    "eff_d": 0.881,
}


def plain_losses(v, forward, backward, n_max, d_over_n):
    """N, D and loss per scheme, by the rules of the paper written out, for scalars."""
    found = {}
    for name in ("fp8:fp8", "fp4:fp8", "fp8:fp4", "fp4:fp4"):
        fwd, bwd = name.split(":")
        sp_fwd, eff_n = (forward, v["eff_n"]) if fwd == "fp4" else (1.0, 1.0)
        sp_bwd, eff_d = (backward, v["eff_d"]) if bwd == "fp4" else (1.0, 1.0)
        sp_tr = 1 / ((1 / 3) / sp_fwd + (2 / 3) / sp_bwd)
        n, d = n_max * sp_fwd, n_max * d_over_n * sp_tr / sp_fwd
        size, data = v["A"] / (n * eff_n) ** v["alpha"], v["B"] / (d * eff_d) ** v["beta"]
        found[name] = (n, d, math.pow(size + data, v["gamma"]) + v["E"])
    return found


@pytest.mark.parametrize(
    ("n_max", "d_over_n", "winner"),
    [
        (1e9, 20, "fp8:fp4"),
        (1e9, 100, "fp8:fp4"),
        (1e9, 1000, "fp4:fp4"),
        (1e9, 10000, "fp4:fp4"),
        (1e8, 100, "fp4:fp4"),
        (1e8, 1000, "fp4:fp4"),
    ],
)
def test_the_published_coefficients_give_the_published_winners(n_max, d_over_n, winner):
    table = plan(QUARTET, PUBLISHED, FOUR, n_max, d_over_n)
    assert table.loc[table["wins"], "scheme"].tolist() == [winner]


@pytest.mark.parametrize(("forward", "backward"), [(2.0, 2.0), (1.0, 1.0), (3.1, 0.7)])
@pytest.mark.parametrize(("n_max", "d_over_n"), [(1e8, 25.0), (1e9, 100.0), (7e10, 214.0), (3e11, 1e4)])
def test_every_schemes_n_d_and_loss_are_those_of_the_rules_written_out(forward, backward, n_max, d_over_n):
    table = plan(QUARTET, PUBLISHED, quartet_schemes(Factors(), constant(forward, backward, "given")), n_max, d_over_n)
    expected = plain_losses(PUBLISHED, forward, backward, n_max, d_over_n)
    assert table["scheme"].tolist() == list(expected)
    for row in table.itertuples():
        np.testing.assert_allclose((row.n, row.d, row.loss), expected[row.scheme], rtol=1e-13, err_msg=row.scheme)
    assert table["p_win"].isna().all()


@pytest.mark.parametrize(
    ("values", "begins"),
    [(PUBLISHED, (95, 111, 134, 157)), (BETTER, (105, 143, 189, 259))],
    ids=["printed base", "better base"],
)
def test_fp4_everywhere_begins_to_win_at_the_published_tokens_per_parameter(values, begins):
    # The published numbers are columns of a map of 200 from D/N 20 to 1e4: the first one past the crossover.
    sizes, ratios = np.array([1e8, 1e9, 1e10, 1e11]), np.geomspace(20, 1e4, 200)
    found = region(QUARTET, values, FOUR, Cells(sizes, ratios)).winner == NAMES.index("fp4:fp4")
    assert tuple(round(ratios[row.argmax()]) for row in found) == begins


@pytest.mark.parametrize("values", [PUBLISHED, BETTER], ids=["printed base", "better base"])
@pytest.mark.parametrize("n_max", [1e8, 1e9, 1e10, 1e11])
def test_the_crossover_is_where_the_losses_of_the_written_out_rules_cross(values, n_max):
    def lead(log_ratio):
        cell = plain_losses(values, 2.0, 2.0, n_max, math.exp(log_ratio))
        return cell["fp4:fp4"][2] - min(loss for name, (_, _, loss) in cell.items() if name != "fp4:fp4")

    exact = math.exp(brentq(lead, math.log(20), math.log(1e5)))
    assert exact <= crossover(QUARTET, values, Factors(), BOPS, n_max) <= exact * 1.005


def test_a_scheme_that_never_wins_has_no_crossover():
    slow = constant(1.0, 1.0, "no gain")
    assert crossover(QUARTET, PUBLISHED, Factors(), slow, 1e9) is None


def test_the_better_base_moves_5_percent_of_the_map():
    sizes, ratios = np.geomspace(1e8, 3.2e11, 200), np.geomspace(20, 1e4, 200)
    maps = [region(QUARTET, values, FOUR, Cells(sizes, ratios)).winner for values in (PUBLISHED, BETTER)]
    assert np.mean(maps[0] != maps[1]) == pytest.approx(0.052, abs=0.004)


def test_the_map_is_the_plain_loop_in_every_cell_with_measured_speeds(throughput):
    speed = measured_tables(throughput)[0]
    sizes, ratios = np.geomspace(5e7, 1e11, 7), np.geomspace(20, 1e4, 6)
    found = region(QUARTET, PUBLISHED, quartet_schemes(Factors(), speed), Cells(sizes, ratios))
    for i, n_max in enumerate(sizes):
        knots = np.log(speed.n_params)
        forward, backward = (np.interp(np.log(n_max), knots, y) for y in (speed.forward, speed.backward))
        for j, ratio in enumerate(ratios):
            cell = plain_losses(PUBLISHED, forward, backward, n_max, ratio)
            np.testing.assert_allclose(found.loss[:, i, j], [loss for _, _, loss in cell.values()], rtol=1e-12)
            assert NAMES[found.winner[i, j]] == min(cell, key=lambda name: cell[name][2])


def notebooks_map(v, sizes, ratios, speeds):
    """The winner of every cell by the rules of the paper's notebook: `speeds(N_max)` is FP4's (forward, backward)."""
    winners = np.empty((len(sizes), len(ratios)), dtype=int)
    for i, n_max in enumerate(sizes):
        sp_f, sp_b = speeds(n_max)
        for j, ratio in enumerate(ratios):
            best = math.inf
            for k, (f, b) in enumerate(((1, 1), (sp_f, 1), (1, sp_b), (sp_f, sp_b))):
                eff_n, eff_d = (v["eff_n"] if k in (1, 3) else 1), (v["eff_d"] if k in (2, 3) else 1)
                training = 1 / (1 / 3 / f + 2 / 3 / b)
                n, d = n_max * f * eff_n, n_max * ratio * training / f * eff_d
                loss = (v["A"] * n ** -v["alpha"] + v["B"] * d ** -v["beta"]) ** v["gamma"] + v["E"]
                if loss < best:
                    best, winners[i, j] = loss, k
    return winners


@pytest.mark.parametrize("speed", ["BOPS", "RTX 5090, Quartet linear layers, old kernels, batch 32"])
@pytest.mark.parametrize("values", [PUBLISHED, BETTER], ids=["printed base", "better base"])
def test_both_published_maps_are_those_of_the_notebooks_rules_in_every_cell(throughput, values, speed):
    sizes, ratios = np.geomspace(1e8, 3.2e11, 200), np.geomspace(20, 1e4, 200)
    if speed == "BOPS":
        table, speeds = BOPS, lambda n_max: (2.0, 2.0)
    else:
        table = next(own for own in measured_tables(throughput) if own.name == speed)
        rows = throughput[throughput["kernel"].str.startswith("Quartet linear layers, old kernels")]
        phases = [rows[rows["phase"] == phase].sort_values("n_params") for phase in ("forward", "backward")]

        def speeds(n_max):
            return [float(np.interp(math.log(n_max), np.log(own["n_params"]), own["value"])) for own in phases]

    found = region(QUARTET, values, quartet_schemes(Factors(), table), Cells(sizes, ratios)).winner
    expected = notebooks_map(values, sizes, ratios, speeds)
    wrong = np.argwhere(found != expected)
    assert not len(wrong), f"{len(wrong)} of {found.size} cells differ, the first in row and column {wrong[0]}"
    assert len(np.unique(found)) > 1, "one scheme wins everywhere: the test shows nothing"


def made_up_draws(seed, count=50):
    rng = np.random.default_rng(seed)
    return Draws(QUARTET, {k: v * np.exp(0.03 * rng.standard_normal(count)) for k, v in PUBLISHED.items()})


@pytest.mark.parametrize("seed", range(3))
def test_the_chance_to_win_is_the_share_of_draws_won_and_sums_to_one(seed):
    draws = made_up_draws(seed)
    sizes, ratios = np.array([1e8, 2e9, 7e10]), np.array([50.0, 110.0, 400.0])
    found = region(QUARTET, PUBLISHED, FOUR, Cells(sizes, ratios), draws)
    np.testing.assert_allclose(found.p_win.sum(0), 1.0, rtol=1e-12)
    for i, n_max in enumerate(sizes):
        for j, ratio in enumerate(ratios):
            won = dict.fromkeys(NAMES, 0)
            for k in range(len(draws)):
                cell = plain_losses({name: x[k] for name, x in draws.values.items()}, 2.0, 2.0, n_max, ratio)
                won[min(cell, key=lambda name: cell[name][2])] += 1
            np.testing.assert_allclose(found.p_win[:, i, j], np.array(list(won.values())) / len(draws), atol=1e-12)
    assert (found.p_win > 0).sum() > found.p_win[0].size, "no cell is contested: the test shows nothing"


def test_chances_follow_from_a_fit_of_the_published_runs(quartet_runs):
    methods = ["fwd=BF16;bwd=BF16", "fwd=QuEST;bwd=BF16", "fwd=BF16;bwd=AlbertTsengQuantizer"]
    runs = quartet_runs[quartet_runs["method"].isin(methods)]
    _, found = fit_staged(QUARTET, runs, 2.1e8, delta=1e-4, draws=100)
    factors = Factors("eff_n[QuEST]", "eff_d[AlbertTsengQuantizer]")
    table = plan(QUARTET, found.values, quartet_schemes(factors, BOPS), 1e9, 130, found.draws).set_index("scheme")
    assert table["p_win"].sum() == pytest.approx(1.0)
    assert 0.05 < table.loc["fp4:fp4", "p_win"] < 0.95, table["p_win"]  # its crossover is at 143: not sure here
    far = plan(QUARTET, found.values, quartet_schemes(factors, BOPS), 1e9, 5000, found.draws).set_index("scheme")
    assert far.loc["fp4:fp4", "p_win"] > 0.95


def test_the_loss_interval_is_the_quantile_of_the_draws_losses():
    draws = made_up_draws(0, 200)
    for scheme in FOUR:
        low, high = loss_interval(QUARTET, draws, scheme, 1e9, 1e11)
        losses = []
        for k in range(200):
            v = {name: x[k] for name, x in draws.values.items()}
            eff_n = v["eff_n"] if scheme.forward.name == "fp4" else 1.0
            eff_d = v["eff_d"] if scheme.backward.name == "fp4" else 1.0
            inner = v["A"] / (1e9 * eff_n) ** v["alpha"] + v["B"] / (1e11 * eff_d) ** v["beta"]
            losses.append(inner ** v["gamma"] + v["E"])
        assert (low, high) == pytest.approx(tuple(np.quantile(losses, [0.025, 0.975])), rel=1e-12)
    assert all(map(math.isnan, loss_interval(QUARTET, None, FOUR[0], 1e9, 1e11)))


def test_factors_belong_to_the_passes_that_run_in_fp4():
    values = {"E": 1.0, "eff_n[QuEST]": 0.6, "eff_d[SR]": 0.9}
    schemes = quartet_schemes(Factors("eff_n[QuEST]", "eff_d[SR]"), BOPS)
    counted = {scheme.name: scheme.counted(values) for scheme in (*schemes, *pairs([Precision("bf16", 16.0)]))}
    assert counted == {
        "fp4:fp4": (0.6, 0.9),
        "fp4:fp8": (0.6, 1.0),
        "fp8:fp4": (1.0, 0.9),
        "fp8:fp8": (1.0, 1.0),
        "bf16:bf16": (1.0, 1.0),
    }


def test_a_factor_that_is_not_at_hand_is_named_with_those_that_are():
    with pytest.raises(ValueError, match=r"no value for eff_n\[nvfp4\]; the factors at hand are eff_n, eff_d"):
        plan(QUARTET, PUBLISHED, quartet_schemes(Factors("eff_n[nvfp4]", "eff_d"), BOPS), 1e9, 100)


def test_sizes_between_knots_interpolate_in_log_size_and_are_flat_beyond():
    table = SpeedTable("t", "fp8", np.array([1e8, 1e10]), np.array([1.0, 3.0]), np.array([0.5, 1.5]), "s", True)
    forward, backward = table.at(np.array([1.0, 1e8, 1e9, 10**9.5, 1e10, 1e13]))
    np.testing.assert_allclose(forward, [1.0, 1.0, 2.0, 2.5, 3.0, 3.0])
    np.testing.assert_allclose(backward, [0.5, 0.5, 1.0, 1.25, 1.5, 1.5])
    assert table.span == (1e8, 1e10)
    np.testing.assert_array_equal(BOPS.at(np.array([1.0, 1e6, 1e14])), np.full((2, 3), 2.0))


def test_a_plan_can_use_the_base_alone_when_the_fit_knows_no_format(chinchilla_runs):
    found = fit(LAWS["chinchilla"], chinchilla_runs, draws=0)
    with pytest.raises(ValueError, match="no value for eff_n; the factors at hand are none"):
        plan(LAWS["chinchilla"], found.values, FOUR, 1e9, 100)
