"""The race among starts: what it lets go never held the optimum, in problems where every start is also followed."""

import itertools

import numpy as np
import pytest

from analysis.fits import search as module
from analysis.fits.descent import descend
from analysis.fits.problem import Problem
from analysis.fits.race import FINALISTS, FIRST_CUT, in_the_lead, iterations_to
from analysis.fits.search import SAME, search
from analysis.laws import LAWS

# Hoffmann et al. 2022, section D.3: logs of E, A and B; alpha and beta as they are.
HOFFMANN = [
    np.linspace(-1, 1, 5),
    np.linspace(0, 25, 6),
    np.linspace(0, 25, 6),
    np.log([1e-4, 0.5, 1, 1.5, 2]),
    np.log([1e-4, 0.5, 1, 1.5, 2]),
]


@pytest.fixture
def both(monkeypatch):
    """both(problem, starts, delta) -> the lowest objectives with a race and when every start is followed."""

    def run(problem, starts, delta):
        found = []
        for places in (FINALISTS, len(starts)):
            monkeypatch.setattr(module, "FINALISTS", places)
            monkeypatch.setattr(module, "QUALIFIED", 4 * places)
            found.append(search(problem, starts, np.ones(len(problem.target)), delta).objective)
        return found

    return run


def test_the_race_on_hoffmanns_grid_ends_at_the_optimum_of_the_240_runs(chinchilla_runs, both):
    problem = Problem(LAWS["chinchilla"], chinchilla_runs, {}, logs=True)
    starts = np.array(list(itertools.product(*HOFFMANN)))
    assert len(starts) == 4500
    raced, followed = both(problem, starts[::4], 1e-3)
    assert raced == pytest.approx(followed, rel=1e-9)
    assert raced == pytest.approx(0.00101827401780, rel=1e-9)


@pytest.mark.parametrize("base_only", [True, False], ids=["base", "joint"])
def test_the_race_ends_at_the_optimum_of_quartet(quartet_runs, quartet_base_runs, base_only, both):
    runs = quartet_base_runs if base_only else quartet_runs
    problem = Problem(LAWS["quartet"], runs, {}, logs=True)
    raced, followed = both(problem, problem.starts(400 if base_only else 96, np.random.default_rng(1)), 1e-4)
    assert raced == pytest.approx(followed, rel=1e-9)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_the_race_ends_at_the_optimum_that_following_every_start_finds_for_every_law(law, made_up, both):
    _, runs = made_up(law, 60, noise=0.02)
    problem = Problem(law, runs, {}, logs=True)
    raced, followed = both(problem, problem.starts(128, np.random.default_rng(0)), 1e-3)
    assert raced <= followed * (1 + SAME), f"{raced} after the race, {followed} when all are followed"


def test_a_cut_keeps_the_better_half_and_never_fewer_than_the_finalists():
    rng = np.random.default_rng(0)
    objective = rng.uniform(size=1000)
    followed = np.arange(1000) % 4 > 0
    kept = in_the_lead(objective, followed, FIRST_CUT, FINALISTS)
    assert kept.sum() == 375
    assert objective[kept].max() < objective[followed & ~kept].min()
    few = np.arange(1000) < FINALISTS + 10
    assert in_the_lead(objective, few, FIRST_CUT, FINALISTS).sum() == FINALISTS
    assert in_the_lead(objective, kept, FIRST_CUT + 1, FINALISTS) is kept


def test_a_batch_no_larger_than_the_finalists_is_followed_whole(chinchilla_runs):
    problem = Problem(LAWS["chinchilla"], chinchilla_runs, {}, logs=True)
    starts = problem.starts(FINALISTS, np.random.default_rng(0))
    settings = (problem, starts, np.ones(len(chinchilla_runs)), 1e-3, problem.low, problem.high)
    raced, followed = descend(*settings, places=FINALISTS), descend(*settings)
    assert raced.followed.all()
    np.testing.assert_array_equal(raced.theta, followed.theta)


@pytest.mark.parametrize("starts", [257, 512, 513, 514, 4500, 100_000])
def test_the_rounds_of_a_race_are_as_many_as_it_takes(starts):
    objective, followed = np.random.default_rng(0).uniform(size=starts), np.ones(starts, bool)
    rounds = iterations_to(256, starts)
    for iteration in range(rounds):
        assert followed.sum() > 256 or iteration == rounds - 1
        followed = in_the_lead(objective, followed, iteration, 256)
    assert followed.sum() == 256


def test_rounds_on_a_sample_need_runs_that_stand_alone(chinchilla_runs, quartet_runs, made_up):
    whole = Problem(LAWS["chinchilla"], chinchilla_runs, {}, logs=True)
    some = np.arange(3, 240, 4)
    theta = whole.starts(7, np.random.default_rng(0))
    part = whole.sample(some)
    for got, all_runs in zip(part(theta, np.arange(7)), whole(theta, np.arange(7)), strict=True):
        np.testing.assert_array_equal(got, all_runs[:, some])
    assert Problem(LAWS["quartet"], quartet_runs, {}, logs=True).sample(some) is None
    _, curve = made_up(LAWS["lr_annealing"], 40)
    assert Problem(LAWS["lr_annealing"], curve, {}, logs=True).sample(np.arange(20)) is None


@pytest.mark.parametrize("seed", range(6))
def test_a_large_field_of_random_starts_ends_at_the_optimum_of_random_runs(seed, made_up, both):
    _, runs = made_up(LAWS["chinchilla"], 240, seed=seed, noise=0.01)
    problem = Problem(LAWS["chinchilla"], runs, {}, logs=True)
    raced, followed = both(problem, problem.starts(600, np.random.default_rng(seed)), 1e-3)
    assert raced == pytest.approx(followed, rel=1e-9)
