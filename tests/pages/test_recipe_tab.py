"""The recipe tab as a person uses it: rates and batches, the worth of data, mixtures, curves that cross."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.fits.mixing import Mixing
from pages.ui import mixture_file, recipe_crossing

ROOT = Path(__file__).resolve().parents[2]


PROXIES = "run,share web,share code,loss web,loss code\n"
TRUE = Mixing(("web", "code"), ("web", "code"), np.array([2.0, 1.0]), np.array([1.0, 1.2]),
              np.array([[-0.5, 0.5], [0.8, -0.8]]))  # fmt: skip


def own_proxies() -> bytes:
    """Nine runs of a law made up, as a spreadsheet saves them."""
    shares = np.linspace(0, 1, 9)
    rows = np.column_stack([np.arange(9), shares, 1 - shares, TRUE.predict(np.column_stack([shares, 1 - shares]))])
    return ("\ufeff" + PROXIES + "\n".join(",".join(map(str, row)) for row in rows)).encode()


@pytest.fixture
def recipe(own_store_path: Path, shipped_file: Path) -> Callable[..., AppTest]:
    """recipe(part, name=value, ...) opens the recipe tab of the planner at one of its parts."""

    def open_part(part: str, **query: object) -> AppTest:
        shutil.copyfile(shipped_file, own_store_path)
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.query_params |= {"planner.tab": "Recipe", "planner.recipe.part": part}
        for name, value in query.items():
            at.query_params[f"planner.recipe.{name}"] = str(value)
        at = at.switch_page("pages/planner.py").run()
        assert not at.exception
        return at

    return open_part


def words(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.success, at.info, at.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def table(at: AppTest, column: str) -> pd.DataFrame:
    return next(own.value for own in at.dataframe if column in own.value)


@pytest.mark.row("R60")
def test_a_recipe_has_rate_batch_rules_and_the_grid_that_checks_it(recipe):
    at = recipe("Learning rate and batch", n=7, d=1400, times=4)
    said = words(at)
    assert re.search(r"peak learning rate \*\*0\.00091\d\*\*, batch \*\*5M tokens\*\*", said), said
    assert "AdamW wants **2 times the rate" in said
    assert "this is extrapolation" in said
    rules = table(at, "peak learning rate").set_index("rule")["peak learning rate"]
    first = rules.iloc[0]
    assert rules["SGD, linear rule"] == pytest.approx(4 * first)
    assert rules["AdamW, square root rule (yours)"] == pytest.approx(2 * first)
    assert "the best rate grows as batch^**0.29** (from 0.12 to 0.60)" in said
    assert "Over all 17 grids, 1,911 runs" in said
    assert "**56.8 times** faster" in said


def test_the_budgets_answer_is_taken_over_as_the_model_to_train(recipe):
    at = recipe("Data")
    at.session_state["planner.answer"] = (3e9, 1.5e11)
    at.run()
    at.button(key="planner.recipe.take").click().run()
    assert (at.number_input(key="planner.recipe.n").value, at.number_input(key="planner.recipe.d").value) == (3, 150)
    assert "150B tokens" in words(at)


@pytest.mark.row("R63")
def test_data_say_what_repeating_is_worth_and_what_a_filter_has_to_earn(recipe):
    at = recipe("Data", n=1, d=40, unique=10, kept=0.25)
    said = words(at)
    found = re.search(r"40B tokens, 4 epochs over 10B unique ones, do as much as \*\*([\d.]+)B fresh tokens", said)
    assert found, said
    assert 36 < float(found[1]) < 40
    assert re.search(r"it pays once a kept token teaches \*\*1\.\d+ times\*\*", said), said
    gains = table(at, "times the data").set_index("source")["times the data"].groupby("source").agg(list)
    assert {5.17, 17.5} <= set(gains["infinite_compute_2025"])
    assert gains["data_mixing_laws_2024"] == [pytest.approx(1.48)]
    claims = table(at, "baseline").set_index("source_id")["value"].groupby("source_id").agg(list)
    assert {"5.17", "17.5"} <= set(claims["infinite_compute_2025"])
    assert "48" in claims["data_mixing_laws_2024"]
    assert "512" in claims["regmix_lm_2024"]


@pytest.mark.row("R63")
def test_a_mixture_is_chosen_by_proxies_and_checked_on_larger_runs(recipe):
    at = recipe("Mixture of data", n=1, d=25, target="pile_cc")
    said = words(at)
    assert re.search(r"For the least loss \(pile\\_cc\): \*\*9\d% pile\\_cc\*\*", said), said
    assert "cost 3.1e+18 FLOPs, 2.05% of your 1.5e+20" in said
    assert re.search(r"On the 64 runs of 1B, 25B tokens.*\*\*0\.97\d\*\*.*\*\*number 1\*\*", said), said
    upload = at.file_uploader(key="planner.recipe.mixture_file")
    at = upload.set_value(("own.csv", own_proxies(), "text/csv")).run()
    assert re.search(r"mean over the domains\): \*\*\d\d% code\*\*, \*\*\d\d% web\*\*", words(at)), words(at)
    coefficients = table(at, "coefficient").set_index("coefficient")
    assert coefficients.loc["c"].tolist() == pytest.approx(TRUE.c, abs=1e-3)


@pytest.mark.row("R60")
def test_two_series_of_runs_are_drawn_with_their_crossing(recipe):
    at = recipe("Where curves cross")
    assert re.search(r"They cross at \*\*[\d.e+]+ FLOPs\*\*|The curves do not cross up to", words(at))
    assert len(at.get("plotly_chart")) == 1


def test_series_that_are_compared_have_the_same_loss_and_five_sizes(shipped_store):
    known = recipe_crossing.series_of(shipped_store.table("runs"))
    sizes = known.groupby(["measured", "series"])["flops"].nunique()
    assert (sizes >= recipe_crossing.LEAST_RUNS).all()
    spread = (known["n_tokens"] / known["n_params"]).groupby([known["measured"], known["series"]]).agg(["min", "max"])
    assert (spread["max"] / spread["min"]).max() < 1.3
    assert any("C4 val loss" in measured for measured, _ in sizes.index)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PROXIES + "1,0.5,0.5,3.1,x\n", "row 2, column 'loss code': 'x' is no number"),
        (PROXIES + "1,0.5,0.5,3.1,2.9\n2,0.5\n", "row 3, column 'share code': '' is no number"),
        (PROXIES + "1,-0.5,1.5,3.1,2.9\n", "'-0.5' is no number of 0 or more"),
        (PROXIES + "1,nan,1.5,3.1,2.9\n", "'nan' is no number"),
        ("a,b\n1,2\n", "has the columns a, b; write 'share NAME'"),
        ("", "has the columns nothing"),
        ("share a,share b,loss a\n\xe9,1,2", "own.csv is no CSV file in UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_where(content, said):
    encoding = "latin-1" if "\xe9" in content else "utf-8"
    with pytest.raises(ValueError, match=re.escape(said)):
        mixture_file.of_file("own.csv", content.encode(encoding))
