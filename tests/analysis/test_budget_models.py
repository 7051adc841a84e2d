"""From GPUs and days to models: rates, best models and break-even against a plain search."""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from analysis.bootstrap import Draws
from analysis.budget import ALL_SCHEMES, Hardware, best_models, break_even
from analysis.laws import LAWS
from analysis.planner import Factors
from analysis.speed import constant, measured_tables

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
BLACKWELL = Hardware(64, 14.0, 0.4, 2250.0, 4500.0, 9000.0, FAST)
HOPPER = Hardware(8, 3.0, 0.35, 989.4, 1978.9, None, FAST)
AMPERE = Hardware(8, 3.0, 0.35, 312.0, None, None, FAST)


def best_by_search(hardware, scheme, values):
    """Lowest loss over N, with D what the time allows at the scheme's own rates; everything in seconds."""
    seconds = hardware.gpus * hardware.days * 86400 * hardware.utilization
    peaks = {"bf16": hardware.bf16_tflops, "fp8": hardware.fp8_tflops}

    def rates(n):
        speed = [float(x) for x in hardware.fp4_speed.at(np.array(n))]
        return [
            1e12 * (hardware.fp8_tflops * fast if name == "fp4" else peaks[name])
            for name, fast in zip((scheme.forward, scheme.backward), speed, strict=True)
        ]

    def tokens(n):
        forward, backward = rates(n)
        return seconds / (2 * n / forward + 4 * n / backward)

    def loss(log_n):
        n = np.exp(log_n)
        eff_n = values["eff_n"] if scheme.forward == "fp4" else 1.0
        eff_d = values["eff_d"] if scheme.backward == "fp4" else 1.0
        size = values["A"] / (n * eff_n) ** values["alpha"]
        data = values["B"] / (tokens(n) * eff_d) ** values["beta"]
        return (size + data) ** values["gamma"] + values["E"]

    found = minimize_scalar(loss, bounds=(np.log(1e7), np.log(1e13)), method="bounded", options={"xatol": 1e-9})
    n = float(np.exp(found.x))
    return n, float(tokens(n)), float(found.fun), rates(n)[0]


@pytest.mark.parametrize("hardware", [BLACKWELL, HOPPER, AMPERE], ids=["fp4", "fp8", "bf16 only"])
def test_the_best_model_of_every_scheme_is_what_a_search_in_seconds_finds(hardware):
    served = 1e12
    table = best_models(QUARTET, VALUES, Factors(), hardware, None, served).set_index("scheme")
    assert list(table.index) == [scheme.name for scheme in ALL_SCHEMES]
    for scheme in ALL_SCHEMES:
        row = table.loc[scheme.name]
        if row["why_not"]:
            continue
        n, d, loss, forward_rate = best_by_search(hardware, scheme, VALUES)
        assert row["loss"] == pytest.approx(loss, rel=1e-8), scheme
        assert row["n"] == pytest.approx(n, rel=1e-3), scheme
        assert row["d"] == pytest.approx(d, rel=1e-3), scheme
        gpu_days = 2 * row["n"] * served / (forward_rate * hardware.utilization) / 86400
        assert row["serve_gpu_days"] == pytest.approx(gpu_days, rel=1e-9), scheme
    best = table["loss"].idxmin()
    assert table.index[table["wins"]].tolist() == [best]


def test_measured_speeds_move_the_best_model_as_the_search_does(throughput):
    table = measured_tables(throughput)[0]
    hardware = Hardware(16, 7.0, 0.4, 209.5, 419.0, 1676.0, table)
    found = best_models(QUARTET, VALUES, Factors(), hardware, None, 0.0).set_index("scheme")
    for scheme in ALL_SCHEMES:
        assert found.loc[scheme.name, "loss"] == pytest.approx(best_by_search(hardware, scheme, VALUES)[2], rel=1e-6)


