"""The claims of the store with their sources, their words and what became of each here: one frame for all tabs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.evidence.check import Status
from analysis.evidence.facts import TABLES, Facts
from analysis.evidence.verdicts import verdicts
from pages.ui import literature_words as wording
from pages.ui.session import facts
from results_db import Store

SHARED_WITH_USERS = ("runs", "quality")  # of which checks take the published rows
STATUS_WORDS = {
    Status.REPRODUCED.name: "reproduced",
    Status.CONSISTENT.name: "consistent",
    Status.CONTRADICTED.name: "contradicted",
    Status.NOT_CHECKABLE.name: "not checkable here",
}
STATUS_BADGES = {
    "reproduced": (":material/check_circle:", "green"),
    "consistent": (":material/check:", "blue"),
    "contradicted": (":material/error:", "orange"),
    "not checkable here": (":material/help:", "gray"),
}


def board(store: Store) -> pd.DataFrame:
    """One row per claim, those of the table claims in its order, with all that the tabs show of it.

    From sources title, year, area and link; from checks status (STATUS_WORDS), computed, computed_high, relation,
    basis, how, why and check; in words printed, converted, found (what was computed); baseline_kind, hardware_kind
    and bits, which is NaN where no format names any.
    """
    return _board(store, str(store.path))


@st.cache_data(show_spinner="Checking the claims", max_entries=4)
def _board(_store: Store, place: str) -> pd.DataFrame:
    tables = {
        name: facts(_store, name, dataset_id=None) if name in SHARED_WITH_USERS else facts(_store, name)
        for name in TABLES
    }
    sources = facts(_store, "sources")[["source_id", "title", "year", "area", "link"]]
    judged = verdicts(Facts(tables))
    claims = tables["claims"].merge(sources, on="source_id", how="left").merge(judged, on="claim_id", how="left")
    found = [wording.computed(row) for row in claims.to_dict("records")]
    return worded(claims).assign(status=claims["status"].map(STATUS_WORDS), found=found)


def worded(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims with printed, converted, bits, baseline_kind and hardware_kind."""
    rows = claims.to_dict("records")
    return claims.assign(
        printed=[wording.printed(row) for row in rows],
        converted=[wording.converted(row) for row in rows],
        bits=[wording.bits_of(row["format"]) for row in rows],
        baseline_kind=[wording.kind_of(row["baseline"], wording.BASELINES, wording.OTHER_BASELINE) for row in rows],
        hardware_kind=[wording.kind_of(row["hardware"], wording.HARDWARE, "other") for row in rows],
    )


def readable(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the board as a table shows them: metrics in words, nothing where nothing is stated."""
    texts = rows.select_dtypes(exclude="number").columns
    return rows.assign(**rows[texts].fillna("")).assign(metric=rows["metric"].str.replace("_", " "))


def standing(claims: pd.DataFrame) -> str:
    """How many of these claims are reproduced, consistent, contradicted and not checkable, in a sentence."""
    counts = claims["status"].value_counts()
    parts = [f"{counts[word]} {word}" for word in STATUS_WORDS.values() if counts.get(word)]
    return ", ".join(parts)
