"""The scaling-laws page: every kind of rows, every tab, the gallery, and what it says of laws and published fits."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from laws_page import ROOT, figure, opened, require_verdict, said, table, titles, turned
from settled_pages import settled
from streamlit.testing.v1 import AppTest

from analysis.fits.fitting import fit
from analysis.laws import LAWS
from pages.ui.citing import bibtex
from pages.ui.fit_options import LOSS_WORDS
from pages.ui.groups import COVERAGE, CURVES, coverage_groups, curve_groups, fit_groups
from pages.ui.inputs import laws_on_offer, title_of
from results_db import Store

CURVE_GROUP = "curves: multi_power_law_2025, Llama-style 25M (nominal), peak rate 0.0003"
COVERAGE_GROUP = "coverage: halflearned_rlvr_2026, Qwen3-1.7B-Base, IFEval-style prompts"


@pytest.fixture
def page(shipped_store: Store) -> Callable[..., AppTest]:
    """page(tab, source=..., ...) -> the settled page on the shipped store."""
    shipped_store.close()
    return opened


@pytest.mark.parametrize(
    ("source", "law"),
    [
        ("overtraining_scaling_2024: trained on C4, C4 val loss", "overtraining"),
        ("step_law_2025: dense", "chinchilla"),
        (CURVE_GROUP, "lr_annealing"),
    ],
)
def test_every_kind_of_rows_gets_a_law_a_verdict_and_a_figure(page, source, law):
    at = page(source=source)
    require_verdict(at, law)
    if source.startswith("step_law"):
        turned(at, "Compare laws")
        chosen = at.multiselect(key=f"scaling_laws.compared.{source}").value
        assert len(chosen) >= 3
        assert set(table(at, "aicc_above")["law"]) <= {title_of(laws_on_offer()[name]) for name in chosen}
        assert any(box.value.startswith("Take **") for box in at.success)


def test_the_tabs_of_trust_say_what_is_not_identified_what_was_held_out_and_how_it_was_fitted(page):
    at = page("Profile")
    assert "Not identified: A, B" in titles(at)
    assert "move together" in said(at)
    turned(at, "Hold-out")
    assert titles(at)[1].startswith("Over a step of")
    assert titles(at)[2].startswith("Leaving out one moves the prediction")
    turned(at, "Checklist")
    paragraph = next(code.value for code in at.code if code.value.startswith("We fitted"))
    assert "240 runs from chinchilla_replication_2024" in paragraph
    assert "A, B are not identified" in paragraph
    assert "5 runs that their source left out of its fits are left out" in paragraph


def test_the_next_runs_tab_warns_of_far_predictions_and_stays_within_the_budget(page):
    at = page("What to run next", at_n="100", at_d="2000", budget="5000")
    assert "times the compute of the largest run" in said(at)
    assert any("missed by" in box.value for box in at.warning)
    proposed = table(at, "repeats")
    assert (proposed["flops"] * proposed["repeats"]).sum() <= 5000 * 1.001
    at.number_input(key="scaling_laws.at_n").set_value(1.0)
    at.number_input(key="scaling_laws.at_d").set_value(20.0)
    settled(at.run())
    assert not any("missed by" in box.value for box in at.warning)


def test_a_prediction_in_a_format_gets_runs_in_that_format_or_in_16_bits(page):
    at = page("What to run next", source="quartet_2025", at_forward_format="QuEST")
    assert set(table(at, "repeats")["forward_format"]) <= {"QuEST", "bf16"}


def test_published_fits_are_refitted_and_judged_where_their_runs_are(page):
    at = page("Parameters", source="quartet_2025")
    labels = "\n".join(expander.label for expander in at.expander)
    assert "**newest** is the optimum of its objective (2.1292e-06)" in labels
    assert "**newest** is not the optimum of its objective: 2.248e-06 against 1.8208e-06" in labels
    assert "**hoffmann_form_bf16** is not the optimum" in labels
    assert "@misc{quartet_2025," in said(at)


def test_a_law_without_published_coefficients_says_so(page):
    law = laws_on_offer()["power_law:n_params"]
    at = page("Parameters", source="parscale_2025: Pile", **{"law.parscale_2025: Pile": title_of(law)})
    assert "No published coefficients of this law are in the store" in said(at)


def test_rows_outside_a_laws_validity_are_said_and_drawn_hollow(page):
    source = "quest_2025: C4"
    free = ("E", "A", "B")  # a fit of three is quick
    most = [param for param in LAWS["precision"].params if param.symbol not in free and param.default is None]
    held = ", ".join(f"{p.symbol}={0 if p.symbol.startswith('n_') else p.starts[0]}" for p in most)
    formats = ["bf16 : bf16", *(f"W:TrustQuantizer@{bits} A:TrustQuantizer@{bits} : bf16" for bits in (2, 4, 8))]
    at = page(
        state={f"scaling_laws.formats.{source}": formats},
        source=source,
        **{f"law.{source}": title_of(LAWS["precision"]), "held.precision": held},
    )
    assert any("4 of these rows lie outside the law's validity" in box.value for box in at.warning)
    hollow = [t for t in figure(at)["data"] if t.get("marker", {}).get("symbol", "").endswith("-open")]
    assert [trace["name"] for trace in hollow] == ["published rows, outside the law's validity (4)"]


def test_the_gallery_lists_what_these_rows_feed_and_what_others_lack_and_one_is_asked_or_taken_from_it(page):
    at = page()
    at.button(key="scaling_laws.gallery").click().run()
    assert not at.exception
    headings = [heading.value for heading in at.subheader]
    fed = next(i for i, heading in enumerate(headings) if heading.startswith("These rows feed"))
    assert all(heading.startswith("Others") for heading in headings[fed + 1 :])
    text = said(at)
    assert "For these rows: needs optimizer steps S (steps)." in text
    assert f"it is fitted to {CURVES}, these are runs" in text
    assert f"it is fitted to {COVERAGE}, these are runs" in text
    assert "No published coefficients: it is offered for fitting." in text
    for law in laws_on_offer().values():
        assert f"**{law.title}**" in text
        assert f"`{law.params[0].symbol}` {law.params[0].meaning}" in text
    settled(at.button(key="scaling_laws.ask_it.qat_error").click().run())
    assert "Predicted loss increase" in said(at)
    settled(at.button(key="scaling_laws.gallery").click().run())
    settled(at.button(key="scaling_laws.use.kaplan_joint").click().run())
    assert at.selectbox(key="scaling_laws.law.chinchilla_replication_2024").value == "kaplan_joint"
    at.session_state["scaling_laws.domain"] = "translation"
    at.button(key="scaling_laws.gallery").click().run()
    assert not at.exception
    text = said(at)
    assert "a mixture of languages moves the multiplier only. No published coefficients" in text
    for law in laws_on_offer().values():
        assert (f"**{law.title}**" in text) == (law.domain == "translation"), law.name


def test_the_objective_can_be_chosen_and_is_the_one_minimized(page, chinchilla_runs):
    at = page("Parameters", **{"loss.chinchilla": LOSS_WORDS["least-squares"]})
    fitted = table(at, "fitted").set_index("symbol")["fitted"]
    expected = fit(LAWS["chinchilla"], chinchilla_runs, loss="least-squares", draws=0)
    assert fitted["E"] == pytest.approx(expected.values["E"], rel=1e-3)


@pytest.fixture
def chinchilla_runs() -> pd.DataFrame:
    runs = pd.read_csv(ROOT / "results_db" / "data" / "runs" / "chinchilla_replication_2024.csv")
    return runs[~runs["outlier"]]


def test_curves_of_one_peak_rate_are_one_group_and_feed_only_curve_laws(shipped_store: Store):
    groups = curve_groups(shipped_store.table("loss_curves"), {})
    assert len({group.key for group in groups}) == len(groups)
    for group in groups:
        assert group.runs["peak_learning_rate"].nunique(dropna=False) == 1
        fed = [law for law in LAWS.values() if group.can_be_fitted_with(law)]
        assert all(law.prepare for law in fed)
    assert any(group.key == CURVE_GROUP and group.can_be_fitted_with(LAWS["lr_annealing"]) for group in groups)


def test_coverage_of_one_model_on_one_task_is_one_group(shipped_store: Store):
    groups = {group.key: group for group in coverage_groups(shipped_store.table("coverage"))}
    assert groups[COVERAGE_GROUP].can_be_fitted_with(LAWS["coverage"])
    assert not groups[COVERAGE_GROUP].can_be_fitted_with(LAWS["chinchilla"])


def test_every_law_with_runs_in_the_store_can_be_fitted_to_some_group(shipped_store: Store):
    runs = shipped_store.table("runs").dropna(subset=["n_params", "loss"])
    groups = [
        *fit_groups(runs, {}),
        *curve_groups(shipped_store.table("loss_curves"), {}),
        *coverage_groups(shipped_store.table("coverage")),
    ]
    fed = {name for name, law in laws_on_offer().items() if any(group.can_be_fitted_with(law) for group in groups)}
    assert {
        "chinchilla", "quartet", "overtraining", "parscale", "precision", "kaplan_joint", "kaplan_n", "kaplan_d",
        "kaplan_compute", "lr_annealing", "multi_power_law", "coverage", "power_law:flops", "power_law:n_params",
        "power_law:n_tokens",
    } <= fed  # fmt: skip


def test_bibtex_names_the_source_and_leaves_out_what_is_not_known():
    entry = bibtex(
        {"source_id": "a_2024", "title": "50% of R&D", "year": 2024.0, "arxiv_id": "2404.00001", "link": None}
    )
    assert entry.splitlines() == [
        "@misc{a_2024,",
        "  title = {{50\\% of R\\&D}},",
        "  year = {2024},",
        "  eprint = {2404.00001},",
        "  archiveprefix = {arXiv},",
        "  url = {https://arxiv.org/abs/2404.00001},",
        "}",
    ]
    assert "year" not in bibtex({"source_id": "b", "title": "t", "year": float("nan"), "arxiv_id": None, "link": None})
