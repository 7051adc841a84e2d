"""The literature page: claims are found, drawn in one unit, opened as cards, and gathered by paper."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import figures_literature, implemented, literature_board, literature_papers
from pages.ui.literature_words import BASELINES, OTHER_BASELINE, kind_of
from results_db import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def claims() -> pd.DataFrame:
    """The shipped claims in words, with years and a status."""
    data = ROOT / "results_db" / "data"
    years = pd.read_csv(data / "sources.csv")[["source_id", "year"]]
    shipped = pd.read_csv(data / "claims.csv").merge(years, on="source_id")
    return literature_board.worded(shipped).assign(status="consistent", found="")


def said(at: AppTest) -> str:
    return (
        "\n".join(str(part.value) for kind in (at.markdown, at.caption) for part in kind)
        .replace("\\", "")
        .replace("**", "")
    )


def test_a_search_a_card_and_a_paper_of_an_address_are_shown(own_store_path: Path, shipped_file: Path) -> None:
    shutil.copyfile(shipped_file, own_store_path)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    at.query_params["literature.claim"] = "fp8_lm_2023-02"
    at.query_params["literature.search"] = "fp8-lm"
    at.switch_page("pages/literature.py").run()
    assert not at.exception
    words = said(at)
    assert "FP8-LM: speedup 64% faster = 1.64x" in words
    assert "Against: BF16 Megatron-LM" in words
    assert "Computed here: 100%, which is not below the printed 64% faster" in words
    assert list(at.dataframe[0].value["converted"]) == ["1.72x", "1.64x", "1.17x"]  # of 42%, 64% and 17%
    at.multiselect(key="literature.filter.metric").set_value(["speedup"]).run()
    assert len(at.dataframe[0].value) == 2
    at.session_state["literature.tab"] = "Papers"
    at.session_state["literature.paper"] = "overtraining_scaling_2024"
    at.run()
    assert not at.exception
    assert at.query_params["literature.paper"] == "overtraining_scaling_2024"
    claims, stored, here = (table.value for table in at.dataframe)
    assert (claims["status"] == "reproduced").sum() >= 4
    assert stored.set_index("table")["rows"]["runs"] == 312
    assert ("law", "overtraining") in set(zip(here["kind"], here["name"], strict=True))
    assert "@misc{overtraining_scaling_2024," in at.code[0].value


def test_a_format_s_paper_is_found_by_its_arxiv_number_with_the_kernels_of_its_format(shipped_store: Store) -> None:
    sources = shipped_store.table("sources").set_index("source_id", drop=False)
    found = implemented.implemented(sources.loc["fp8_formats_2022"].to_dict())
    named = found.groupby("kind")["name"].agg(set)
    assert {"e4m3", "e5m2"} <= named["format"]
    assert "mm_fp8" in named["kernel of its format"]
    assert "fp8_formats_2022-02" in named["check"]
    without_link = sources[sources["link"].isna()]
    assert len(without_link)
    assert all(literature_papers.heading(source) for source in sources.to_dict("records"))
    unchecked = sources[~sources["arxiv_verified"].fillna(True).astype(bool) & sources["arxiv_id"].notna()].iloc[0]
    assert "eprint" not in literature_papers.citation(unchecked.to_dict())


def test_claims_read_as_printed_and_in_one_unit_and_say_what_they_are_compared_with(claims: pd.DataFrame) -> None:
    claims = claims.set_index("claim_id", drop=False)
    words = dict(zip(claims.index, zip(claims["printed"], claims["converted"], strict=True), strict=True))
    assert words["fp8_lm_2023-01"] == ("42% less", "1.72x")
    assert words["scale_selective_2025-03"] == ("33 to 53% less", "1.49 to 2.13x")
    assert words["mus_fp8_2025-01"] == ("1B to 13B params", "")
    assert words["patch_scaling_2025-01"] == ("50,176 tokens", "")
    kinds = {text: kind_of(text, BASELINES, OTHER_BASELINE) for text in claims["baseline"]}
    assert kinds["BF16 Megatron-LM"] == kinds["5.12 FP16 (derived)"] == "16 bits"
    assert kinds["NVIDIA Transformer Engine"] == OTHER_BASELINE
    assert kind_of(None, BASELINES, OTHER_BASELINE) == "not stated"
    bits = claims["bits"]
    assert bits.dropna().between(1, 64).all()
    assert (bits["marlin_2024-01"], bits["aptq_2024-02"], bits["paretoq_2025-03"]) == (4, 3.8, 1)


@pytest.mark.parametrize("along", figures_literature.AXES)
@pytest.mark.parametrize("name", figures_literature.MEASURES)
def test_a_figure_never_gives_two_kinds_of_baseline_one_color(claims: pd.DataFrame, name: str, along: str) -> None:
    measure = figures_literature.MEASURES[name]
    shown = figures_literature.of_measure(claims, measure)
    shown = shown[shown[along].notna()]
    figure = figures_literature.claims_figure(shown, measure, along, "title")
    drawn = [trace for trace in figure.data if trace.customdata is not None]
    assert sum(len(trace.customdata) for trace in drawn) == len(shown)
    kinds = shown.set_index("claim_id")["baseline_kind"]
    assert all(kinds[trace.customdata[:, 0]].nunique() == 1 for trace in drawn)
    assert len({trace.marker.color for trace in drawn}) == len(drawn)
    assert set(shown["normalized_unit"]) <= {measure.unit}
