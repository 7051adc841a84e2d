"""From GPUs and days to models: rates, best models and break-even against a plain search."""

from math import erf

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from analysis.fits.bootstrap import Draws
from analysis.formats import get_format
from analysis.laws import LAWS
from analysis.plans.budget import best_models, break_even
from analysis.plans.hardware import Hardware, Wishes, native_schemes
from analysis.plans.planner import Factors
from analysis.plans.schemes import changed
from analysis.plans.speed import constant, measured_tables

QUARTET = LAWS["quartet"]
VALUES = {
    "A": 127444.6855,
    "alpha": 0.578520,
    "B": 465834.3122,
    "beta": 0.538877,
    "gamma": 0.276416,
    "E": 1.340846,
    "eff_n": 0.6452,
    "eff_d": 0.8935,
}
FAST = constant(2.0, 1.8, "given")
BLACKWELL = Hardware(64, 14.0, 0.4, {"bf16": 2250.0, "fp8": 4500.0, "fp4": 9000.0})
HOPPER = Hardware(8, 3.0, 0.35, {"bf16": 989.4, "fp8": 1978.9})
AMPERE = Hardware(8, 3.0, 0.35, {"bf16": 312.0})
NAMES = ["bf16:bf16", "fp8:fp8", "fp4:fp8", "fp8:fp4", "fp4:fp4"]


def best(hardware, speed=FAST, wishes=None, draws=None, values=VALUES):
    """best_models of the five schemes, FP4 at `speed`, by scheme."""
    schemes = native_schemes(hardware, Factors(), (speed,))
    return best_models(QUARTET, values, schemes, hardware, wishes or Wishes(), draws).set_index("scheme")


def best_by_search(hardware, name, values, speed=FAST):
    """Lowest loss over N, with D what the time allows at the scheme's own rates; everything in seconds."""
    seconds = hardware.gpus * hardware.days * 86400 * hardware.utilization
    formats = name.split(":")

    def rates(n):
        gains = [float(x) for x in speed.at(np.array(n))]
        return [
            1e12 * (hardware.peaks["fp8"] * fast if own == "fp4" else hardware.peaks[own])
            for own, fast in zip(formats, gains, strict=True)
        ]

    def tokens(n):
        forward, backward = rates(n)
        return seconds / (2 * n / forward + 4 * n / backward)

    def loss(log_n):
        n = np.exp(log_n)
        eff_n = values["eff_n"] if formats[0] == "fp4" else 1.0
        eff_d = values["eff_d"] if formats[1] == "fp4" else 1.0
        size = values["A"] / (n * eff_n) ** values["alpha"]
        data = values["B"] / (tokens(n) * eff_d) ** values["beta"]
        return (size + data) ** values["gamma"] + values["E"]

    found = minimize_scalar(loss, bounds=(np.log(1e7), np.log(1e13)), method="bounded", options={"xatol": 1e-9})
    n = float(np.exp(found.x))
    return n, float(tokens(n)), float(found.fun), rates(n)[0]


@pytest.mark.parametrize("hardware", [BLACKWELL, HOPPER, AMPERE], ids=["fp4", "fp8", "bf16 only"])
def test_the_best_model_of_every_scheme_is_what_a_search_in_seconds_finds(hardware):
    served = 1e12
    table = best(hardware, wishes=Wishes(serve_tokens=served))
    assert list(table.index) == NAMES
    for name, row in table[table["why_not"].isna()].iterrows():
        n, d, loss, forward_rate = best_by_search(hardware, name, VALUES)
        assert row["loss"] == pytest.approx(loss, rel=1e-8), name
        assert row["n"] == pytest.approx(n, rel=1e-3), name
        assert row["d"] == pytest.approx(d, rel=1e-3), name
        gpu_days = 2 * row["n"] * served / (forward_rate * hardware.utilization) / 86400
        assert row["serve_gpu_days"] == pytest.approx(gpu_days, rel=1e-9), name
    assert table.index[table["wins"]].tolist() == [table["loss"].idxmin()]


