"""Every tab of the scaling-laws page, on published runs, on an upload, on a loss curve and on shares of problems."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from laws_page import figure, opened, require_verdict, said, table, titles, turned
from streamlit.testing.v1 import AppTest

from analysis.commands.terms import held_and_tied
from analysis.fits.fitting import fit
from analysis.laws import LAWS
from analysis.laws.terms import Terms, on_terms
from pages.ui.fit_options import LOSS_WORDS, checked
from pages.ui.inputs import title_of
from pages.ui.tasks import Settings
from results_db import Store

TRUTH = {"E": 1.8, "A": 400.0, "B": 1800.0, "alpha": 0.34, "beta": 0.36}
# Rows of every kind: their group, the law that they open with, and another to compare it with.
KINDS = {
    "published": ("parscale_2025: Pile", "parscale", "infinite_compute"),
    "upload": ("mine", "chinchilla", "overtraining"),
    "one curve": (
        "curves: modded_nanogpt_records, modified GPT 124M (nominal), FineWeb, peak rate 0.0018",
        *("lr_annealing", "multi_power_law"),
    ),
    "shares": ("coverage: halflearned_rlvr_2026, Qwen3-1.7B-Base, IFEval-style prompts", "coverage"),
}


def runs_csv() -> bytes:
    """Sixteen runs of a Chinchilla law whose losses scatter by 0.1%, with the column names that people use.

    Those of one family count three times as often as those of the other.
    """
    n_params, tokens = (axis.ravel() for axis in np.meshgrid([7e7, 1.5e8, 4e8, 1e9], [2e9, 5e9, 2e10, 6e10]))
    runs = pd.DataFrame({"n_params": n_params, "n_tokens": tokens})
    noise = 0.001 * np.random.default_rng(0).standard_normal(len(runs))
    runs["val_loss"] = LAWS["chinchilla"].evaluate(TRUTH, runs) * np.exp(noise)
    runs["family"] = np.where(np.arange(len(runs)) % 2, "wide", "deep")
    runs["weight"] = np.where(np.arange(len(runs)) % 2, 1, 3)
    return runs.rename(columns={"n_params": "params", "n_tokens": "tokens"}).to_csv(index=False).encode()


@pytest.fixture
def with_upload(shipped_store: Store) -> str:
    """The key of an upload, `mine`, in the shipped store."""
    shipped_store.commit(shipped_store.preview("mine.csv", runs_csv()))
    runs = shipped_store.table("runs")
    shipped_store.close()
    return str(runs.loc[runs["dataset_id"].notna(), "source_id"].iloc[0])


def has_figure(start: str) -> Callable[[AppTest], bool]:
    return lambda at: any(title.startswith(start) for title in titles(at))


def has_table(*columns: str) -> Callable[[AppTest], bool]:
    return lambda at: any(set(columns) <= set(shown.value) for shown in at.dataframe)


def says(words: str) -> Callable[[AppTest], bool]:
    return lambda at: words in said(at)


NO_SIZES = says("This law does not predict from sizes and tokens: no runs can be proposed.")
NO_MAP = says("This law needs more than sizes and tokens for these rows: there is no map of it.")
# What every tab shows; where it differs by the kind of rows, by kind.
SHOWN = {
    "Residuals": has_table("along", "trend_chance"),
    "Parameters": has_table("symbol", "fitted", "profile from", "identified"),
    "Profile": says("The rise of the objective with one parameter held"),
    "Hold-out": has_figure("Leaving out one moves the prediction"),
    "Compare laws": has_table("law", "held_out", "aicc_above", "left_over"),
    "What to run next": has_table("n_params", "n_tokens", "repeats"),
    "Checklist": says("We fitted"),
    "Iso-loss contours": has_figure("At "),
    "Ask a law": has_table("meaning", "value", "source"),
    "Symbols": has_table("symbol", "meaning"),
    ("Compare laws", "shares"): says("Choose at least two laws."),
    **{("What to run next", kind): NO_SIZES for kind in ("published", "one curve", "shares")},
    **{("Iso-loss contours", kind): NO_MAP for kind in ("published", "one curve", "shares")},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_tab_shows_what_it_is_for(kind, with_upload):
    source, law, *rivals = KINDS[kind]
    group = with_upload if kind == "upload" else source
    rivals = {f"scaling_laws.compared.{group}": [law, *rivals]} if rivals else {}
    at = opened(source=source, state=rivals)
    require_verdict(at, law) if kind in ("published", "upload") else None
    tabs = [tab.label for tab in at.tabs]
    assert set(tabs) == {tab for tab in SHOWN if isinstance(tab, str)}
    for tab in tabs:
        turned(at, tab)
        assert not at.error, (tab, [error.value for error in at.error])
        assert SHOWN.get((tab, kind), SHOWN[tab])(at), (tab, said(at), titles(at))


def test_the_fit_of_an_upload_is_that_of_its_truth_and_is_told_apart_from_published_runs(with_upload):
    at = opened("Parameters", source="mine")
    fitted = table(at, "fitted").set_index("symbol")
    for symbol, value in TRUTH.items():
        row = fitted.loc[symbol]
        assert row["profile from"] <= value <= row["profile to"], (symbol, row.to_dict())
    assert "**Model size: resolution-limited.** alpha 0.3" in said(at)
    assert "**Data: resolution-limited.** beta 0.3" in said(at)
    assert "16 runs, mine" in said(at)
    assert "uploaded runs (16)" in [trace["name"] for trace in figure(at)["data"] if "name" in trace]


# --- held and tied parameters ----------------------------------------------------------------------------------------


def test_a_parameter_is_held_and_two_are_tied_from_the_address(with_upload):
    at = opened("Parameters", source="mine", **{"held.chinchilla": "alpha=beta, E=1.8"})
    fitted = table(at, "fitted").set_index("symbol")
    assert fitted.loc["E", "fitted"] == 1.8
    assert fitted.loc["alpha", "fitted"] == fitted.loc["beta", "fitted"]
    assert fitted.loc["alpha", "profile from"] == fitted.loc["beta", "profile from"]
    assert fitted.loc["alpha", "meaning"].endswith("has the value of beta")
    assert "held: E = 1.8, alpha = beta" in said(at)
    turned(at, "Checklist")
    assert "The fit uses 16 runs from mine" in said(at)
    assert "with 3 free parameters (A, B, beta) and E = 1.8, alpha = beta held" in said(at)


BAD_WORDS = {
    "kappa=1": "law chinchilla has no parameter 'kappa'; it has E, A, B, alpha, beta",
    "alpha": "'alpha' is not SYMBOL=NUMBER or SYMBOL=SYMBOL; write for example E=1.69",
    "alpha=40": "alpha=40 is outside its bounds; write a value from 0.0001 to 5",
    "alpha=alpha": "alpha is tied to alpha, which is tied itself",
    "alpha=beta, alpha=0.3": "alpha=0.3: alpha is tied to beta; give beta that value",
    "E=nan": "law chinchilla has no parameter 'nan'",
}


def understood(words: str) -> Settings:
    fixed, tied = held_and_tied(words)
    return checked(LAWS["chinchilla"], pd.DataFrame(), Settings(fixed=tuple(fixed.items()), tied=tuple(tied.items())))


@pytest.mark.parametrize("words", BAD_WORDS)
def test_words_that_hold_nothing_are_said_with_what_to_write(words):
    with pytest.raises(ValueError) as error:
        understood(words)
    assert BAD_WORDS[words] in str(error.value)


def test_every_fit_option_comes_from_the_address_and_is_that_of_the_command_line(with_upload):
    options = {"per.chinchilla": "E=family", "bounds.chinchilla": "alpha=0.1:0.345", "starts": "16"}
    address = options | {f"weights.{with_upload}": "weight", "loss.chinchilla": LOSS_WORDS["least-squares"]}
    at = opened("Parameters", source="mine", **address)
    fitted = table(at, "fitted").set_index("symbol")["fitted"]
    runs = pd.read_csv(io.BytesIO(runs_csv())).rename(columns={"params": "n_params", "tokens": "n_tokens"})
    law = on_terms(LAWS["chinchilla"], Terms(bounds={"alpha": (0.1, 0.345)}, per={"E": "family"}))
    expected = fit(law, runs.assign(loss=runs["val_loss"]), weights="weight", loss="least-squares", draws=0)
    assert set(fitted.index) == {"E[deep]", "E[wide]", "A", "B", "alpha", "beta"}
    assert fitted.to_dict() == pytest.approx(expected.values, rel=1e-3)
    said_so = "least-squares; alpha within 0.1 and 0.345; E per family; weighted by weight"
    assert said_so in said(at)
    turned(at, "Checklist")
    assert "each run counted by its weight. 16 random starts" in said(at)
    assert "alpha was searched within 0.1 and 0.345" in said(at)


def test_until_the_words_are_right_everything_is_fitted(with_upload):
    at = opened("Parameters", source="mine", **{"held.chinchilla": "kappa=1"})
    assert any("Until then this is left out" in box.value for box in at.warning)
    assert len(table(at, "profile from").dropna(subset="profile from")) == len(TRUTH)


def test_everything_held_leaves_nothing_to_examine_and_says_so(with_upload):
    held = ", ".join(f"{name}={value}" for name, value in TRUTH.items())
    at = opened("Profile", source="mine", **{"held.chinchilla": held})
    assert any("leave nothing to examine" in box.value for box in at.warning)
    assert any("Nothing was free" in box.value for box in at.success)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_too_few_runs_of_an_upload_are_said_with_advice(shipped_store):
    few = b"\n".join(runs_csv().splitlines()[:5])
    shipped_store.commit(shipped_store.preview("few.csv", few))
    shipped_store.close()
    at = opened("Parameters", source="few")
    assert any("4 runs for 5 free parameters. A fit needs more runs" in box.value for box in at.warning)


def test_an_address_that_names_no_dataset_law_or_tab_opens_the_page_as_usual(with_upload):
    at = opened("No such tab", source="nowhere", **{"loss.chinchilla": "cubes"})
    assert "The Chinchilla (Hoffmann et al., approach 3) law fits these 240 runs" in said(at)


def test_a_filter_that_leaves_no_run_is_said(shipped_store):
    shipped_store.close()
    source = "quest_2025: C4"
    none = {f"scaling_laws.formats.{source}": []}
    at = opened(source=source, state=none, **{f"law.{source}": title_of(LAWS["chinchilla"])})
    assert "No run is left. Widen the filters" in said(at)


def test_a_law_that_an_upload_cannot_feed_says_which_number_is_missing(with_upload):
    at = opened(source="mine", **{f"law.{with_upload}": title_of(LAWS["fp_quantization"])})
    lacking = "16 rows lack a number that the law needs (exponent bits or mantissa bits or elements per scale)"
    assert f"No run is left: {lacking}." in said(at)
