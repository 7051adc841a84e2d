"""Runs counted, drawn and listed by DuckDB: the same as in plain pandas, and as fast for a million of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.trust.holdout import flops_of
from results_db import Picks, Store
from results_db.browsing import MOST_OPTIONS, MOST_POINTS
from results_db.readable import AXES, ELEMENTS, FACETS, NOT_STATED, ORDERS

MINE = b"""run_id,family,n_params,n_tokens,loss,forward_format,note
a,mine,1e9,2e10,2.9,bf16,first
b,mine,2e9,,2.7,mxfp4,no tokens: not a row
c,,4e9,8e10,2.5,,
d,mine,8e9,16e10,2.4,my own format,"=1+1"
"""


@pytest.fixture(scope="module")
def store(shipped_file, tmp_path_factory) -> Iterator[Store]:
    """The shipped runs and an upload; not to be changed."""
    path = tmp_path_factory.mktemp("browsing") / "atlas.duckdb"
    path.write_bytes(shipped_file.read_bytes())
    with Store.open(path) as opened:
        opened.commit(opened.preview("mine.csv", MINE), "My sweep", skip_bad_rows=True)
        yield opened


def in_pandas(store: Store) -> pd.DataFrame:
    """Every run in words, by loops over plain rows."""
    runs, methods = store.table("runs"), store.table("methods")
    links = dict(store.table("sources")[["source_id", "link"]].itertuples(index=False, name=None))
    names = dict(store.table("datasets")[["dataset_id", "name"]].itertuples(index=False, name=None))
    shown = runs.assign(
        flops=flops_of(runs),
        source=[names.get(key, key) for key in runs["source_id"]],
        link=[links.get(key) for key in runs["source_id"]],
        family=runs["family"].fillna(NOT_STATED),
        loss_label=runs["loss_name"].fillna(NOT_STATED),
        is_perplexity=["log_perplexity" in str(caution) for caution in runs["caution"]],
    )
    for role in ("forward", "backward"):
        known = {}
        for method in methods[methods["role"].isin((role, "both"))].to_dict("records"):
            number_format = method["number_format"] if pd.notna(method["number_format"]) else method["method"]
            known[method["source_id"], method["method"]] = (method["label"], number_format)
        found = []
        for key in zip(runs["source_id"], runs[f"{role}_format"], strict=True):
            stated = key[1] if isinstance(key[1], str) and key[1] else NOT_STATED
            label, number_format = known.get(key, (stated, stated))
            first = number_format.split(" ")[0].rstrip(",")
            found.append((label, first if first in ELEMENTS else number_format))
        shown[f"{role}_label"], shown[role] = zip(*found, strict=True)
    return shown


@pytest.fixture(scope="module")
def expected(store: Store) -> pd.DataFrame:
    return in_pandas(store)


CHOICES = {
    "all": Picks(perplexities=True),
    "as the page opens": Picks(),
    "one source": Picks(source=("quartet_2025",)),
    "mine": Picks(source=("My sweep",)),
    "two formats": Picks(forward=("mxfp4", "bf16"), backward=("bf16",)),
    "without outliers": Picks(source=("chinchilla_replication_2024",), outliers=False),
    "a family": Picks(family=(NOT_STATED,)),
    "nothing": Picks(source=("nobody",)),
}


def chosen(expected: pd.DataFrame, picks: Picks) -> pd.DataFrame:
    keep = pd.Series(True, expected.index)
    for facet in FACETS:
        if getattr(picks, facet):
            keep &= expected[facet].isin(getattr(picks, facet))
    keep &= picks.perplexities | ~expected["is_perplexity"]
    return expected[keep & (picks.outliers | ~expected["outlier"])]


def require_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    columns = [name for name in found if name not in ("position", "color", "n_runs")]
    for column in columns:
        pairs = zip(found[column], expected[column], strict=True)
        wrong = [(a, b) for a, b in pairs if not (a == b or (pd.isna(a) and pd.isna(b)))]
        assert not wrong, (column, wrong[:3])


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("x", AXES)
def test_points_and_counts_are_those_of_the_picked_runs(choice: str, x: str, store: Store, expected) -> None:
    picks, there = CHOICES[choice], chosen(expected, CHOICES[choice])
    drawn = there.dropna(subset=[x])
    require_same(store.runs.points(picks, x, "forward", 12), drawn)
    for counts, rows in ((store.runs.counts(picks), there), (store.runs.counts(picks, x), drawn)):
        assert counts.by_origin == rows["origin"].value_counts().to_dict()
        assert (counts.n_runs, counts.n_losses) == (len(rows), rows["loss_label"].nunique())


def test_facets_list_every_value_the_most_frequent_first(store: Store, expected: pd.DataFrame) -> None:
    found = store.runs.facets()
    assert (found.n_runs, found.n_perplexities) == (len(expected), expected["is_perplexity"].sum())
    for facet in FACETS:
        counts = expected[facet].value_counts()
        assert set(found.values[facet]) == set(counts.index)
        assert [counts[value] for value in found.values[facet]] == list(counts)
    assert max(map(len, found.values.values())) <= MOST_OPTIONS


@pytest.mark.parametrize("color", FACETS)
def test_rare_values_share_the_last_color(color: str, store: Store, expected: pd.DataFrame) -> None:
    points = store.runs.points(Picks(perplexities=True), "n_params", color, 3)
    counts = expected[color].value_counts()
    alone = set(points.loc[points["color"] != "others", "color"])
    assert len(alone) == 3
    assert min(counts[value] for value in alone) >= counts.iloc[3]
    same = points["color"] == points[color]
    assert (same | (points["color"] == "others")).all()


@pytest.mark.parametrize("order", ORDERS)
def test_pages_in_any_order_hold_every_run_once(order: str, store: Store, expected: pd.DataFrame) -> None:
    picks = Picks(perplexities=True)
    pages = [store.runs.page(picks, order, first, 500) for first in range(0, len(expected), 500)]
    whole = pd.concat(pages, ignore_index=True)
    assert sorted(whole["position"]) == sorted(set(whole["position"]))
    require_same(whole.sort_values("position"), expected)
    keys = {
        "yours first": (whole["origin"] == "published").astype(float), "lowest loss": whole["loss"],
        "largest N": -whole["n_params"], "largest D": -whole["n_tokens"], "largest C": -whole["flops"],
    }  # fmt: skip
    assert keys[order].dropna().is_monotonic_increasing
    assert whole["run_id"][:3].to_list() == ["a", "c", "d"] or order != "yours first"


def test_an_unknown_axis_or_order_is_said(store: Store) -> None:
    with pytest.raises(ValueError, match="unknown axis or color 'los'"):
        store.runs.points(Picks(), "los", "forward", 3)
    with pytest.raises(ValueError, match="unknown order 'lowest los'; did you mean lowest loss"):
        store.runs.page(Picks(), "lowest los", 0, 1)


@pytest.mark.parametrize("fmt", ["csv", "parquet"])
@pytest.mark.parametrize("choice", ["mine", "one source", "nothing", "all"])
def test_an_archive_holds_the_picked_runs_with_their_sources_and_what_columns_mean(
    fmt: str, choice: str, store: Store, expected: pd.DataFrame
) -> None:
    there = chosen(expected, CHOICES[choice])
    archive = zipfile.ZipFile(io.BytesIO(store.runs.archive(CHOICES[choice], fmt)))
    assert archive.namelist() == [f"runs.{fmt}", f"sources.{fmt}", f"datasets.{fmt}", "columns.csv", "README.txt"]

    def table(name: str) -> pd.DataFrame:
        data = io.BytesIO(archive.read(f"{name}.{fmt}"))
        return pd.read_csv(data, dtype={"run_id": str}) if fmt == "csv" else pd.read_parquet(data)

    runs, origins = table("runs"), {*table("sources")["source_id"], *table("datasets")["dataset_id"]}
    assert list(runs) == list(store.table("runs"))
    assert list(runs["run_id"]) == list(there["run_id"])
    assert origins == set(there["source_id"])
    assert list(runs["loss"]) == list(there["loss"])
    meanings = pd.read_csv(io.BytesIO(archive.read("columns.csv")))
    assert set(meanings["table"]) == {"runs", "sources", "datasets"}
    assert "n_params" in set(meanings["column"])
    assert "a text that a spreadsheet would run" in archive.read("README.txt").decode()
    if choice == "mine":
        assert runs["note"].iloc[-1] == ("'=1+1" if fmt == "csv" else "=1+1")


@pytest.fixture(scope="module")
def crowd(store: Store, tmp_path_factory) -> Iterator[Store]:
    """100,000 runs of three formats, a few of them far from the others."""
    rng = np.random.default_rng(5)
    n = 100_000
    table = pd.DataFrame(
        {
            "n_params": np.exp(rng.normal(20, 1, n)), "n_tokens": np.exp(rng.normal(25, 1, n)),
            "loss": 2 + rng.gamma(2, 0.1, n), "forward_format": rng.choice(["bf16", "mxfp4", "nvfp4"], n),
            "outlier": rng.random(n) < 0.01, "family": [f"sweep {k % 1000}" for k in range(n)],
        }
    )  # fmt: skip
    table.loc[0, ["n_params", "loss"]] = [1e15, 19.0]
    path = tmp_path_factory.mktemp("crowd") / "atlas.duckdb"
    with Store.create(path, shipped=False) as opened:
        opened.commit(opened.preview("crowd.csv", table.to_csv(index=False).encode()))
        yield opened


def test_of_very_many_runs_those_that_lie_close_share_a_point_and_none_is_lost(crowd: Store) -> None:
    points = crowd.runs.points(Picks(), "n_params", "forward", 12)
    assert 200 < len(points) <= MOST_POINTS
    assert points["n_runs"].sum() == 100_000
    runs = crowd.table("runs")
    for key in ("forward_format", "outlier"):
        name = {"forward_format": "forward", "outlier": "outlier"}[key]
        assert points.groupby(name)["n_runs"].sum().to_dict() == runs[key].value_counts().to_dict()
    assert points["loss"].max() == 19.0  # the run far away is still there, alone
    assert points.loc[points["loss"].idxmax(), "n_runs"] == 1
    stored = set(zip(runs["n_params"], runs["loss"], strict=True))
    assert set(zip(points["n_params"], points["loss"], strict=True)) <= stored


def test_a_fit_is_offered_a_sample_of_a_very_large_upload_and_all_of_the_others(crowd: Store, store: Store) -> None:
    whole = store.runs.sample()
    assert whole.totals == {}
    pd.testing.assert_frame_equal(whole.runs, store.table("runs"))
    some = crowd.runs.sample(2000)
    (total,) = some.totals.values()
    assert total == 100_000
    assert 1700 < len(some.runs) < 2300
    pd.testing.assert_frame_equal(some.runs, crowd.runs.sample(2000).runs)
    everything = crowd.table("runs")
    assert some.runs["loss"].mean() == pytest.approx(everything["loss"].mean(), abs=0.02)
    assert set(some.runs["run_id"]) < set(everything["run_id"])


def test_of_very_many_values_the_most_frequent_are_offered(crowd: Store) -> None:
    assert len(crowd.runs.facets().values["family"]) == MOST_OPTIONS
    page = crowd.runs.page(replace(Picks(), family=("sweep 7",)), "lowest loss", 0, 1000)
    assert len(page) == 100
    assert page["loss"].is_monotonic_increasing


def test_no_store_without_runs_is_a_special_case(empty_store: Store) -> None:
    assert empty_store.runs.facets().n_runs == 0
    assert empty_store.runs.counts(Picks()).n_runs == 0
    assert empty_store.runs.points(Picks(), "flops", "source", 5).empty
    assert empty_store.runs.page(Picks(), "yours first", 0, 10).empty


def test_keys_of_runs_are_stored_so_that_deleting_them_is_fast(crowd: Store) -> None:
    with crowd._access.reading() as cursor:
        found = cursor.execute("SELECT DISTINCT compression FROM pragma_storage_info('runs')").fetchall()
    assert ("FSST",) not in found
