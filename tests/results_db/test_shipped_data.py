"""The facts that ship with the program: transcribed exactly, each with its source, and plausible."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results_db import Store
from results_db.shipped import SHIPPED, data_files

RUN_COLUMNS = {
    "n_params": "params_n", "n_tokens": "tokens_d", "flops": "compute_c", "block_size": "group_size",
}  # fmt: skip
LAWS = {"chinchilla", "chinchilla_besiroglu", "quartet"}


def text_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def shipped(table: str) -> pd.DataFrame:
    """A shipped table as its files spell it."""
    return pd.concat([text_table(Path(str(file))) for file in data_files(SHIPPED[table][0])], ignore_index=True)


def same(ours: pd.Series, theirs: pd.Series) -> bool:
    return ours == theirs


def without_index_words(ours: str, theirs: str) -> bool:
    """Titles and locators drop the words that say how a text was found."""
    return ours == re.sub(r"^docs index: | \((docs index|text index cop(y|ies))\)$", "", theirs)


@dataclass(frozen=True)
class Twin:
    """A shipped table, the table it was transcribed from, and the columns that are spelled otherwise on purpose."""

    file: str
    key: tuple[str, ...]
    renamed: dict[str, str] = field(default_factory=dict)
    spelled: dict[str, Callable[[str, str], bool]] = field(default_factory=dict)
    whole: Callable[[pd.DataFrame], pd.DataFrame] | None = lambda theirs: theirs


TWINS = {
    "runs": Twin(
        "runs.csv",
        ("source_id", "locator"),
        RUN_COLUMNS,
        dict.fromkeys(
            ("forward_format", "backward_format"), lambda ours, theirs: ours == ("bf16" if theirs == "BF16" else theirs)
        ),
        lambda theirs: theirs[theirs["source_id"].isin(["quartet_2025", "chinchilla_replication_2024"])],
    ),
    "throughput": Twin(
        "throughput.csv",
        ("locator", "kernel", "format", "batch", "phase", "metric"),
        whole=lambda theirs: theirs[theirs["source_id"] == "quartet_2025"],
    ),
    "models": Twin(
        "models.csv",
        ("model",),
        {"source_id": "source"},
        {
            "tied_embeddings": lambda ours, theirs: ours == theirs.lower(),
            "locator": without_index_words,
            "tokens_trained_t": lambda ours, theirs: theirs in (ours, ""),  # five counts were looked up elsewhere
        },
    ),
    "sources": Twin(
        "sources.csv",
        ("source_id",),
        {"link": "code_url"},
        {"title": without_index_words, "link": lambda ours, theirs: theirs in (ours, "")},
        None,  # only the sources of shipped rows are shipped
    ),
}


@pytest.mark.parametrize("table", TWINS)
def test_every_shipped_value_is_the_one_it_was_transcribed_from(table: str, published: Path) -> None:
    twin = TWINS[table]
    ours, theirs = shipped(table), text_table(published / twin.file)
    names = {column: twin.renamed.get(column, column) for column in ours}
    names = {column: name for column, name in names.items() if name in theirs.columns}
    key = list(twin.key)
    both = ours.merge(theirs, left_on=key, right_on=[names[k] for k in key], suffixes=("", "__theirs"))
    assert not ours.duplicated(key).any()
    wrong = []
    for column, name in names.items():
        other = name if name not in ours.columns else f"{name}__theirs"
        if other not in both.columns:
            continue  # a key column
        agrees = twin.spelled.get(column, same)
        wrong += [
            (column, ours_says, theirs_says)
            for ours_says, theirs_says in zip(both[column], both[other], strict=True)
            if not agrees(ours_says, theirs_says)
        ]
    assert not wrong, f"{len(wrong)} values of {table} differ, the first: {wrong[:3]}"
    if twin.whole:
        expected = twin.whole(theirs)
        assert len(ours) == len(both) == len(expected), (
            f"{len(ours)} of {len(expected)} rows of {twin.file} are shipped"
        )
    else:  # sources of facts that were looked up for devices and models
        added = set(ours["source_id"]) - set(both["source_id"])
        assert added <= {*shipped("devices")["source_id"], *shipped("models")["tokens_source_id"]}


def test_device_peaks_are_the_published_ones_less_those_without_a_text_source(published: Path) -> None:
    ours, theirs = (
        shipped("devices").set_index("device"),
        text_table(published / "device_peaks.csv").set_index("device"),
    )
    assert list(ours.index) == list(theirs.index)
    wrong = []
    for device, row in theirs.iterrows():
        left_out = ours.loc[device, "memory_only_fields"].split()
        assert len(left_out) == len(row["memory_only_fields"].split()), device
        assert all(any(name.startswith(word) for name in left_out) for word in row["memory_only_fields"].split())
        for column in set(ours) & set(theirs) - {"memory_only_fields", "note"}:
            expected = "" if column in left_out else row[column]
            if ours.loc[device, column] != expected:
                wrong.append((device, column, ours.loc[device, column], expected))
        assert ours.loc[device, "note"].startswith(row["note"])
        assert ours.loc[device, "locator"] == row["source"]
    assert not wrong


def coefficient_name(published_name: str) -> str:
    """Our name: effN-joint[Quartet] and eff_n -> eff_n, a_Nopt -> a, E as it is."""
    found = re.fullmatch(r"eff_?([nNdD])(-\w+)?(\[.*\])?", published_name)
    return f"eff_{found[1].lower()}" if found else {"a_Nopt": "a", "b_Dopt": "b"}.get(published_name, published_name)


def test_every_published_coefficient_stands_in_a_published_table_with_its_interval(published: Path) -> None:
    known = set()
    for file in ("law_coefficients.csv", "law_fits.csv"):
        for row in text_table(published / file).itertuples():
            known.add((row.source_id, coefficient_name(row.param), row.value, row.ci_low, row.ci_high))
    ours = shipped("law_coefficients")
    alone = [
        row[1:]
        for row in ours[["source_id", "symbol", "value", "low", "high", "variant", "locator"]].itertuples()
        if tuple(row[1:6]) not in known
    ]
    assert [(row[1], row[2], row[5]) for row in alone] == [("beta", "1", "kaplan_form_bf16")], alone
    assert alone[0][6].endswith("(fixed)")  # the form holds beta at 1; nothing was fitted


def test_no_coefficient_of_our_laws_was_left_behind_and_none_is_recalled(published: Path) -> None:
    theirs = text_table(published / "law_coefficients.csv")
    theirs = theirs[theirs["law_id"].isin(LAWS) & (theirs["evidence"] != "memory")]
    theirs = theirs.assign(symbol=theirs["param"].map(coefficient_name))
    ours = shipped("law_coefficients")
    have = {(row.source_id, row.variant, row.symbol, row.value, row.evidence) for row in ours.itertuples()}
    missing = [
        (row.source_id, row.variant, row.symbol, row.value)
        for row in theirs.itertuples()
        if (row.source_id, row.variant, row.symbol, row.value, row.evidence) not in have
        and row.symbol not in ("gaussian_mse", "misalignment")  # errors of a quantizer, not coefficients of a law
    ]
    assert not missing


def test_quartets_objectives_are_those_its_notebook_prints(published: Path) -> None:
    fits = text_table(published / "law_fits.csv")
    printed = set(fits[(fits["source_id"] == "quartet_2025") & (fits["param"] == "fit_cost")]["value"])
    ours = shipped("law_coefficients")
    stored = set(ours[(ours["source_id"] == "quartet_2025")]["objective"]) - {""}
    assert stored == printed


def test_all_245_chinchilla_runs_are_there_and_the_five_highest_losses_are_the_outliers(shipped_store: Store) -> None:
    runs = shipped_store.table("runs", source_id="chinchilla_replication_2024")
    assert len(runs) == 245
    assert set(runs.nlargest(5, "loss")["run_id"]) == set(runs[runs["outlier"]]["run_id"])
    assert np.allclose(runs["flops"], 6 * runs["n_params"] * runs["n_tokens"], rtol=1e-9)


def test_every_quartet_run_has_a_known_method_on_both_sides(shipped_store: Store) -> None:
    runs = shipped_store.table("runs", source_id="quartet_2025")
    methods = shipped_store.table("methods", source_id="quartet_2025")
    assert len(runs) == 226
    for side in ("forward", "backward"):
        known = set(methods[methods["role"].isin([side, "both"])]["method"])
        assert set(runs[f"{side}_format"]) == known
    baseline = runs[(runs["forward_format"] == "bf16") & (runs["backward_format"] == "bf16")]
    assert (baseline["n_params"] < 204e6).sum() == 24


@pytest.mark.parametrize("table", [table for table in SHIPPED if table != "sources"])
def test_every_row_names_its_source_and_where_in_it(table: str, shipped_store: Store) -> None:
    rows = shipped_store.table(table)
    known = set(shipped_store.table("sources")["source_id"])
    assert len(rows)
    assert set(rows["source_id"]) <= known
    assert (rows["locator"].str.strip().str.len() > 0).all()
    for column in {"tokens_source_id"} & set(rows):
        assert set(rows[column].dropna()) <= known
        assert (rows["tokens_trained_t"].notna() == rows[column].notna()).all()


def test_no_shipped_number_is_recalled_from_memory(shipped_store: Store) -> None:
    for table in ("law_coefficients", "devices"):
        assert set(shipped_store.table(table)["evidence"]) <= {"primary", "secondary"}


def test_every_source_can_be_found_and_every_shipped_run_is_published(shipped_store: Store) -> None:
    sources = shipped_store.table("sources")
    assert (sources["title"].str.len() > 3).all()
    assert sources["link"].dropna().str.startswith("https://").all()
    assert sources["arxiv_id"].dropna().str.fullmatch(r"\d{4}\.\d{4,5}").all()
    assert set(shipped_store.table("runs")["origin"]) == {"published"}


def test_no_shipped_text_says_how_it_was_found_or_hides_a_character() -> None:
    for table in SHIPPED:
        frame = shipped(table)
        for column in frame:
            bad = [
                cell for cell in frame[column] if not cell.isprintable() or re.search(r"\bindex (copy|file)\b", cell)
            ]
            assert not bad, (table, column, bad[:2])


PLAUSIBLE = {
    ("runs", "loss"): (1, 12),
    ("runs", "n_params"): (1e7, 1e12),
    ("runs", "n_tokens"): (1e8, 1e13),
    ("runs", "flops"): (1e17, 1e24),
    ("runs", "block_size"): (16, 256),
    ("throughput", "value"): (0.01, 1000),
    ("devices", "memory_gb"): (16, 300),
    ("devices", "bandwidth_gb_s"): (250, 10_000),
    ("devices", "tdp_w"): (50, 1500),
    ("devices", "fp32_tflops"): (5, 300),
    ("devices", "bf16_tflops"): (50, 3000),
    ("devices", "fp8_tflops"): (200, 6000),
    ("devices", "fp4_tflops"): (1000, 16_000),
    ("models", "params_total_b"): (0.05, 2000),
    ("models", "tokens_trained_t"): (0.001, 50),
    ("models", "layers"): (4, 130),
    ("models", "params_diff_pct"): (-5, 26),  # against names that round down: Gemma 2B counts 2.5e9
}


@pytest.mark.parametrize(("table", "column"), PLAUSIBLE)
def test_shipped_values_are_in_a_plausible_range(table: str, column: str, shipped_store: Store) -> None:
    low, high = PLAUSIBLE[table, column]
    values = shipped_store.table(table)[column].dropna()
    assert len(values)
    assert values.between(low, high).all(), f"{column} spans {values.min():g} to {values.max():g}"


def test_published_intervals_hold_their_value(shipped_store: Store) -> None:
    rows = shipped_store.table("law_coefficients").dropna(subset=["low"])
    outside = rows[(rows["value"] < rows["low"]) | (rows["value"] > rows["high"])]
    assert (outside["law"] == "chinchilla_frontier").all(), outside[["law", "variant", "symbol", "value"]]
    assert rows["interval_kind"].notna().all()


def test_a_law_has_one_set_per_rank(shipped_store: Store) -> None:
    sets = shipped_store.coefficient_sets()[["law", "rank", "source_id", "variant"]].drop_duplicates()
    assert not sets.duplicated(["law", "rank"]).any()


def test_narrower_formats_are_never_slower_at_peak(shipped_store: Store) -> None:
    devices = shipped_store.table("devices")
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
def test_bf16_peaks_are_dense_ones(device: str, shipped_store: Store) -> None:
    said = shipped_store.table("devices", device=device)["bf16_tflops"][0]
    assert said == pytest.approx(DENSE_BF16[device] / 1e3, rel=0.02)


def test_no_peak_is_a_rate_that_its_note_calls_sparse(shipped_store: Store) -> None:
    for row in shipped_store.table("devices").fillna({"note": ""}).to_dict("records"):
        for rate in re.findall(r"(\d+(?:\.\d+)?)[^;.]*?with sparsity", row["note"], re.IGNORECASE):
            assert float(rate) not in [row[name] for name in row if name.endswith(("_tflops", "_tops"))], row["device"]


def test_quartets_speedups_come_from_both_phases_and_name_their_baseline(shipped_store: Store) -> None:
    rows = shipped_store.table("throughput", source_id="quartet_2025", metric="speedup")
    assert rows["baseline_format"].notna().all()
    assert set(rows["phase"]) == {"forward", "backward"}
    sized = rows[rows["kernel"].str.contains("params=")]
    assert (sized["n_params"] == sized["kernel"].str.extract(r"params=(\d+)")[0].astype(float)).all()


def test_a_fresh_store_passes_its_own_check(shipped_store: Store) -> None:
    assert shipped_store.check() == []
