"""The facts that ship with the program: each with its source, its cautions, and plausible."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results_db import Store
from results_db.shipped import SHIPPED, data_files

Tables = Callable[[str], pd.DataFrame]


def test_all_245_chinchilla_runs_are_there_and_the_five_highest_losses_are_the_outliers(facts: Store) -> None:
    runs = facts.table("runs", source_id="chinchilla_replication_2024")
    assert len(runs) == 245
    assert set(runs.nlargest(5, "loss")["run_id"]) == set(runs[runs["outlier"]]["run_id"])
    assert np.allclose(runs["flops"], 6 * runs["n_params"] * runs["n_tokens"], rtol=1e-9)


def test_every_quartet_run_has_a_known_method_on_both_sides(facts: Store) -> None:
    runs = facts.table("runs", source_id="quartet_2025")
    methods = facts.table("methods", source_id="quartet_2025")
    assert len(runs) == 226
    for side in ("forward", "backward"):
        known = set(methods[methods["role"].isin([side, "both"])]["method"])
        assert set(runs[f"{side}_format"]) == known
    baseline = runs[(runs["forward_format"] == "bf16") & (runs["backward_format"] == "bf16")]
    assert (baseline["n_params"] < 204e6).sum() == 24


OF_OURS = ("sources", "cautions", "capabilities", "row_evidence", "glossary")  # rows that no source prints


@pytest.mark.parametrize("table", [table for table in SHIPPED if table not in OF_OURS])
def test_every_row_names_its_source_and_where_in_it(table: str, facts: Store) -> None:
    rows = facts.table(table)
    known = set(facts.table("sources")["source_id"])
    assert len(rows)
    assert set(rows["source_id"]) <= known
    assert (rows["locator"].str.strip().str.len() > 0).all()
    for column, value in {"tokens_source_id": "tokens_trained_t", "eff_source_id": "eff"}.items():
        if column in rows:
            assert set(rows[column].dropna()) <= known
            assert (rows[value].notna() == rows[column].notna()).all()


def test_no_shipped_number_is_recalled_from_memory(facts: Store) -> None:
    for table in ("law_coefficients", "devices", "prices_energy", "coverage"):
        assert set(facts.table(table)["evidence"]) <= {"primary", "secondary"}


def test_every_source_can_be_found_once_and_no_unchecked_identifier_is_a_link(facts: Store) -> None:
    sources = facts.table("sources")
    assert (sources["title"].str.len() > 3).all()
    assert sources["link"].dropna().str.startswith("https://").all()
    assert sources["arxiv_id"].dropna().str.fullmatch(r"\d{4}\.\d{4,5}").all()
    for column in ("title", "arxiv_id"):
        assert not sources[column].dropna().duplicated().any(), column
    assert (sources["arxiv_verified"].isna() == sources["arxiv_id"].isna()).all()
    unchecked = sources[sources["arxiv_verified"] == False]  # noqa: E712
    assert len(unchecked) > 100
    assert not unchecked["link"].fillna("").str.contains("arxiv.org").any()


@pytest.mark.parametrize("table", ["runs", "loss_curves", "quality"])
def test_every_shipped_row_beside_those_of_users_is_published(table: str, facts: Store) -> None:
    rows = facts.table(table)
    assert set(rows["origin"]) == {"published"}
    assert rows["dataset_id"].isna().all()


# Words and numbers of whoever looked the facts up; they lead a reader nowhere.
OF_THE_SEARCH = re.compile(
    r"\bindex (cop|file|id)|code-index|(docs|pages|text) index|stored text|laws\.md"
    r"|(?<![\[\d=])\b\d{11}\b(?![\].])(?! linear| of)"
)


@pytest.mark.parametrize("table", SHIPPED)
def test_no_shipped_text_says_how_it_was_found_or_hides_a_character(table: str, shipped_text: Tables) -> None:
    frame = shipped_text(table)
    for column in frame:
        hidden = [cell for cell in frame[column].unique() if not cell.isprintable()]
        assert not hidden, (column, hidden[:2])
    for column in {"note", "locator", "title", "params_basis"} & set(frame):
        told = [cell for cell in frame[column].unique() if OF_THE_SEARCH.search(cell)]
        assert not told, (column, told[:2])


def test_the_shipped_files_stay_small_and_the_large_ones_have_a_sample_to_read(shipped_text: Tables) -> None:
    data = resources.files("results_db") / "data"
    files = [file for table, _ in SHIPPED.values() for file in data_files(table)]
    assert sum(len(file.read_bytes()) for file in files) < 6e6
    for table, (entry, _) in SHIPPED.items():
        if entry.endswith(".parquet"):
            sample = pd.read_csv(str(data / f"{table}.sample.csv"), dtype=str, keep_default_na=False)
            whole = shipped_text(table)
            assert list(sample) == list(whole)
            assert set(sample.itertuples(index=False, name=None)) <= set(whole.itertuples(index=False, name=None))
            assert set(sample["source_id"]) & set(whole["source_id"])


def test_a_first_start_takes_less_than_three_seconds_of_work(tmp_path: Path) -> None:
    before = time.process_time()
    Store.create(tmp_path / "first.duckdb").close()
    assert time.process_time() - before < 3


PLAUSIBLE = {
    ("runs", "loss"): (0.9, 8),  # code models reach losses below 1
    ("runs", "n_params"): (1e7, 2e10),
    ("runs", "n_tokens"): (5e7, 1e12),
    ("runs", "flops"): (1e17, 1e24),
    ("runs", "block_size"): (16, 256),
    ("runs", "streams"): (1, 8),
    ("loss_curves", "loss"): (2.5, 10),
    ("loss_curves", "n_params"): (2e7, 5e8),
    ("loss_curves", "step"): (1, 80_000),
    ("loss_curves", "learning_rate"): (0, 0.02),
    ("loss_curves", "batch_tokens"): (1e5, 1e6),
    ("quality", "n_params"): (1e8, 1e12),
    ("quality", "weight_bits"): (1, 32),
    ("quality", "block_size"): (16, 128),
    ("lr_batch_runs", "loss"): (2.1, 12),
    ("lr_batch_runs", "learning_rate"): (1e-4, 0.03),
    ("lr_batch_runs", "batch_tokens"): (3e4, 1e7),
    ("mixture_runs", "loss"): (0.8, 9),
    ("gemm_measured", "tflops"): (0.3, 4000),
    ("gemm_measured", "percent_of_peak"): (40, 100),
    ("gemm_measured", "m"): (64, 2**18),
    ("training_efficiency", "n_params"): (1e8, 2e13),
    ("training_efficiency", "n_devices"): (1, 40_000),
    ("efficiency_relation", "mse"): (5e-5, 0.6),
    ("efficiency_relation", "alignment"): (0.5, 1.01),
    ("efficiency_relation", "cosine"): (0.7, 1),
    ("efficiency_relation", "eff"): (0, 1.02),
    ("coverage", "k"): (1, 10_000),
    ("devices", "memory_gb"): (16, 300),
    ("devices", "bandwidth_gb_s"): (250, 10_000),
    ("devices", "tdp_w"): (50, 1500),
    ("devices", "link_gb_s"): (50, 1000),
    ("devices", "link_peer_gb_s"): (50, 1000),
    ("devices", "fp32_tflops"): (5, 300),
    ("devices", "bf16_tflops"): (50, 3000),
    ("devices", "fp8_tflops"): (200, 6000),
    ("devices", "fp4_tflops"): (1000, 16_000),
    ("models", "params_total_b"): (0.05, 2000),
    ("models", "tokens_trained_t"): (0.001, 50),
    ("models", "layers"): (4, 130),
    ("models", "params_diff_pct"): (-5, 26),  # against names that round down: Gemma 2B counts 2.5e9
    ("models", "year"): (2019, 2026),
}
# Table, column that names the unit, value of that column -> plausible range.
PLAUSIBLE_BY_UNIT = {
    ("throughput", "metric", "latency_ms"): (0.005, 2000),
    ("throughput", "metric", "speedup"): (0.4, 5),
    ("throughput", "metric", "tokens_per_s"): (0.5, 1e6),
    ("throughput", "metric", "gbps"): (50, 8000),
    ("throughput", "metric", "tflops"): (100, 2500),
    ("training_efficiency", "metric", "mfu"): (10, 75),
    ("training_efficiency", "metric", "hfu"): (15, 85),
    ("training_efficiency", "metric", "tflops_per_gpu"): (30, 5000),
    ("training_efficiency", "metric", "tokens_per_s_per_gpu"): (10, 2e5),
    ("training_efficiency", "metric", "gpu_hours"): (1e3, 1e8),
    ("prices_energy", "kind", "gpu_hour_usd"): (0.5, 20),
    ("prices_energy", "kind", "electricity_usd_kwh"): (0.03, 0.5),
    ("prices_energy", "kind", "carbon_gco2_kwh"): (20, 1000),
    ("prices_energy", "kind", "pue"): (1.02, 2),
    ("quality", "metric", "perplexity"): (1, 1e5),
    ("quality", "metric", "accuracy"): (0, 100),
    ("quality", "metric", "kl_divergence"): (0, 3),
    ("quality", "metric", "psnr"): (5, 60),
    ("claims", "normalized_unit", "bits"): (0, 64),
    ("claims", "normalized_unit", "x"): (1, 1e4),
}


@pytest.mark.parametrize(("table", "column", "unit"), PLAUSIBLE_BY_UNIT)
def test_shipped_values_of_a_unit_are_in_a_plausible_range(table: str, column: str, unit: str, facts: Store) -> None:
    low, high = PLAUSIBLE_BY_UNIT[table, column, unit]
    values = facts.table(table, **{column: unit})["normalized" if table == "claims" else "value"]
    assert len(values)
    assert values.between(low, high).all(), f"{unit} spans {values.min():g} to {values.max():g}"


@pytest.mark.parametrize(("table", "column"), PLAUSIBLE)
def test_shipped_values_are_in_a_plausible_range(table: str, column: str, facts: Store) -> None:
    low, high = PLAUSIBLE[table, column]
    values = facts.table(table)[column].dropna()
    assert len(values)
    assert values.between(low, high).all(), f"{column} spans {values.min():g} to {values.max():g}"


def test_published_intervals_hold_their_value(facts: Store) -> None:
    rows = facts.table("law_coefficients").dropna(subset=["low"])
    outside = rows[(rows["value"] < rows["low"]) | (rows["value"] > rows["high"])]
    assert (outside["law"] == "chinchilla_frontier").all(), outside[["law", "variant", "symbol", "value"]]
    assert rows["interval_kind"].notna().all()


def test_a_law_has_one_set_per_rank(facts: Store) -> None:
    sets = facts.coefficient_sets()[["law", "rank", "source_id", "variant"]].drop_duplicates()
    assert not sets.duplicated(["law", "rank"]).any()


def test_narrower_formats_are_never_slower_at_peak(facts: Store) -> None:
    devices = facts.table("devices")
    order = ["fp32_tflops", "tf32_tflops", "bf16_tflops", "fp8_tflops", "fp6_tflops", "fp4_tflops"]
    for row in devices.to_dict("records"):
        rates = [row[column] for column in order if pd.notna(row[column])]
        assert rates == sorted(rates), (row["device"], rates)
        if pd.notna(row["fp8_tflops"]):
            assert row["fp8_tflops"] <= 2.03 * row["bf16_tflops"], row["device"]


# units x clock [GHz] x dense FLOPs per unit and clock, from the architectures' own descriptions.
DENSE_BF16 = {
    "A10": 72 * 1.695 * 1024,
    "A100-80GB SXM": 108 * 1.41 * 2048,
    "L40S": 142 * 2.52 * 1024,
    "RTX 3090": 82 * 1.695 * 512,
    "RTX 4090": 128 * 2.52 * 512,
    "RTX 5090": 170 * 2.407 * 512,
    "RTX PRO 6000 Blackwell": 188 * 2.617 * 1024,
    "H100 SXM": 132 * 1.83 * 4096,
    "H200 SXM": 132 * 1.83 * 4096,
    "MI250X": 220 * 1.7 * 1024,
    "MI300X": 304 * 2.1 * 2048,
    "MI355X": 256 * 2.4 * 4096,
}


@pytest.mark.parametrize("device", DENSE_BF16)
def test_bf16_peaks_are_dense_ones(device: str, facts: Store) -> None:
    said = facts.table("devices", device=device)["bf16_tflops"][0]
    assert said == pytest.approx(DENSE_BF16[device] / 1e3, rel=0.02)


def test_no_peak_is_a_rate_that_its_note_calls_sparse(facts: Store) -> None:
    for row in facts.table("devices").fillna({"note": ""}).to_dict("records"):
        for rate in re.findall(r"(\d+(?:\.\d+)?)[^;.]*?with sparsity", row["note"], re.IGNORECASE):
            assert float(rate) not in [row[name] for name in row if name.endswith(("_tflops", "_tops"))], row["device"]


def test_quartets_speedups_come_from_both_phases_and_name_their_baseline(facts: Store) -> None:
    rows = facts.table("throughput", source_id="quartet_2025", metric="speedup")
    assert rows["baseline_format"].notna().all()
    assert set(rows["phase"]) == {"forward", "backward"}
    sized = rows[rows["kernel"].str.contains("params=")]
    assert (sized["n_params"] == sized["kernel"].str.extract(r"params=(\d+)")[0].astype(float)).all()


def test_a_fresh_store_passes_its_own_check(facts: Store) -> None:
    assert facts.check() == []