def test_measured_speeds_move_the_best_model_as_the_search_does(throughput):
    speed = measured_tables(throughput)[0]
    hardware = Hardware(16, 7.0, 0.4, {"bf16": 209.5, "fp8": 419.0, "fp4": 1676.0})
    found = best(hardware, speed)
    for name in NAMES:
        assert found.loc[name, "loss"] == pytest.approx(best_by_search(hardware, name, VALUES, speed)[2], rel=1e-6)


def test_formats_that_a_device_lacks_are_said_and_not_sized():
    table = best(HOPPER, wishes=Wishes(serve_tokens=1e12))
    lacking = table["why_not"].notna()
    assert set(table.index[lacking]) == {"fp4:fp8", "fp8:fp4", "fp4:fp4"}
    assert set(table.loc[lacking, "why_not"]) == {"no native FP4 rate is listed for this device"}
    assert table.loc[lacking, ["n", "d", "loss", "serve_gpu_days"]].isna().all(axis=None)
    assert not table.loc[lacking, "wins"].any()


def test_a_device_without_any_rate_has_a_reason_for_every_scheme_and_no_winner():
    table = best(Hardware(8, 3.0, 0.35, {}), wishes=Wishes(serve_tokens=1e12))
    assert table["why_not"].notna().all()
    assert not table["wins"].any()


def test_twice_the_gpus_or_days_buy_the_same_models():
    more, longer = best(Hardware(16, 3.0, 0.35, HOPPER.peaks)), best(Hardware(8, 6.0, 0.35, HOPPER.peaks))
    assert more["loss"].dropna().tolist() == longer["loss"].dropna().tolist()
    assert more["loss"].min() < best(HOPPER)["loss"].min()


def test_chances_are_the_share_of_draws_in_which_a_scheme_has_the_best_model():
    rng = np.random.default_rng(0)
    draws = Draws(QUARTET, {k: v * np.exp(0.05 * rng.standard_normal(20)) for k, v in VALUES.items()})
    slow = constant(1.4, 1.1, "given")
    table = best(BLACKWELL, slow, draws=draws)
    won, losses = dict.fromkeys(NAMES, 0), []
    for k in range(20):
        values = {name: float(x[k]) for name, x in draws.values.items()}
        losses.append({name: best_by_search(BLACKWELL, name, values, slow)[2] for name in NAMES})
        won[min(losses[-1], key=losses[-1].__getitem__)] += 1
    assert {name: table.loc[name, "p_win"] for name in won} == pytest.approx({n: c / 20 for n, c in won.items()})
    for name in NAMES:
        ends = np.quantile([own[name] for own in losses], [0.025, 0.975])
        assert (table.loc[name, "low"], table.loc[name, "high"]) == pytest.approx(tuple(ends), rel=1e-7), name


def test_a_spread_of_utilization_widens_the_loss_and_leaves_the_chances():
    draws = Draws(QUARTET, {name: np.full(300, value) for name, value in VALUES.items()})
    sure = best(BLACKWELL, draws=draws)
    spread = Hardware(64, 14.0, 0.4, BLACKWELL.peaks, spread=0.2)
    unsure = best(spread, draws=draws)
    assert (sure["high"] - sure["low"]).max() < 1e-9
    for name in NAMES:  # a lower or higher utilization is a smaller or larger budget
        ends = [
            best_by_search(Hardware(64, 14.0, 0.4 * share, BLACKWELL.peaks), name, VALUES)[2]
            for share in np.exp(np.array([1.96, -1.96]) * np.sqrt(np.log1p(0.2**2)))
        ]
        width = unsure.loc[name, "high"] - unsure.loc[name, "low"]
        assert width == pytest.approx(ends[1] - ends[0], rel=0.15), name
    assert unsure["p_win"].tolist() == sure["p_win"].tolist()


