"""The benchmarks compare like with like: peers fit the same objective, and a report keeps the sections of others."""

import importlib

import numpy as np
import pytest

from analysis.fits.fitting import fit
from benchmarks.__main__ import BENCHMARKS, HEAD, main, merged
from benchmarks.fit_peers import LOOPS, Runs, kyo_takano, plain_grid
from benchmarks.fits import AXES, GRID, LAW, STARTS, _point, _runs
from benchmarks.report import Clock, table


@pytest.fixture(scope="module")
def runs():
    return _runs()


@pytest.fixture(scope="module")
def best(runs):
    return fit(LAW, runs, draws=0)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_a_title_and_sections(name):
    module = importlib.import_module(f"benchmarks.{name}")
    assert module.TITLE
    assert callable(module.sections)


def test_the_starts_are_hoffmanns_and_ours_begin_at_the_same_points(runs):
    assert len(STARTS) == 4500
    assert {name: len(axis) for name, axis in AXES.items()} == {"E": 5, "A": 6, "B": 6, "alpha": 5, "beta": 5}
    for name, axis in AXES.items():
        np.testing.assert_allclose(np.log(GRID[name]) if name in "EAB" else GRID[name], axis)


def test_the_objective_of_the_peers_is_ours(runs, best):
    peers = Runs.of(runs, 1e-3)
    assert peers.objective(_point(list(best.values.values()))) == pytest.approx(best.objective, rel=1e-12)


def test_the_gradient_by_hand_is_that_of_finite_differences(runs):
    peers, point, step = Runs.of(runs, 1e-3), np.array([0.4, 6.0, 7.5, 0.33, 0.35]), 1e-6
    slopes = [
        (peers.objective(point + step * axis) - peers.objective(point - step * axis)) / (2 * step) for axis in np.eye(5)
    ]
    np.testing.assert_allclose(peers.gradient(point), slopes, rtol=1e-6)


def test_resampled_runs_count_as_often_as_they_were_drawn(runs, best):
    peers, point = Runs.of(runs, 1e-3), _point(list(best.values.values())) + 0.01
    counts = np.random.default_rng(0).integers(0, 4, len(runs))
    each = [Runs.of(runs.iloc[[k]], 1e-3).objective(point) for k in range(len(runs))]
    assert peers.resampled(counts).objective(point) == pytest.approx(np.dot(counts, each), rel=1e-12)


@pytest.mark.parametrize("name", LOOPS)
def test_no_peer_ends_below_our_optimum(name, runs, best):
    peers, start = Runs.of(runs, 1e-3), _point(list(best.values.values())) + np.array([0.1, -0.2, 0.2, 0.02, -0.02])
    with np.errstate(all="ignore"):
        end = peers.objective(LOOPS[name](peers, start))
    assert best.objective * (1 - 1e-9) <= end < peers.objective(start)


def test_the_plain_grid_finds_its_lowest_point(runs):
    peers, points = Runs.of(runs, 1e-3), STARTS[::50]
    found = plain_grid(peers, points, block=7)
    lowest = min(peers.objective(point) for point in points)
    assert peers.objective(found) == pytest.approx(lowest, rel=1e-9)


def test_the_package_of_a_peer_is_called_on_the_same_runs_and_objective(runs, best):
    pytest.importorskip("chinchilla", reason="the peer is installed by `make bench` only")
    start = {"E": [0.5], "A": [6.0], "B": [8.0], "alpha": [0.4], "beta": [0.4]}
    peers, (search, point) = Runs.of(runs, 1e-3), kyo_takano(runs, start, 1e-3)
    search()
    assert best.objective <= peers.objective(point()) < 0.1 * peers.objective(np.ravel(list(start.values())))


def test_a_report_replaces_its_own_section_and_keeps_the_others():
    first = merged(HEAD, "## Fits\n\nslow")
    both = merged(first, "## Probe\n\n1 TFLOP/s")
    again = merged(both, "## Fits\n\nfast")
    assert again == f"{HEAD.strip()}\n\n## Fits\n\nfast\n\n## Probe\n\n1 TFLOP/s\n"
    assert merged(again, "## Fits\n\nfast") == again


def test_an_unknown_benchmark_is_a_bad_call(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["fitz"])
    assert stop.value.code == 2
    assert "unknown benchmark 'fitz'; known are fits" in capsys.readouterr().err


def test_a_clock_compares_wall_and_processor_seconds():
    ours, theirs = Clock((0.5, 1.0, 0.75), (1.0, 1.5, 1.25)), Clock((30.0,), (25.0,))
    assert ours.cells(ours) == ("0.75 (0.5 to 1)", "1", "1.25", "1")
    assert (theirs * 10).cells(ours) == ("300", "400", "250", "200")
    busy = Clock.of(lambda: sum(range(200_000)), 3)
    assert len(busy.wall) == len(busy.cpu) == 3
    assert min(busy.wall) > 0


def test_tables_are_markdown():
    assert table(("a", "b"), [(1, 2)]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
