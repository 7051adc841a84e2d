"""The laws of low precision give the numbers that were worked out apart from this code."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from analysis.laws import LAWS
from analysis.laws.precision import kept_at

NAMES = ("precision", "fp_quantization", "qat_error", "ptq_degradation", "mixed_quantization")
PRECISION, FLOAT, QAT, PTQ, MIXED = (LAWS[name] for name in NAMES)


@pytest.fixture(scope="module")
def kumar(published) -> dict[str, float]:
    """Table 2 of the precision paper, with its offsets."""
    return published("precision", "integer_full")


@pytest.fixture(scope="module")
def sun(published) -> dict[str, float]:
    """Table 2 of the floating-point paper."""
    return published("fp_quantization", "unified")


def kept(bits, kumar):
    return float(kept_at(SimpleNamespace(**kumar), bits))


def test_the_compute_optimal_precision_is_seven_bits(kumar):
    assert float(PRECISION.derive("optimal_bits", kumar)) == pytest.approx(7.00, abs=0.005)
    grid = np.arange(3.5, 16, 0.001)
    by_hand = np.ones_like(grid)
    for name in ("w", "a", "kv"):
        by_hand *= 1 - np.exp(-grid / kumar[f"gamma_{name}"] + kumar[f"n_{name}"])
    assert grid[np.argmax(by_hand / grid)] == pytest.approx(PRECISION.derive("optimal_bits", kumar), abs=1e-3)


@pytest.mark.parametrize(("sign", "bits"), [(0, 3.47), (-1, 3.0)])  # 3 is the narrowest that is asked for
def test_without_the_offsets_or_with_their_other_sign_the_published_optimum_does_not_follow(sign, bits, kumar):
    without = kumar | {name: sign * kumar[name] for name in ("n_w", "n_a", "n_kv")}
    assert float(PRECISION.derive("optimal_bits", without)) == pytest.approx(bits, abs=0.005)


@pytest.mark.parametrize(("bits", "share"), [(7.0, 0.741), (8, 0.828), (16, 0.994), (4, 0.191)])
def test_this_share_of_the_parameters_still_counts(bits, share, kumar):
    assert kept(bits, kumar) == pytest.approx(share, abs=6e-4)
    x = dict.fromkeys(("weight_bits", "activation_bits", "kv_bits"), bits)
    assert float(PRECISION.derive("n_eff", kumar, {"n_params": 1e9, **x})) == pytest.approx(1e9 * kept(bits, kumar))


def test_three_bit_activations_leave_less_than_nothing_as_the_divergence_in_the_paper_says(kumar):
    factor = 1 - np.exp(-3 / kumar["gamma_a"] + kumar["n_a"])
    assert factor == pytest.approx(-0.05, abs=0.005)
    x = {"n_params": np.array([1e8]), "n_tokens": np.array([1e10]), "activation_bits": np.array([3])}
    assert np.isnan(PRECISION.evaluate(kumar, x)).all()
    assert PRECISION.outside(x)[0].all()


@pytest.mark.parametrize(("bits", "loss"), [(4, 2.9448), (7, 2.9125), (8, 2.9133), (16, 2.9333)])
def test_the_best_model_of_1e21_flops_has_this_loss(bits, loss, kumar):
    budget = {"flops": 1e21, "bits": bits}
    best = float(PRECISION.derive("loss_opt", kumar, budget))
    assert best == pytest.approx(loss, abs=1.1e-4)  # at 4 bits the printed figure is above the exact least, 2.94470

    def loss_of(log_n):
        own = kumar["A"] / (np.exp(log_n) * kept(bits, kumar)) ** kumar["alpha"]
        return kumar["E"] + own + kumar["B"] / (1e21 * 16 / 6 / np.exp(log_n) / bits) ** kumar["beta"]

    peer = minimize_scalar(loss_of, bounds=(np.log(1e6), np.log(1e13)), method="bounded", options={"xatol": 1e-9})
    assert best == pytest.approx(peer.fun, rel=1e-9)
    n, d = (PRECISION.derive(name, kumar, budget) for name in ("n_opt", "d_opt"))
    assert float(6 / 16 * n * d * bits) == pytest.approx(1e21)
    widths = dict.fromkeys(("weight_bits", "activation_bits", "kv_bits"), bits)
    assert float(PRECISION.evaluate(kumar, {"n_params": n, "n_tokens": d, **widths})) == pytest.approx(best, rel=1e-9)


def test_the_best_precision_is_the_same_for_every_budget_and_costs_the_least_loss(kumar):
    bits = np.linspace(4.5, 14, 400)
    for flops in (1e18, 1e21, 1e26):
        losses = PRECISION.derive("loss_opt", kumar, {"flops": flops, "bits": bits})
        assert bits[np.argmin(losses)] == pytest.approx(7.0, abs=0.02), flops


HIGH = dict.fromkeys(("weight_bits", "activation_bits", "kv_bits"), 64.0)  # N_eff = N, as in the paper's Eq. 2


@pytest.mark.parametrize(("bits", "loss"), [(3, 0.295), (4, 0.054), (5, 0.010)])
def test_quantizing_the_largest_model_of_the_paper_after_training_adds_this_loss(bits, loss, kumar):
    x = {"n_params": 220e6, "n_tokens": 26e9, "post_bits": bits, **HIGH}
    assert float(PRECISION.derive("loss_post", kumar, x)) == pytest.approx(loss, abs=5e-4)
    together = PRECISION.evaluate(kumar, x)
    alone = PRECISION.evaluate(kumar, {name: value for name, value in x.items() if name != "post_bits"})
    assert float(together - alone) == pytest.approx(loss, abs=5e-4)


@pytest.mark.row("R01")
@pytest.mark.parametrize(
    ("n_params", "bits", "tokens"),
    [(220e6, 3, 1.1e10), (220e6, 4, 5.7e10), (1e9, 3, 1.8e10), (1e9, 4, 9.6e10), (8e9, 3, 3.6e10), (8e9, 4, 2.0e11)],
)
def test_more_data_begin_to_hurt_at_this_many_tokens(n_params, bits, tokens, kumar):
    found = float(PRECISION.derive("d_crit", kumar, {"n_params": n_params, "post_bits": bits}))
    assert float(f"{found:.2g}") == pytest.approx(tokens)
    x = {"n_params": n_params, "n_tokens": found * np.array([0.5, 0.9, 1.0, 1.1, 2.0]), "post_bits": bits, **HIGH}
    assert np.argmin(PRECISION.evaluate(kumar, x)) == 2


def test_the_loss_is_the_sum_of_its_parts_and_a_model_trained_as_narrow_as_it_is_served_loses_nothing_after(kumar):
    x = {
        "n_params": 1e8,
        "n_tokens": 1e10,
        "weight_bits": 5.0,
        "activation_bits": 6.0,
        "kv_bits": 8.0,
        "post_bits": 4.0,
    }
    plain = kumar["E"] + kumar["A"] / 1e8 ** kumar["alpha"] + kumar["B"] / 1e10 ** kumar["beta"]
    parts = sum(PRECISION.derive(name, kumar, x) for name in ("loss_training", "loss_post"))
    assert float(PRECISION.evaluate(kumar, x)) == pytest.approx(float(plain + parts), rel=1e-14)
    same = x | {"post_bits": 5.0}
    assert PRECISION.derive("loss_post", kumar, same) == 0
    assert PRECISION.derive("loss_post", kumar, x) > 0


def test_floating_point_weights_change_two_constants_and_no_other(published, kumar):
    weights = published("precision", "float_weights")
    changed = {name for name, value in weights.items() if value != kumar[name]}
    assert changed == {"gamma_w", "n_w"}
    assert (weights["gamma_w"], weights["n_w"]) == (2.8111, 0.1240)


@pytest.mark.parametrize(("bits", "layout"), [(4, (2, 1)), (5, (2, 2)), (6, (3, 2)), (8, (4, 3)), (16, (8, 7))])
def test_the_best_layout_of_a_width_is_the_printed_one(bits, layout, sun):
    best = tuple(int(FLOAT.derive(name, sun, {"bits": bits})) for name in ("exponent_best", "mantissa_best"))
    assert best == layout
    shares = [float(FLOAT.derive(name, sun, {"bits": bits})) for name in ("exponent_share", "mantissa_share")]
    assert sum(shares) == pytest.approx(bits - 1)
    assert np.abs(np.subtract(shares, layout)).max() < 0.75


def test_layouts_of_many_widths_at_once_are_those_of_each(sun):
    widths = np.array([[3, 4, 8], [5, 6, 16]])
    best = FLOAT.derive("exponent_best", sun, {"bits": widths})
    assert best.tolist() == [[float(FLOAT.derive("exponent_best", sun, {"bits": b})) for b in row] for row in widths]


@pytest.mark.parametrize(("layout", "tokens"), [((8, 7), 1.73e15), ((4, 3), 2.73e13), ((2, 1), 3.93e11)])
def test_a_format_has_this_critical_data_size_for_a_billion_parameters(layout, tokens, sun):
    x = {"n_params": 1e9, "exponent_bits": layout[0], "mantissa_bits": layout[1], "block_size": 128}
    found = float(FLOAT.derive("d_crit", sun, x))
    assert float(f"{found:.3g}") == pytest.approx(tokens)
    losses = FLOAT.evaluate(sun, x | {"n_tokens": found * np.array([0.5, 0.9, 1.0, 1.1, 2.0])})
    assert np.argmin(losses) == 2


@pytest.mark.parametrize(("flops", "bits"), [(1e20, 3.95), (1e21, 4.20), (1e24, 5.00), (1e28, 6.35), (1e31, 7.60)])
def test_the_cost_optimal_width_grows_slowly_with_the_budget(flops, bits, sun):
    found = float(FLOAT.derive("optimal_bits", sun, {"flops": flops, "block_size": 128}))
    assert found == pytest.approx(bits, abs=0.026)  # the figures come from a grid of 0.05 bits
    share = sun["delta"] / (sun["delta"] + sun["nu"])

    def loss(point):
        n, width = np.exp(point)
        x = {"n_params": n, "n_tokens": flops * 16 / 6 / n / width, "block_size": 128}
        return float(FLOAT.evaluate(sun, x | {"exponent_bits": share * width - 0.5,
                                              "mantissa_bits": (1 - share) * width - 0.5}))  # fmt: skip

    peer = minimize(loss, [np.log(np.sqrt(flops / 50)), 1.5], method="Nelder-Mead", options={"fatol": 1e-13})
    assert found == pytest.approx(np.exp(peer.x[1]), rel=1e-3)


@pytest.mark.row("R02")
def test_at_four_to_eight_bits_the_budgets_of_today_are_served_best(sun):
    found = FLOAT.derive("optimal_bits", sun, {"flops": np.array([1e21, 1e24, 1e28]), "block_size": 128})
    assert ((found > 4) & (found < 8)).all()


@pytest.mark.row("R02")
def test_one_more_exponent_bit_helps_a_little_more_than_one_more_mantissa_bit(sun):
    x = {"n_params": 1e9, "n_tokens": 1e11, "block_size": 128}
    for bits in (1, 2, 3, 4):
        more_exponent = FLOAT.evaluate(sun, x | {"exponent_bits": bits + 1, "mantissa_bits": bits})
        more_mantissa = FLOAT.evaluate(sun, x | {"exponent_bits": bits, "mantissa_bits": bits + 1})
        assert more_exponent < more_mantissa


@pytest.mark.parametrize(("block_size", "loss"), [(32, 0.0441), (128, 0.0573), (256, 0.0636)])
def test_four_bit_weights_and_activations_cost_this_much(block_size, loss, published):
    x = {"n_params": 594e6, "n_tokens": 100e9, "block_size": block_size}
    assert round(float(QAT.evaluate(published("qat_error", "W4A4"), x)), 4) == loss


@pytest.mark.parametrize(
    ("d_over_n", "block_size", "ratio", "printed"),
    [(100, 32, 1.65, 1.67), (1000, 32, 1.23, 1.20), (1000, 256, 1.65, 1.62)],
)
def test_activations_cost_this_many_times_what_weights_cost(d_over_n, block_size, ratio, printed, published):
    x = {"n_params": 594e6, "n_tokens": 594e6 * d_over_n, "block_size": block_size}
    found = QAT.evaluate(published("qat_error", "W16A4"), x) / QAT.evaluate(published("qat_error", "W4A16"), x)
    assert round(float(found), 2) == ratio
    assert float(found) == pytest.approx(printed, abs=0.035)


@pytest.mark.parametrize(("block_size", "cut", "printed"), [(32, 0.23, 0.205), (256, 0.37, 0.429)])
def test_eight_bits_at_one_input_cut_the_error_by_this_share(block_size, cut, printed, published):
    x = {"n_params": 594e6, "n_tokens": 100e9, "block_size": block_size}
    helped, plain = (QAT.evaluate(published("qat_error", name), x) for name in ("W4A4_fc2in8", "W4A4"))
    assert round(float(1 - helped / plain), 2) == cut
    assert float(1 - helped / plain) == pytest.approx(printed, abs=0.06)


def test_the_displaced_cell_of_the_table_belongs_to_the_other_row(published):
    x = {"n_params": 594e6, "n_tokens": 100e9, "block_size": np.array([32, 256])}
    swapped = published("qat_error", "W4A4_fc2in8") | {"gamma_G": published("qat_error", "W16A4_fc2in8")["gamma_G"]}
    cut = 1 - QAT.evaluate(swapped, x) / QAT.evaluate(published("qat_error", "W4A4"), x)
    assert [round(float(share), 2) for share in cut] == [0.08, 0.21]


@pytest.mark.row("R03")
def test_the_error_falls_with_size_and_rises_with_data_as_the_headline_says(published):
    values = published("qat_error", "W4A4")
    x = {"n_tokens": 50e9, "block_size": 128}
    sizes = QAT.evaluate(values, {**x, "n_params": np.array([74e6, 594e6])})
    assert 1 - sizes[1] / sizes[0] == pytest.approx(0.34, abs=0.03)
    tokens = QAT.evaluate(values, {"n_params": 594e6, "block_size": 128, "n_tokens": np.array([10e9, 100e9])})
    assert tokens[1] / tokens[0] - 1 == pytest.approx(0.22, abs=0.04)


def test_weights_and_activations_together_cost_a_little_less_than_their_sum(published):
    x = {"n_params": 297e6, "n_tokens": 50e9, "block_size": np.array([32, 64, 128])}
    both, weights, activations = (QAT.evaluate(published("qat_error", n), x) for n in ("W4A4", "W4A16", "W16A4"))
    kappa = published("qat_decomposition")["kappa_W4A4_over_sum"]
    np.testing.assert_allclose(both / (weights + activations), kappa, atol=0.06)


@pytest.mark.parametrize(
    ("n_params", "tokens", "loss"), [(7e9, 4.5066e12, 0.219), (70e9, 17.3499e12, 0.264), (405e9, 48.4861e12, 0.304)]
)
def test_the_unified_law_does_not_give_the_two_tenths_of_the_table(n_params, tokens, loss, published):
    values = published("ptq_degradation", "unified_gptq_pythia")
    x = {"n_params": n_params, "n_tokens": tokens, "post_bits": 4}
    assert round(float(PTQ.evaluate(values, x)), 3) == loss
    reached = PTQ.derive("d_reach", values, x | {"loss_increase": loss})
    assert float(reached) == pytest.approx(tokens, rel=5e-3)


@pytest.mark.row("R04")
def test_a_hundred_trillion_tokens_hurt_more_than_one_trillion_and_more_bits_hurt_less(published):
    values = published("ptq_degradation", "unified_gptq_pythia")
    x = {"n_params": 7e9, "post_bits": 4}
    assert PTQ.evaluate(values, x | {"n_tokens": 1e14}) > PTQ.evaluate(values, x | {"n_tokens": 1e12})
    widths = PTQ.evaluate(values, {"n_params": 7e9, "n_tokens": 1e12, "post_bits": np.array([2, 3, 4])})
    assert (np.diff(widths) < 0).all()


@pytest.mark.row("R07")
def test_seven_of_eight_equal_blocks_are_a_share_of_0_875_and_larger_models_and_finer_scales_tolerate_more():
    values = {"C": 2.0, "A": 3.0, "gamma_N": 0.3, "d": 30.0, "gamma_c": 0.4}
    x = {"n_params": 8e9, "low_precision_share": 7 / 8, "block_size": 128.0}
    added = float(MIXED.evaluate(values, x))
    assert added == pytest.approx(2.0 * np.exp(3 * 0.875) * 8e9**-0.3 * 158**0.4, rel=1e-13)
    asked = {"n_params": np.array([8e9, 8e10, 8e9]), "block_size": np.array([128, 128, 32]), "loss_increase": added}
    tolerated = MIXED.derive("tolerated_share", values, asked)
    assert tolerated[0] == pytest.approx(0.875)
    assert (tolerated[1:] > 0.9).all(), tolerated


def test_the_loss_before_quantization_follows_kaplans_joint_form(published):
    values = published("kaplan_joint", "loss16_pythia")
    loss = float(LAWS["kaplan_joint"].evaluate(values, {"n_params": 1e9, "n_tokens": 2e11}))
    assert loss == pytest.approx(((4.74e19 / 1e9) ** (0.045 / 0.399) + 7.63e10 / 2e11) ** 0.399, rel=1e-12)