def test_a_spread_of_fp4s_speed_moves_fp4s_chances_only_by_what_it_crosses():
    even = break_even(QUARTET, VALUES, native_schemes(BLACKWELL, Factors(), (FAST,)), BLACKWELL, Wishes())
    draws = Draws(QUARTET, {name: np.full(2000, value) for name, value in VALUES.items()})
    speed = constant(even * 1.1, even * 1.1, "a tenth above break-even")
    schemes = native_schemes(BLACKWELL, Factors(), (speed,))
    schemes = [changed(s, "fp4", spread=0.1) for s in schemes if s.name in ("fp8:fp8", "fp4:fp4")]
    table = best_models(QUARTET, VALUES, schemes, BLACKWELL, Wishes(), draws).set_index("scheme")
    sigma = np.sqrt(np.log1p(0.1**2))
    expected = 0.5 * (1 + erf(np.log(1.1) / sigma / np.sqrt(2)))
    assert table.loc["fp4:fp4", "p_win"] == pytest.approx(expected, abs=0.03)


def lead_over_fp8(name, speed):
    """By how much the best loss of a scheme, with FP4 at `speed` times FP8, lies above that of FP8:FP8."""
    tried = constant(speed, speed, "tried")
    return best_by_search(BLACKWELL, name, VALUES, tried)[2] - best_by_search(BLACKWELL, "fp8:fp8", VALUES)[2]


def even(name, hardware=BLACKWELL, values=VALUES):
    return break_even(QUARTET, values, native_schemes(hardware, Factors(), (FAST,)), hardware, Wishes(), name)


@pytest.mark.parametrize("name", ["fp4:fp4", "fp8:fp4"])
def test_the_break_even_speed_is_the_root_of_the_loss_difference(name):
    exact = brentq(lambda speed: lead_over_fp8(name, speed), 1.0, 16.0)
    assert exact <= even(name) <= exact * 1.012


@pytest.mark.row("R08")
@pytest.mark.parametrize(
    ("eff_n", "eff_d", "wins"),
    [(1, 1, True), (0.71, 0.71, True), (0.7, 0.71, False), (0.51, 1, True), (0.49, 1, False), (0.3, 0.3, False)],
)
def test_fp4_at_twice_the_speed_wins_until_its_efficiency_loses_more_than_twice(eff_n, eff_d, wins):
    """By hand: at the best size the loss follows from speed x eff_N x eff_D x FLOPs alone, so 2 eff_N eff_D > 1."""
    table = best(BLACKWELL, constant(2.0, 2.0, "twice"), values=VALUES | {"eff_n": eff_n, "eff_d": eff_d})
    assert (table.at["fp4:fp4", "loss"] < table.at["fp8:fp8", "loss"]) == wins
    if eff_n == eff_d == 1:
        assert table["loss"].idxmin() == "fp4:fp4"


@pytest.mark.row("R08")
def test_fp4_has_elements_of_4_bits_in_every_product():
    """Source: claim quartet_2025-01: all main products in 4 bits; a stored weight adds its share of a block's scale."""
    scheme = next(s for s in native_schemes(BLACKWELL, Factors(), (FAST,)) if s.name == "fp4:fp4")
    assert (scheme.forward.name, scheme.backward.name) == ("fp4", "fp4")
    assert get_format("mxfp4").element.bits == 4
    assert scheme.forward.bits == get_format("mxfp4").bits_per_element


def test_a_fast_forward_pass_alone_saves_less_than_its_format_costs():
    assert lead_over_fp8("fp4:fp8", 1e6) > 0
    assert even("fp4:fp8") is None


def test_a_factor_so_low_that_no_speed_pays_has_no_break_even():
    assert even("fp4:fp4", values=VALUES | {"eff_n": 1e-4}) is None


