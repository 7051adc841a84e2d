"""Methods at equal accelerator hours: tokens, losses and where curves meet, against closed forms."""

import numpy as np
import pandas as pd
import pytest

from analysis.laws import LAWS
from analysis.plans.equal_hours import (
    HOURS,
    crossing,
    crossing_interval,
    fitted_method,
    schemes_by_hours,
    throughput,
    tokens_seen,
)
from analysis.plans.hardware import Hardware, native_schemes
from analysis.plans.planner import Factors, scheme_loss
from analysis.plans.speed import BOPS

B200 = Hardware(1, 1 / 24, 0.4, {"bf16": 2250.0, "fp8": 4500.0, "fp4": 9000.0})
MET_AT = 50_000.0  # languini_2023-02


@pytest.fixture(scope="module")
def schemes():
    return {own.name: own for own in native_schemes(B200, Factors(), (BOPS,))}


@pytest.mark.row("R67")
def test_a_method_of_ten_times_the_throughput_sees_ten_times_the_tokens_at_equal_hours():
    assert float(tokens_seen(1.2e6, 96.0)) == 10 * float(tokens_seen(1.2e5, 96.0)) == 1.2e6 * 96 * 3600


def test_a_scheme_reads_the_tokens_that_its_rate_allows(schemes):
    by_hand = 4500e12 * 0.4 / (6 * 7e9)
    assert throughput(schemes["fp8:fp8"], B200, 7e9) == pytest.approx(by_hand)
    assert throughput(schemes["bf16:bf16"], B200, 7e9) == pytest.approx(by_hand / 2)
    assert throughput(schemes["fp4:fp4"], B200, 7e9) == pytest.approx(2 * by_hand)
    assert throughput(schemes["fp4:fp8"], B200, 7e9) == pytest.approx(1.2 * by_hand)  # Quartet's 1.2
    h100 = Hardware(1, 1 / 24, 0.4, {"bf16": 989.4, "fp8": 1978.9})
    none = {own.name: own for own in native_schemes(h100, Factors(), (BOPS,))}["fp4:fp4"]
    assert np.isnan(throughput(none, h100, 7e9))


def test_losses_by_hours_are_the_laws_at_the_tokens_of_those_hours(schemes, published):
    law, values = LAWS["quartet"], published("quartet", "newest") | {"eff_n": 0.6452, "eff_d": 0.8935}
    hours = np.array([10.0, 1e4])
    table = schemes_by_hours(law, values, list(schemes.values()), B200, 1e9, hours)
    assert set(table["scheme"]) == set(schemes)
    own = table[table["scheme"] == "fp4:fp8"]
    tokens = throughput(schemes["fp4:fp8"], B200, 1e9) * hours * 3600
    np.testing.assert_allclose(own["n_tokens"], tokens)
    np.testing.assert_allclose(own["loss"], scheme_loss(law, values, schemes["fp4:fp8"], np.array(1e9), tokens))
    wide = table.pivot_table(index="hours", columns="scheme", values="loss")
    assert (wide["fp8:fp8"] < wide["bf16:bf16"]).all()  # as good at equal tokens, and twice the tokens


def points(rate: float, at_meeting: float, alpha: float, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Losses that fall as a power of hours and are `at_meeting` at MET_AT."""
    hours = np.array([6.0, 12, 24, 48, 96, 192])
    loss = at_meeting * (hours / MET_AT) ** -alpha
    loss *= np.exp(noise * np.random.default_rng(seed).standard_normal(len(hours)))
    return pd.DataFrame({"tokens_per_s": rate, "hours": hours, "loss": loss})


@pytest.mark.row("R67")
def test_two_methods_made_to_meet_near_50_000_hours_are_found_to():
    slow, fast = fitted_method("GPT", points(1.2e5, 2.0, 0.05), False), fitted_method("LSTM", points(1.2e6, 2.0, 0.065),
                                                                                     False)  # fmt: skip
    assert crossing(slow.loss(HOURS), fast.loss(HOURS)) == pytest.approx(MET_AT, rel=0.01)
    assert slow.loss(np.array([100.0]))[0] < fast.loss(np.array([100.0]))[0]  # the GPT is better until then
    noisy = [fitted_method(name, points(rate, 2.0, alpha, 0.002, seed), False)
             for name, rate, alpha, seed in (("GPT", 1.2e5, 0.05, 1), ("LSTM", 1.2e6, 0.065, 2))]  # fmt: skip
    share, low, high = crossing_interval(*noisy)
    assert share > 0.9
    assert low < MET_AT < high
    assert high / low > 2  # a thousand times beyond the points, nobody knows it well


def test_curves_that_never_meet_have_no_crossing():
    assert np.isnan(crossing(np.full(len(HOURS), 2.0), np.full(len(HOURS), 3.0)))


def test_too_few_points_of_a_method_are_refused_by_name():
    with pytest.raises(ValueError, match="method GPT has 2 points; a power law needs 3 or more"):
        fitted_method("GPT", points(1e5, 2.0, 0.05).head(2), False)
