"""The planner's test-time tab: its answer by default, without a budget, and on samples of one's own."""

from __future__ import annotations

import math
import shutil

import pytest
from laws_page import arrive, said, table

from pages.ui.test_time_published import samples_of_plans, through_two
from pages.ui.test_time_samples import read_samples

OWN = """problem,configuration,cost,samples,right
q1,hot,1,50,5
q1,cold,1,50,0
q2,hot,1,50,0
q2,cold,1,50,40
q3,hot,1,50,30
q3,cold,1,50,25
q4,hot,1,50,1
q4,cold,1,50,0
"""


@pytest.mark.row("R68", "R69", "R70", "R71")
def test_the_tab_answers_with_a_model_its_samples_the_splits_and_what_a_wrong_budget_lacks(
    own_store_path, shipped_file
):
    shutil.copyfile(shipped_file, own_store_path)
    at = arrive("Test time", "planner")
    assert not at.exception
    answer = at.success[0].value
    assert "**Llama-3-8B-Instruct** solves most: **38 samples hold**" in answer
    assert "beyond 4,096 samples a doubling adds less than one point" in answer
    words = said(at)
    assert "7 samples are best" in str([chart.proto.spec for chart in at.get("plotly_chart")])  # under ten
    assert "as many FLOPs to train and serve as **53.0 times the inference**" in words
    assert "**2.5x less**" in words  # a query after offline thinking
    assert "act like **1.82 times** its parameters" in words
    assert "**5 samples for 0.036 USD** reach what Claude 3.5 Sonnet" in words
    assert "plansearch_2024 solves 77% of LiveCodeBench with 200 samples" in words
    assert "costs 8.8x one of Llama-3-8B-Instruct by their parameters" in words
    formats = table(at, "served in").set_index("served in")
    assert formats.loc["fp8 (W8A8)", "samples"] >= 2 * formats.loc["bf16", "samples"]
    assert len(table(at, "claim_id")) > 40
    at.file_uploader(key="planner.test_time.own").set_value(("own.csv", OWN.encode(), "text/csv")).run()
    assert not at.exception
    curves = table(at, "of 1 sample").set_index("configuration")
    assert curves.loc["hot", "of 1 sample"] == pytest.approx(100 * (5 + 0 + 30 + 1) / 200)
    assert curves.loc["cold", "of all samples"] == pytest.approx(50)
    assert "The mix solves **" in said(at)
    at.number_input(key="planner.test_time.budget").set_value(1e-6).run()
    assert not at.exception
    assert "This budget pays for no sample" in at.warning[0].value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"problem,samples\nq1,5\n", "lacks right"),
        (b"problem,samples,right\nq1,5,6\n", "row 2: right is '6'; write a number from 0 to the samples"),
        (b"problem,samples,right\nq1,5,1\nq2,many,1\n", "row 3: samples is 'many'; write a number from 1 on"),
        (b"\xff\xfe\x00", "no CSV table in UTF-8"),
        (b"problem,samples,right\n", "0 rows"),
    ],
)
def test_a_table_of_samples_that_cannot_be_read_is_told_by_row_and_column(content, message):
    with pytest.raises(ValueError, match=message):
        read_samples(content)


@pytest.mark.row("R70")
def test_plain_samples_that_match_planned_ones_lie_on_the_curve_through_two_points():
    need = samples_of_plans(0.414, (200.0, 0.606), 0.77)
    values = through_two((1.0, 0.414), (200.0, 0.606))
    assert values["a"] == pytest.approx(math.log(0.414))
    assert math.exp(values["a"] * need ** values["b"]) == pytest.approx(0.77)
    assert need > 200


@pytest.mark.row("R68")
@pytest.mark.parametrize(("one", "many"), [(0.159, (250, 0.56)), (0.495, (256, 0.977)), (0.414, (200, 0.77))])
def test_a_curve_through_two_published_points_rises_and_stays_below_all(one, many):
    from analysis.laws import LAWS

    values = through_two((1.0, one), many)
    reached = LAWS["coverage"].evaluate(values, {"samples": [1.0, many[0], 1e4, 1e8]})
    assert reached[:2] == pytest.approx([one, many[1]])
    assert one < many[1] < reached[2] < reached[3] < 1
