"""The planner's law calculator: predictions, what follows, schedules, pruning, and points of one's own."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from laws_page import arrive, table

from analysis.laws import LAWS, get_law
from analysis.laws.columns import COLUMNS
from analysis.laws.domains import DOMAINS
from pages.ui.any_law_inputs import FURTHER, laws_of, usual_number, usual_values
from pages.ui.any_law_points import read_points
from pages.ui.planner_any_law import follows
from pages.ui.task_trends import with_family

plain_laws = pytest.mark.parametrize("name", [name for name, law in LAWS.items() if not law.prepare])


@pytest.mark.row("R58", "R59", "R62", "R64", "R65")
def test_any_law_of_any_domain_predicts_and_says_what_follows(own_store_path, shipped_file):
    shutil.copyfile(shipped_file, own_store_path)
    at = arrive("Any law", "planner")
    assert not at.exception
    assert at.success[0].value.startswith("Loss: **2.")
    at.pills(key="planner.any_law.domain").set_value("reinforcement learning").run()
    assert not at.exception
    assert at.success[0].value.startswith("Pass rate of single samples: **")
    assert "compute that reaches a pass rate [GPU-hours]" in set(table(at, "quantity")["quantity"])
    assert "scalerl_2025-02" in set(table(at, "claim_id")["claim_id"])
    at.pills(key="planner.any_law.domain").set_value("recommendation").run()
    assert {"hstu_2024-01", "hstu_2024-05"} <= set(table(at, "claim_id")["claim_id"])
    assert "values typed above" in at.success[0].value  # no published coefficients
    at.pills(key="planner.any_law.domain").set_value("language models").run()
    at.selectbox(key="planner.any_law.law.language models").set_value("average_parameters").run()
    assert not at.exception
    assert "law chinchilla" in str(at.selectbox(key="planner.any_law.set.average_parameters").value)
    follow = table(at, "quantity")
    assert follow["value"].tolist() == ["750M"]  # of 1B, pruned from 25% to 75% of training to half
    assert len(table(at, "prune_start")) == 80
    at.selectbox(key="planner.any_law.law.language models").set_value("loss_to_error").run()
    assert not at.exception
    assert {"no trend", "rises, then falls"} == set(table(at, "trend")["trend"])  # of 2 to 4 bits only
    at.selectbox(key="planner.any_law.law.language models").set_value("lr_annealing").run()
    assert not at.exception
    sentence = at.success[0].value
    assert "stands for 240 runs that each end at one of them, at **0.83%**" in sentence  # lr_annealing_law_2024-01


@plain_laws
def test_every_law_predicts_from_the_numbers_at_first_and_derives_what_it_can(name):
    law = LAWS[name]
    values = usual_values(law) | {param.symbol: 1.0 for param in law.groups}
    numbers = {n: usual_number(n) for n in law.numeric_inputs}
    given = {n: usual_number(n) for own in law.derived for n in own.given if n not in law.groups}
    groups = {str(param.per): "mine" for param in law.groups}
    assert np.isfinite(float(np.ravel(law.evaluate(values, {n: [v] for n, v in (numbers | groups).items()}))[0]))
    table = follows(law, values, given | numbers | groups)
    assert len(table) == len(law.derived)
    for own in law.derived:
        assert all(n in COLUMNS or n in FURTHER for n in own.given), (name, own.given)


def test_every_law_is_offered_in_one_domain_of_its_own():
    offered = [name for domain in DOMAINS for name in laws_of(domain) if name not in DOMAINS[domain].general]
    assert sorted(offered) == sorted(set(LAWS) - {"power_law"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"amount,loss\n1,2\n", "no column 'flops'"),
        (b"flops,loss\n1e20,2\n-3,2\n", "row 3: flops is -3"),
        (b"\xff\xfe\x00", "no CSV table in UTF-8"),
    ],
)
def test_points_that_a_law_cannot_use_are_told_by_row_and_column(content, message):
    with pytest.raises(ValueError, match=message):
        read_points(content, get_law("power_law:flops"))


@pytest.mark.row("R64")
def test_points_of_a_domain_are_read_for_its_general_form():
    points = read_points(b"image_tokens,loss,note\n196,2.1,a\n784,1.9,b\n", get_law("power_law:image_tokens"))
    assert points["image_tokens"].tolist() == [196.0, 784.0]


@pytest.mark.parametrize(
    ("model", "family"),
    [("Llama-2-7B", "Llama-2"), ("OPT-1.3b", "OPT"), ("Mixtral-8x7B-v0.1", "Mixtral-v0.1"), ("Pythia 410M", "Pythia")],
)
def test_the_family_of_a_model_is_its_name_without_its_size(model, family):
    assert with_family(pd.DataFrame({"model": [model]}))["family"].tolist() == [family]