def test_formats_that_a_device_lacks_are_said_and_not_sized():
    table = best_models(QUARTET, VALUES, Factors(), HOPPER, None, 1e12).set_index("scheme")
    lacking = table["why_not"].notna()
    assert set(table.index[lacking]) == {"fp4:fp8", "fp8:fp4", "fp4:fp4"}
    assert set(table.loc[lacking, "why_not"]) == {"no native FP4 rate is listed for this device"}
    assert table.loc[lacking, ["n", "d", "loss", "serve_gpu_days"]].isna().all(axis=None)
    assert not table.loc[lacking, "wins"].any()


def test_a_device_without_any_rate_has_a_reason_for_every_scheme_and_no_winner():
    nothing = Hardware(8, 3.0, 0.35, None, None, None, FAST)
    table = best_models(QUARTET, VALUES, Factors(), nothing, None, 1e12)
    assert table["why_not"].notna().all()
    assert not table["wins"].any()


def test_twice_the_gpus_or_days_buy_the_same_models():
    more = best_models(QUARTET, VALUES, Factors(), Hardware(16, 3.0, 0.35, 989.4, 1978.9, None, FAST), None, 0.0)
    longer = best_models(QUARTET, VALUES, Factors(), Hardware(8, 6.0, 0.35, 989.4, 1978.9, None, FAST), None, 0.0)
    assert more["loss"].dropna().tolist() == longer["loss"].dropna().tolist()
    assert more["loss"].min() < best_models(QUARTET, VALUES, Factors(), HOPPER, None, 0.0)["loss"].min()


def test_chances_are_the_share_of_draws_in_which_a_scheme_has_the_best_model():
    rng = np.random.default_rng(0)
    draws = Draws(QUARTET, {k: v * np.exp(0.05 * rng.standard_normal(20)) for k, v in VALUES.items()})
    tight = Hardware(64, 14.0, 0.4, 2250.0, 4500.0, 9000.0, constant(1.4, 1.1, "given"))
    table = best_models(QUARTET, VALUES, Factors(), tight, draws, 1e12).set_index("scheme")
    won = dict.fromkeys(table.index, 0)
    for k in range(20):
        values = {name: float(x[k]) for name, x in draws.values.items()}
        losses = {scheme.name: best_by_search(tight, scheme, values)[2] for scheme in ALL_SCHEMES}
        won[min(losses, key=losses.__getitem__)] += 1
    assert {name: table.loc[name, "p_win"] for name in won} == pytest.approx({n: c / 20 for n, c in won.items()})
    assert table["p_win"].sum() == pytest.approx(1.0)
    assert (table["low"] < table["loss"]).all()
    assert (table["loss"] < table["high"]).all()


def lead_over_fp8(name, speed):
    """By how much the best loss of a scheme, with FP4 at `speed` times FP8, lies above that of FP8:FP8."""
    schemes = {scheme.name: scheme for scheme in ALL_SCHEMES}
    hardware = Hardware(64, 14.0, 0.4, 2250.0, 4500.0, 9000.0, constant(speed, speed, "tried"))
    return best_by_search(hardware, schemes[name], VALUES)[2] - best_by_search(hardware, schemes["fp8:fp8"], VALUES)[2]


@pytest.mark.parametrize("name", ["fp4:fp4", "fp8:fp4"])
def test_the_break_even_speed_is_the_root_of_the_loss_difference(name):
    exact = brentq(lambda speed: lead_over_fp8(name, speed), 1.0, 16.0)
    assert exact <= break_even(QUARTET, VALUES, Factors(), BLACKWELL, name) <= exact * 1.012


def test_a_fast_forward_pass_alone_saves_less_than_its_format_costs():
    assert lead_over_fp8("fp4:fp8", 1e6) > 0
    assert break_even(QUARTET, VALUES, Factors(), BLACKWELL, "fp4:fp8") is None


def test_a_factor_so_low_that_no_speed_pays_has_no_break_even():
    assert break_even(QUARTET, VALUES | {"eff_n": 1e-4}, Factors(), BLACKWELL) is None


def test_hardware_without_fp8_has_no_reference_to_break_even_with():
    with pytest.raises(ValueError, match="no native FP8 rate is listed for this device"):
        break_even(QUARTET, VALUES, Factors(), AMPERE)
