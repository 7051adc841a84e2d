"""The tabs of the literature page that show quality by format, gains without fewer bits, coverage and the glossary."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.glossary import help_for
from results_db import Store, meanings

ROOT = Path(__file__).parents[2]


def harness(accuracy: float) -> bytes:
    """Results of one task as the lm-evaluation-harness writes them."""
    results = {"hellaswag": {"acc,none": accuracy}}
    whole = {"results": results, "n-shot": {"hellaswag": 0}, "higher_is_better": {"hellaswag": {"acc": True}}}
    return json.dumps(whole | {"model_name": "me/tiny-1B"}).encode()


OWN = ((0.5, {"method": "baseline", "weight_format": "bf16"}), (0.48, {"weight_format": "int4"}))


@pytest.fixture(scope="module")
def store_path(shipped_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that the tests of this file share and only read: shipped, with two evaluations of a user."""
    path = tmp_path_factory.mktemp("literature") / "atlas.duckdb"
    shutil.copyfile(shipped_file, path)
    with Store.open(path) as store:
        for accuracy, said in OWN:
            facts = said | {"n_params": "1e9", "activation_format": "bf16"}
            store.commit(store.preview(f"{accuracy}.json", harness(accuracy), facts=facts))
    return path


@pytest.fixture
def opened(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """A maker of the page on that store, opened at a tab."""
    monkeypatch.setenv("PRECISION_ATLAS_DB", str(store_path))

    def open_tab(tab: str, **query: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for name, value in {"tab": tab, **query}.items():
            at.query_params[f"literature.{name}"] = value
        at.switch_page("pages/literature.py").run()
        assert not at.exception
        assert not at.error
        return at

    return open_tab


@pytest.fixture
def facts_of(store_path: Path) -> Iterator[Callable[..., pd.DataFrame]]:
    """Rows of a table of that store."""
    with Store.open(store_path) as store:
        yield store.table


def table_with(at: AppTest, column: str) -> pd.DataFrame:
    """The first table of the page that has this column."""
    return next(table.value for table in at.dataframe if column in table.value)


def texts(at: AppTest) -> str:
    return "\n".join(str(element.value) for kind in (at.markdown, at.caption, at.info) for element in kind)


@pytest.mark.row("R09")
def test_quality_shows_recovery_on_one_axis_and_recommends_with_the_papers_claims(opened: Callable) -> None:
    at = opened("Quality", **{"quality.axis": "perplexity, wikitext2, 2048 tokens"})
    said = texts(at)
    assert "perplexity, wikitext2, 2048 tokens: 328 measurements" in said
    assert "Left out: 71 rows: the 16-bit model itself" in said
    figures = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    assert len(figures) == 2
    assert sum(len(trace["customdata"]) for trace in figures[0]["data"]) == 328
    served = table_with(at, "deployment")
    assert list(served["scheme"]) == ["int4 × 16-bit", "e4m3 × e4m3", "int3 × 16-bit"]
    assert list(served["yours"]) == ["96.00% (1 row)", "none evaluated", "none evaluated"]
    claims = table_with(at, "claim_id").set_index("claim_id")["printed"]
    assert claims["give_me_bf16_2024-02"] == "0%"
    assert claims["give_me_bf16_2024-03"] == "-3 to -1%"
    assert claims["code_llm_quant_2025-01"] == "70% less"
    assert at.selectbox(key="literature.quality.axis").options[0] == "accuracy, hellaswag, zero-shot, lm-eval"  # ours
    at.selectbox(key="literature.quality.axis").set_value("accuracy, hellaswag, zero-shot, lm-eval")
    at.selectbox(key="literature.deployment.device").set_value("A100-80GB SXM").run()
    assert list(table_with(at, "deployment")["scheme"])[1] == "int8 × int8"
    assert "191 measurements (190 published, 1 uploaded)" in texts(at)


@pytest.mark.row("R45")
def test_image_models_have_a_board_of_their_own_by_width(opened: Callable) -> None:
    at = opened("Quality", **{"quality.kind": "images read"})
    assert "accuracy, imagenet, top-1" in texts(at)
    claims = table_with(at, "claim_id").set_index("claim_id")
    qua2sedimo = claims.loc[[f"qua2sedimo_2024-0{number}" for number in range(1, 6)], "printed"]
    assert list(qua2sedimo) == ["3.4 bits", "3.9 bits", "3.65 bits", "3.7 bits", "6 bits"]
    assert claims.loc["qua2sedimo_2024-05", "format"] == "A6"
    assert list(claims.loc[["mixdq_2024-01", "mixdq_2024-02"], "printed"]) == ["3 to 4x", "1.45x"]
    assert list(claims.loc[["vidit_q_2024-01", "vidit_q_2024-02"], "printed"]) == ["2.5x", "1.5x"]
    assert claims.loc["mixed_nonlinear_quant_2024-02", "printed"] == "19.6 points"
    at.button_group(key="literature.board.R45.bits").set_value(["6 bits"]).run()
    narrow = table_with(at, "claim_id").set_index("claim_id")
    assert {"mixed_nonlinear_quant_2024-02", "qua2sedimo_2024-05"} <= set(narrow.index)
    assert "mixdq_2024-01" not in narrow.index


@pytest.mark.row("R72")
def test_gains_without_fewer_bits_stand_beside_those_of_formats(opened: Callable) -> None:
    at = opened("Other gains")
    claims = table_with(at, "claim_id").set_index("claim_id")
    assert list(claims.loc[[f"code_var_2024-0{n}" for n in (1, 2, 3)], "printed"]) == ["1.7x", "50% less", "1.98 FID"]
    assert claims.loc["code_var_2024-02", "converted"] == "2x"
    assert claims.loc["code_var_2024-03", "baseline"] == "1.95 without CoDe"
    assert list(claims.loc[[f"hmar_2025-0{n}" for n in (1, 2, 3)], "printed"]) == ["2.5x", "1.75x", "3x"]
    assert "**16 of 32 layers** run for each token" in texts(at)
    at.selectbox(key="literature.plain.speedup").set_value("code_var_2024-01")
    at.selectbox(key="literature.narrow.speedup").set_value("mixdq_2024-02").run()
    assert "together **2.46x** at most" in texts(at)  # 1.7 x 1.45
    at.number_input(key="literature.skip.share").set_value(50.0)
    at.number_input(key="literature.skip.speedup").set_value(3.0).run()
    assert "which allows 2 at most" in at.warning[0].value


def test_coverage_counts_every_row_and_shows_one_in_full(opened: Callable, facts_of: Callable) -> None:
    at = opened("Coverage", **{"coverage.row": "R05 planner: bits x parameters at equal memory (k-bit)"})
    rows = table_with(at, "capability")
    assert len(rows) == 73
    assert [int(metric.value) for metric in at.metric] == [
        (rows["state"] == state).sum() for state in ("working", "partly", "open")
    ]
    said = texts(at)
    assert "must both print 240 Gbit" in said
    known = set(table_with(at, "what")["name"])
    assert known == set(facts_of("row_evidence", row_id="R05")["name"]) | {"kbit_laws_2022-04", "kbit_laws_2022-05"}


@pytest.mark.row("R73")
def test_the_glossary_reaches_every_word_and_every_source(opened: Callable, facts_of: Callable) -> None:
    at = opened("Glossary")
    said = texts(at)
    assert "**16x** less memory and latency, of which **4 to 8x** are often realized" in said
    assert all(f"**{name}**" in said for name in ("Fixed-point and integer", "Floating-point", "Custom"))
    assert set(table_with(at, "word")["word"]) == set(facts_of("glossary")["term"])
    at.button_group(key="literature.map.relevance").set_value([])
    at.text_input(key="literature.term").set_value("SQNR").run()
    assert table_with(at, "word")["word"].iloc[0] == "SQNR"
    assert "**SQNR** (quantization effects)" in texts(at)
    pages = table_with(at, "page")["page"]
    assert {page.rpartition("=")[2] for page in pages} == set(facts_of("sources")["source_id"])


def test_every_word_that_a_page_explains_is_in_the_glossary() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "pages").rglob("*.py"))
    asked = set(re.findall(r'help_for\("([^"]+)"\)', text))
    assert asked
    assert {term.lower() for term in asked} <= set(meanings())
    assert help_for("SQNR").startswith(meanings()["sqnr"])
