"""Only runs that belong together are fitted together, and only with laws that they can tell apart."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.laws import LAWS
from pages.ui.groups import DISTINCT, caution_words, fit_groups
from pages.ui.inputs import DEFAULT_SOURCE, LAW_OF_SOURCE
from results_db import Store

UPLOAD = {"source_id": "upload_1", "dataset_id": "upload_1", "n_params": 1e9, "n_tokens": 2e10, "loss": 2.5}


@pytest.fixture
def runs(shipped_store: Store) -> pd.DataFrame:
    return shipped_store.table("runs").dropna(subset=["n_params", "n_tokens", "loss"])


def test_no_group_mixes_losses_and_every_published_run_that_may_be_fitted_is_in_one(runs: pd.DataFrame) -> None:
    groups = fit_groups(runs, {})
    assert sum(len(group.runs) for group in groups) == runs["fit_group"].notna().sum()
    for group in groups:
        assert group.runs[["source_id", "loss_name"]].drop_duplicates().shape[0] == 1, group.label
    assert len({group.key for group in groups}) == len(groups)


def test_coarse_and_converted_losses_are_offered_only_when_asked_for(runs: pd.DataFrame) -> None:
    usual = {group.label for group in fit_groups(runs, {})}
    more = {group.label for group in fit_groups(runs, {}, unfit=True)} - usual
    assert {"mxfp4_training_2025: not to be fitted", "bitnet_b158_2024: not to be fitted"} <= more
    assert not any("not to be fitted" in label or "bitnet" in label or "paretoq" in label for label in usual)


def test_a_source_with_one_group_keeps_its_name_so_that_shared_addresses_stay_good(runs: pd.DataFrame) -> None:
    keys = {group.key for group in fit_groups(runs, {})}
    assert {DEFAULT_SOURCE, "quartet_2025", "quartet_ii_2026"} <= keys
    assert {"quest_2025: C4", "overtraining_scaling_2024: trained on C4, C4 val loss"} <= keys


def test_a_group_is_offered_for_a_law_only_if_every_input_varies_in_it(runs: pd.DataFrame) -> None:
    groups = {group.key: group for group in fit_groups(runs, {})}
    law = LAWS["chinchilla"]
    assert groups[DEFAULT_SOURCE].can_be_fitted_with(law)
    parscale = groups["parscale_2025: Pile"]  # every run has the same number of tokens
    assert parscale.runs["n_tokens"].nunique() < DISTINCT
    assert not parscale.can_be_fitted_with(law)
    assert parscale.can_be_fitted_with(LAWS["parscale"])
    assert not groups["cloverlm_2026"].can_be_fitted_with(law)  # a single run


def test_the_laws_that_open_with_a_source_can_be_fitted_to_it(runs: pd.DataFrame) -> None:
    groups = fit_groups(runs, {})
    for source, name in LAW_OF_SOURCE.items():
        own = [group for group in groups if group.runs["source_id"].iloc[0] == source]
        assert any(group.can_be_fitted_with(LAWS[name]) for group in own), source


def test_an_upload_is_one_group_under_its_owners_name_and_always_offered(runs: pd.DataFrame) -> None:
    with_upload = pd.concat([runs, pd.DataFrame([UPLOAD])])
    group = next(group for group in fit_groups(with_upload, {"upload_1": "mine"}) if group.uploaded)
    assert (group.key, group.label, len(group.runs)) == ("upload_1", "mine", 1)
    assert group.can_be_fitted_with(LAWS["chinchilla"])


def test_cautions_are_said_in_words_with_their_share(runs: pd.DataFrame, shipped_store: Store) -> None:
    own = runs[runs["source_id"] == "quartet_2025"]
    said = caution_words(own, shipped_store.table("cautions", table_name="runs"))
    assert said[0].startswith("64 of 226 runs: backward pass of a code version with a wrong sign")
    assert caution_words(own[own["caution"].isna()], shipped_store.table("cautions")) == []
