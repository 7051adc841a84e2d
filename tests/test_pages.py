"""Every page as a person meets it: with the shipped store, with an empty one, with a broken one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from settled_pages import settled
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

import app
from results_db import Store

ROOT = Path(__file__).resolve().parents[1]
PAGES = {name: title for rows in app.PAGES.values() for name, title, _ in rows}
LAW_OF_CSV = {"E": 1.8, "A": 400.0, "B": 1800.0, "alpha": 0.34, "beta": 0.36}


def runs_csv() -> bytes:
    """Runs of a known law, with the column names and units that people use."""
    law = LAW_OF_CSV
    lines = ["params,tokens,val_loss,precision"]
    for n in (70, 150, 400, 1000):
        for d in (2, 5, 20, 60):
            loss = law["E"] + law["A"] / (n * 1e6) ** law["alpha"] + law["B"] / (d * 1e9) ** law["beta"]
            lines.append(f"{n}M,{d}B,{loss:.8f},bfloat16")
    return "\n".join(lines).encode()


@pytest.fixture
def opened(own_store_path: Path, shipped_file: Path, empty_file: Path) -> Callable[..., AppTest]:
    """A maker of pages on this test's own store: shipped, empty, or as the test has left it."""

    def open_page(page: str, store: str = "shipped", **query: str) -> AppTest:
        template = {"shipped": shipped_file, "empty": empty_file}.get(store)
        if template:
            shutil.copyfile(template, own_store_path)
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for name, value in query.items():
            at.query_params[name] = value
        return settled(at.switch_page(f"pages/{page}.py").run())

    return open_page


def words(at: AppTest) -> str:
    """Everything a page says outside its tables and figures."""
    kinds = (at.markdown, at.caption, at.success, at.info, at.warning, at.error, at.text)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def figures(at: AppTest) -> list[dict]:
    """The page's figures as plotly JSON."""
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def table_with(at: AppTest, column: str):
    """The first table of the page that has this column."""
    return next(table.value for table in at.dataframe if column in table.value)


def upload(at: AppTest, name: str, data: bytes, page: str = "results") -> AppTest:
    """Drops a file on the page's newest drop zone."""
    number = at.session_state[f"{page}.upload_number"]
    at.file_uploader(key=f"{page}.file.{number}").set_value((name, data, "text/csv")).run()
    assert not at.exception
    return at


def test_a_page_opened_first_stands_in_the_apps_own_navigation(opened):
    at = opened("planner")
    assert PagesManager.uses_pages_directory is False
    assert at.title[0].value == "Planner"


