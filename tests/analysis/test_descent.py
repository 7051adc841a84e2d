"""The batched descent reaches what scipy reaches, on random problems and from every row of a batch."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.special import huber as scipy_huber

from analysis.fits import descent
from analysis.fits.descent import descend, huber
from analysis.fits.watch import Cancelled, Watch


@pytest.mark.parametrize("delta", [1e-4, 0.3, 1.0, 50.0])
def test_huber_is_scipys_on_both_sides_of_delta(delta):
    residuals = np.concatenate([[0.0, delta, -delta], np.geomspace(1e-8, 1e4, 60), -np.geomspace(1e-8, 1e4, 60)])
    np.testing.assert_allclose(huber(residuals, delta), scipy_huber(delta, residuals), rtol=1e-14)


def test_huber_without_a_delta_is_half_the_square():
    residuals = np.linspace(-3, 3, 13)
    np.testing.assert_array_equal(huber(residuals, np.inf), residuals**2 / 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_residual_without_a_value_costs_infinitely_much(bad):
    assert huber(np.array([bad]), 1e-3)[0] == np.inf


def curve(x, y):
    """The model exp(a) exp(-exp(b) x) + exp(c) and its slopes in a, b, c, for the batch."""

    def model(theta, rows):
        a, b, c = np.exp(theta.T)[:, :, None]
        part = a * np.exp(-b * x)
        jacobian = np.stack([part, -part * b * x, c * np.ones_like(part)], axis=2)
        return part + c - y, jacobian

    return model


def noisy_curve(seed):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(-1, 1, 3)
    x = np.linspace(0, 4, 30)
    y = np.exp(truth[0]) * np.exp(-np.exp(truth[1]) * x) + np.exp(truth[2])
    return truth, x, y + 0.01 * rng.standard_t(2, x.size)  # some points far out


@pytest.mark.parametrize("delta", [0.01, 0.1, np.inf])
@pytest.mark.parametrize("seed", range(8))
def test_a_random_curve_fit_ends_where_scipy_ends(seed, delta):
    truth, x, y = noisy_curve(seed)
    model = curve(x, y)
    low, high = np.full(3, -3.0), np.full(3, 3.0)
    start = np.clip(truth + np.random.default_rng(seed).normal(0, 0.5, (6, 3)), low, high)
    end = descend(model, start, np.ones(x.size), delta, low, high)
    options = {"loss": "linear"} if delta == np.inf else {"loss": "huber", "f_scale": delta}
    peer = min(
        (
            least_squares(lambda t: model(t[None], None)[0][0], row, bounds=(-3, 3), xtol=1e-14, ftol=1e-14, **options)
            for row in start
        ),
        key=lambda result: result.cost,
    )
    assert end.objective.min() <= peer.cost * (1 + 1e-7), (end.objective, peer.cost)
    np.testing.assert_allclose(end.theta[end.objective.argmin()], peer.x, atol=2e-4)


@pytest.mark.parametrize("seed", range(4))
def test_weights_count_like_repeated_points(seed):
    _, x, y = noisy_curve(seed)
    counts = np.random.default_rng(seed).multinomial(x.size, np.full(x.size, 1 / x.size))
    bounds = (np.full(3, -3.0), np.full(3, 3.0))
    weighted = descend(curve(x, y), np.zeros((1, 3)), counts.astype(float), 0.02, *bounds)
    again = np.repeat(np.arange(x.size), counts)
    repeated = descend(curve(x[again], y[again]), np.zeros((1, 3)), np.ones(x.size), 0.02, *bounds)
    np.testing.assert_allclose(weighted.objective, repeated.objective, rtol=1e-10)
    np.testing.assert_allclose(weighted.theta, repeated.theta, atol=1e-6)


def test_a_linear_problem_against_its_bound_is_solved_as_if_that_parameter_were_fixed():
    rng = np.random.default_rng(0)
    slopes = rng.standard_normal((20, 3))
    target = slopes @ [2.0, 0.5, -1.0]

    def model(theta, rows):
        return theta @ slopes.T - target, np.tile(slopes, (len(theta), 1, 1))

    low, high = np.full(3, -5.0), np.array([1.0, 5.0, 5.0])
    end = descend(model, np.zeros((1, 3)), np.ones(20), np.inf, low, high)
    rest = np.linalg.lstsq(slopes[:, 1:], target - slopes[:, 0], rcond=None)[0]
    np.testing.assert_allclose(end.theta[0], [1.0, *rest], atol=1e-7)


def test_a_start_without_a_value_stays_and_does_not_disturb_the_others():
    _, x, y = noisy_curve(0)
    plain = curve(x, y)

    def model(theta, rows):
        residuals, jacobian = plain(theta, rows)
        return np.where(theta[:, :1] > 2.5, np.nan, residuals), jacobian

    start = np.array([[0.0, 0.0, 0.0], [2.9, 0.0, 0.0]])
    end = descend(model, start, np.ones(x.size), 0.02, np.full(3, -3.0), np.full(3, 3.0))
    assert np.isfinite(end.objective[0])
    assert end.objective[1] == np.inf
    np.testing.assert_array_equal(end.theta[1], start[1])


def shifted_curve(rows):
    """A model whose rows differ in their data, as resamples do, with starts and the other arguments of a descent."""
    _, x, y = noisy_curve(1)
    start = np.random.default_rng(0).uniform(-1, 1, (rows, 3))
    shift = np.linspace(-0.05, 0.05, rows)[:, None]

    def model(theta, batch):
        residuals, jacobian = curve(x, y)(theta, batch)
        return residuals + shift[batch], jacobian

    return model, start, np.ones(x.size), 0.02, np.full(3, -3.0), np.full(3, 3.0)


@pytest.mark.parametrize(("name", "number"), [("HELD_NUMBERS", 4 * 26), ("BLOCK_CELLS", 4 * 30), ("BLOCK_CELLS", 1)])
def test_a_batch_cut_into_pieces_ends_where_the_whole_batch_ends(monkeypatch, name, number):
    settings = shifted_curve(9)
    whole = descend(*settings)
    monkeypatch.setattr(descent, name, number)
    parts = descend(*settings)
    np.testing.assert_allclose(parts.objective, whole.objective, rtol=1e-12)
    np.testing.assert_allclose(parts.theta, whole.theta, rtol=1e-9)


def test_the_number_of_threads_changes_nothing(monkeypatch):
    settings = shifted_curve(64)
    monkeypatch.setattr(descent, "BLOCK_CELLS", 4 * 30)
    ends = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(descent, "_threads", lambda threads=threads: threads)
        ends.append(descend(*settings))
    for end in ends[1:]:
        np.testing.assert_array_equal(end.theta, ends[0].theta)


@pytest.mark.parametrize("iterations", [200, 3])
def test_progress_rises_from_0_to_1_over_all_pieces(monkeypatch, iterations):
    monkeypatch.setattr(descent, "HELD_NUMBERS", 4 * 26)
    shares = []
    watch = Watch(lambda stage, share: shares.append((stage, share)), stage="curve")
    descend(*shifted_curve(9), iterations=iterations, watch=watch)
    assert {stage for stage, _ in shares} == {"curve"}
    numbers = [share for _, share in shares]
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (0.0, 1.0)


def test_a_descent_that_is_no_longer_wanted_ends_within_one_block(monkeypatch):
    monkeypatch.setattr(descent, "BLOCK_CELLS", 1)
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) == 5

    with pytest.raises(Cancelled):
        descend(*shifted_curve(9), watch=Watch(cancelled=cancelled))
    assert len(asked) == 5
