"""Trends of scores over sizes: inverse and broken ones are told from those that improve."""

import numpy as np
import pandas as pd
import pytest

from analysis.trust.trends import BREAKS, IMPROVES, INVERSE, NONE, TURNS_UP, task_trends, trend


@pytest.mark.row("R58")
@pytest.mark.parametrize(
    ("scores", "word"),
    [
        ([20, 30, 41, 55], IMPROVES),
        ([20, 31, 30, 55, 54], IMPROVES),
        ([70, 61, 55, 40], INVERSE),
        ([60, 40, 41, 62], TURNS_UP),
        ([20, 60, 58, 25], BREAKS),
        ([50, 50, 50, 50], NONE),
        ([50, 51, 49, 50.5, 49.9], NONE),
    ],
)
def test_a_trend_has_the_word_of_its_shape(scores, word):
    assert trend(scores) == word


def test_noise_about_a_steady_rise_does_not_break_it():
    rng = np.random.default_rng(0)
    words = [trend(np.linspace(0, 1, 8) + 0.05 * rng.standard_normal(8)) for _ in range(200)]
    assert words == [IMPROVES] * 200


@pytest.mark.row("R58")
def test_eleven_tasks_made_inverse_are_found_among_those_that_improve():
    sizes = np.geomspace(1e8, 1e11, 6)
    rows = [
        {"task": f"task {i}", "n_params": n, "value": (-1 if i < 11 else 1) * np.log(n), "higher_is_better": True}
        for i in range(30)
        for n in sizes
    ]
    found = task_trends(pd.DataFrame(rows), ["task"])
    assert (found["trend"] == INVERSE).sum() == 11
    assert (found["trend"] == IMPROVES).sum() == 19
    perplexity = pd.DataFrame(rows).assign(higher_is_better=False)
    assert (task_trends(perplexity, ["task"])["trend"] == INVERSE).sum() == 19


def test_a_family_of_too_few_sizes_is_no_series_and_two_values_of_a_size_are_one():
    rows = pd.DataFrame(
        {
            "task": ["a"] * 3 + ["b"] * 5,
            "n_params": [1, 2, 3, 1, 2, 3, 4, 4],
            "value": range(8),
            "higher_is_better": True,
        }
    )
    found = task_trends(rows, ["task"])
    assert found["task"].tolist() == ["b"]
    assert found["scores"].iloc[0] == [3, 4, 5, 6.5]
    with pytest.raises(ValueError, match="3 sizes show no trend"):
        trend([1, 2, 3])