@pytest.mark.parametrize("store", ["shipped", "empty"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_renders_with_and_without_data(opened, page, store):
    at = opened(page, store)
    assert not at.exception
    assert not at.error
    assert at.title[0].value == ("Precision Atlas" if page == "overview" else PAGES[page])


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_store_is_said_and_left_as_it_is(opened, page, own_store_path):
    own_store_path.write_bytes(b"not a database, but somebody's bytes" * 100)
    before = own_store_path.read_bytes()
    at = opened(page, "as it is")
    assert not at.exception
    if page != "formats":  # the one page that needs no store
        assert "is not a store" in at.error[0].value
    assert own_store_path.read_bytes() == before


@pytest.mark.parametrize("page", [name for name in PAGES if name != "formats"])
def test_a_store_that_vanishes_is_said_and_not_made_anew(opened, page, own_store_path):
    at = opened(page)
    own_store_path.unlink()
    at.run()
    assert not at.exception
    assert "is gone" in at.error[0].value
    assert not own_store_path.exists()


def test_the_overview_answers_in_one_sentence_with_an_interval(opened):
    at = opened("overview")
    sentence = at.success[0].value
    assert sentence.startswith("Train **")
    assert "predicted loss **" in sentence
    assert "Probability of the lowest loss" in sentence
    table = table_with(at, "P(win)")
    assert table["P(win)"].sum() == pytest.approx(1, abs=0.01)
    assert (table["95% from"] < table["loss [nats/token]"]).all()
    best = table.loc[table["loss [nats/token]"].idxmin()]
    assert f"**{best['parameters']}** parameters on **{best['tokens']}** tokens" in sentence
    labels = [trace["text"][0] for trace in figures(at)[0]["data"]]
    assert len(labels) == len(table)
    assert "(14 days, " in labels[0], labels  # the best scheme takes all the time there is


def test_the_overview_warns_before_the_answer_when_the_law_is_stretched(opened):
    assert any("x the compute of the largest run behind the law" in c.value for c in opened("overview").caption)


def test_a_device_without_fp4_says_so_and_still_gets_an_answer(opened):
    at = opened("overview", **{"overview.device": "A100-80GB SXM"})
    assert not at.exception
    assert at.success[0].value.startswith("Train **")
    assert "no native FP4 rate" in words(at)


@pytest.mark.parametrize(
    ("n_max", "d_over_n", "winner"),
    [("1", "20", "fp8:fp4"), ("1", "100", "fp8:fp4"), ("1", "1000", "fp4:fp4"), ("0.1", "100", "fp4:fp4")],
)
def test_the_planner_names_the_winners_of_the_paper(opened, n_max, d_over_n, winner):
    """Source: Quartet's newest coefficients under its bit-operations model."""
    query = {
        "planner.coefficients": "published, newest snapshot",
        "planner.n_max": n_max,
        "planner.d_over_n": d_over_n,
    }
    at = opened("planner", **query)
    assert any(said.value.startswith(f"**{winner}** wins") for said in at.info)
    assert table_with(at, "loss")["loss"].notna().all()
    assert "published without an interval" in words(at)


def test_the_planner_marks_the_models_of_the_paper_and_offers_its_measured_speeds(opened):
    at = opened("planner")
    marked = {name for trace in figures(at)[0]["data"] for name in trace.get("text") or []}
    assert {"Llama-3 70B", "Qwen-2.5 72B", "Gemma 3 27B"} <= marked
    speeds = at.selectbox(key="planner.speed").options
    assert any("RTX 5090" in name for name in speeds)
    at.selectbox(key="planner.speed").set_value(next(name for name in speeds if "RTX 5090" in name)).run()
    assert not at.exception
    assert "measured for" in words(at)


def test_the_laws_page_shows_the_published_quartet_fit_and_a_better_optimum(opened):
    at = opened("scaling_laws", **{"scaling_laws.source": "quartet_2025", "scaling_laws.tab": "Parameters"})
    said = words(at)
    assert "has objective **2.248e-06** on these 24 runs; this fit reaches **1.8208e-06**" in said
    # On the runs that its authors used, the published set is the optimum (docs/decisions.md).
    assert "it has 2.1292e-06 and the best fit 2.1292e-06" in said
    table = table_with(at, "fitted").set_index("symbol")
    assert table.loc["E", "fitted"] == pytest.approx(1.627, abs=1e-3)
    assert table.loc["eff_n[QuEST]", "fitted"] == pytest.approx(0.641, abs=2e-3)
    assert len(table) > 6


def test_the_laws_page_says_that_chinchilla_a_and_b_are_not_identified(opened):
    at = opened("scaling_laws", **{"scaling_laws.tab": "Parameters"})
    assert "Not identified. A, B" in words(at)
    table = table_with(at, "fitted").set_index("symbol")
    assert list(table.index[table["identified"] == "no"]) == ["A", "B"]
    published = [name for name in table.columns if "," in name]
    assert published, "no published coefficients beside the fit"


def test_an_upload_is_previewed_then_imported_then_fitted_then_deleted(opened, own_store_path):
    at = upload(opened("results"), "mine.csv", runs_csv())
    assert "mine.csv: a table of 16 runs, all good." in words(at)
    at.button(key="results.import").click().run()
    assert "16 training runs imported." in words(at)
    dataset = next(b.key for b in at.button if str(b.key).startswith("results.undo.")).rsplit(".", 1)[1]
    fit = opened("scaling_laws", "as it is", **{"scaling_laws.source": "mine", "scaling_laws.tab": "Parameters"})
    fitted = table_with(fit, "fitted").set_index("symbol")["fitted"]
    assert fitted[list(LAW_OF_CSV)].to_dict() == pytest.approx(LAW_OF_CSV, rel=2e-3)
    at = opened("results", "as it is")
    at.button(key=f"results.delete.{dataset}").click().run()
    assert not at.exception
    assert "No file was imported yet" in words(at)
    assert "mine: 16 training runs, deleted" in words(at)


def test_a_second_upload_of_the_same_content_adds_nothing(opened):
    at = upload(opened("results"), "mine.csv", runs_csv())
    at.button(key="results.import").click().run()
    upload(at, "again.csv", runs_csv())
    assert "in the store already" in words(at)


BAD_FILES = {
    "page.csv": (b"<html><body>Sign in</body></html>", "web page"),
    "notes.csv": (b"name,remark\na,b\n", "no table of runs"),
    "loss.csv": (b"n_params,n_tokens,loss\n1e9,2e10,-1\n", "row 2: loss is '-1'; write the final loss in nats"),
    "tokens.csv": (
        b"n_params,n_tokens,loss\n1e9,20B tok,2.5\n",
        "n_tokens is '20B tok'; write 2e10, 20B or 20000000000",
    ),
    "nan.csv": (b"n_params,n_tokens,loss\n1e9,2e10,NaN\n", "row 2: loss is 'NaN'"),
    "twice.csv": (b"n_params,n_tokens,loss\n1e9,2e10,2.5\n1e9,2e10,2.5\n", "repeats row 2"),
    "none.csv": (b"n_params,n_tokens,loss\n", "a header but no rows"),
    "wide.csv": ((",".join(f"c{i}" for i in range(300)) + "\n").encode(), "300 columns"),
    "odd.csv": (b"n_params,n_tokens,loss,mood\n1e9,2e10,2.5,fine\n", "mood"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gets_a_sentence_stores_nothing_and_the_page_goes_on(opened, own_store_path, name):
    data, sentence = BAD_FILES[name]
    at = upload(opened("results"), name, data)
    listed = [row for t in at.dataframe if "advice" in t.value for row in t.value.to_dict("records")]
    said = [words(at), *(f"row {r['row']}: {r['column']} is {r['value']!r}; {r['advice']}" for r in listed)]
    assert sentence in "\n".join(said)
    at.switch_page("pages/planner.py").run()
    assert not at.exception
    at.switch_page("pages/results.py").run()
    assert "My datasets (0)" in [expander.label for expander in at.expander]


def test_text_of_an_upload_is_never_markup(opened):
    data = b"run,params,tokens,loss,note\n<script>alert(1)</script>,1e9,2e10,2.5,**bold** [x](http://x)\n"
    at = upload(opened("results"), "<img src=x>.csv", data)
    assert not any("<script>" in str(m.value) or "<img" in str(m.value) for m in at.markdown)
    at.button(key="results.import").click().run()
    assert not at.exception
    assert not any("<script>" in json.dumps(figure) for figure in figures(at))


def test_the_probe_lists_every_kernel_that_cannot_run_here_with_its_reason(opened):
    refused = table_with(opened("probe"), "why it cannot run here")
    assert {"mm_nvfp4", "mm_mxfp4"} <= set(refused["kernel"])
    assert refused["why it cannot run here"].str.len().min() > 20


def test_the_store_made_by_the_first_page_is_whole(own_store_path):
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not at.exception
    from pages.ui import session

    session._opened_store.clear()
    with Store.open(own_store_path) as store:
        assert store.check() == []
        assert store.status()["rows"]["runs"] > 400