def test_hardware_without_other_formats_has_nothing_to_break_even_with():
    with pytest.raises(ValueError, match="no scheme without fp4 can run here: no native BF16 rate is listed"):
        even("fp4:fp4", Hardware(8, 3.0, 0.35, {}))


def test_a_memory_limit_bounds_the_weights_in_the_forward_format():
    free, bound = best(BLACKWELL), best(BLACKWELL, wishes=Wishes(memory_gb=4.0))
    for name in NAMES:
        bits = {"bf16": 16, "fp8": 8, "fp4": 4.25}[name.split(":")[0]]
        assert free.loc[name, "weights_gb"] == pytest.approx(free.loc[name, "n"] * bits / 8e9)
        assert bound.loc[name, "weights_gb"] == pytest.approx(4.0, rel=1e-9), name
        assert bound.loc[name, "loss"] > free.loc[name, "loss"]
        d = free.loc[name, "n"] * free.loc[name, "d"] / bound.loc[name, "n"]  # same FLOPs: constant speeds
        assert bound.loc[name, "d"] == pytest.approx(d, rel=1e-4)


def test_a_fixed_size_gets_all_the_tokens_and_a_fixed_token_count_the_largest_size():
    free = best(BLACKWELL)
    for name in NAMES:
        n, d = free.loc[name, ["n", "d"]]
        sized = best(BLACKWELL, wishes=Wishes(n_params=n)).loc[name]
        fed = best(BLACKWELL, wishes=Wishes(n_tokens=d)).loc[name]
        assert (sized["n"], sized["d"]) == pytest.approx((n, d), rel=1e-6)
        assert (fed["n"], fed["d"]) == pytest.approx((n, d), rel=1e-6)
        assert sized["loss"] == pytest.approx(free.loc[name, "loss"], rel=1e-9)


def test_what_cannot_be_had_within_the_budget_is_said():
    table = best(HOPPER, wishes=Wishes(n_params=1e12, n_tokens=1e15))
    assert set(table["why_not"]) == {
        "no model of this scheme meets the wishes within the budget",
        "no native FP4 rate is listed for this device",
    }
    assert not table["wins"].any()


def test_a_budget_that_also_pays_for_serving_buys_a_smaller_model():
    """Sardana et al. 2023 (Beyond Chinchilla-Optimal): 6 N D + 2 N T within the budget."""
    served = 5e12
    table = best(BLACKWELL, wishes=Wishes(serve_tokens=served, serving_paid=True))
    for name in ("bf16:bf16", "fp8:fp8"):
        row, rate = table.loc[name], BLACKWELL.peaks[name.split(":")[0]] * 1e12 * 0.4
        spent = (6 * row["n"] * row["d"] + 2 * row["n"] * served) / rate
        assert spent == pytest.approx(64 * 14 * 86400, rel=1e-9)

        def loss(log_n, rate=rate):
            n = np.exp(log_n)
            d = (64 * 14 * 86400 * rate - 2 * n * served) / (6 * n)
            inner = VALUES["A"] / n ** VALUES["alpha"] + VALUES["B"] / d ** VALUES["beta"]
            return inner ** VALUES["gamma"] + VALUES["E"]

        top = np.log(64 * 14 * 86400 * rate / (2 * served)) - 1e-6
        peer = minimize_scalar(loss, bounds=(np.log(1e7), top), method="bounded", options={"xatol": 1e-9})
        assert row["loss"] == pytest.approx(peer.fun, rel=1e-8)
        assert row["n"] < best(BLACKWELL).loc[name, "n"]


def test_the_days_that_match_the_best_loss_buy_exactly_that_loss():
    table = best(BLACKWELL)
    goal = table["loss"].min()
    assert table.loc[table["wins"], "match_days"].item() == pytest.approx(14.0, rel=2e-3)
    for name in NAMES:
        again = Hardware(64, table.loc[name, "match_days"], 0.4, BLACKWELL.peaks)
        assert best_by_search(again, name, VALUES)[2] == pytest.approx(goal, rel=1e-4), name
