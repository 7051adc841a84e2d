"""Where shipped rows come from: counted for every source, each with the license of its repository or why none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pandas as pd
import pytest
from packaging.licenses import canonicalize_license_expression

from results_db import Store
from results_db.shipped import SHIPPED

Tables = Callable[[str], pd.DataFrame]
AT_COMMIT = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)@[0-9a-f]{7,40}\b")
RENAMED = {"nvidia/tensorrt-model-optimizer": "nvidia/model-optimizer"}  # one repository under two names


@pytest.fixture(scope="module")
def repositories(shipped_text: Tables) -> dict[str, Counter[str]]:
    """Source -> the repositories that its rows or its link name, with how often its rows do."""
    found: dict[str, Counter[str]] = {}
    for table in SHIPPED:
        rows = shipped_text(table)
        if "source_id" in rows and table != "sources":
            for source, locator in zip(rows["source_id"], rows.get("locator", rows["source_id"]), strict=True):
                names = (name.lower() for name in AT_COMMIT.findall(locator))
                found.setdefault(source, Counter()).update(RENAMED.get(name, name) for name in names)
    links = shipped_text("sources").set_index("source_id")["link"]
    for source in found:
        linked = re.match(r"https://github\.com/([\w.-]+/[\w.-]+)", links[source])
        if linked:
            found[source][linked[1].lower()] += 0
    return {source: names for source, names in found.items() if names}


def test_every_source_that_has_a_repository_says_under_which_license_or_why_not(
    shipped_text: Tables, repositories: dict[str, Counter[str]]
) -> None:
    sources = shipped_text("sources").set_index("source_id")
    assert len(repositories) > 140
    silent = [source for source in repositories if not sources.loc[source, "license_locator"]]
    assert not silent, f"no license was looked up for {silent}"
    unread = sources[(sources["license"] == "") & (sources["license_locator"] != "")]
    assert unread["license_locator"].str.endswith("not at hand").all()
    assert not ((sources["license"] != "") & (sources["license_locator"] == "")).any()


def test_a_license_was_read_in_a_repository_of_the_rows_at_a_commit(
    shipped_text: Tables, repositories: dict[str, Counter[str]]
) -> None:
    sources = shipped_text("sources")
    read = sources[sources["license_locator"] != ""].set_index("source_id")["license_locator"]
    assert read.pop("precision_atlas") == "LICENSE of this program"
    for source, locator in read.items():
        name = AT_COMMIT.match(locator)
        assert name, f"{source}: {locator}"
        most = max(repositories[source].values())
        assert repositories[source][name[1].lower()] == most, f"{source}: {locator}, rows: {repositories[source]}"


def test_licenses_are_spdx_identifiers_or_their_absence(shipped_text: Tables) -> None:
    licenses = set(shipped_text("sources")["license"]) - {"", "none stated"}
    assert len(licenses) > 5
    for license_ in licenses:
        assert canonicalize_license_expression(license_) == license_


def test_sources_of_one_repository_stand_under_one_license(shipped_text: Tables) -> None:
    sources = shipped_text("sources")
    repository = sources["license_locator"].str.extract(r"^([\w.-]+/[\w.-]+)@")[0].str.lower()
    counts = sources.groupby(repository)["license"].nunique()
    assert counts.max() == 1, counts[counts > 1]


def test_rows_are_counted_for_every_source_in_every_table_without_those_of_users(shipped_store: Store) -> None:
    runs = b"run,n_params,n_tokens,loss\na,1e9,2e10,2.5\n"
    shipped_store.commit(shipped_store.preview("mine.csv", runs), "mine")
    counted = shipped_store.rows_by_source().set_index(["source_id", "table_name"])["n_rows"]
    assert counted.index.is_unique
    for table in counted.index.unique("table_name"):
        rows = shipped_store.table(table)
        keys = rows.filter(regex="source_id$").loc[rows.get("dataset_id", pd.Series(None, rows.index)).isna()]
        expected = Counter(key for named in keys.itertuples(index=False) for key in {*named} if isinstance(key, str))
        assert counted.xs(table, level="table_name").to_dict() == expected, table
    with_source = set(shipped_store.describe().query("column == 'source_id'")["table"]) - {"sources"}
    assert set(counted.index.unique("table_name")) == with_source
