"""Coverage: what the reading list asks of this program, what implements it and what proves that it works."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit import column_config

from analysis.trust.capabilities import STATES, coverage
from pages.ui import literature_gains, panels
from pages.ui.session import facts, store

COLUMNS = {
    "row_id": column_config.TextColumn("row", width="small"),
    "state": column_config.TextColumn("state", width="small"),
    "capability": column_config.TextColumn("capability", width="medium"),
    "implemented": column_config.ListColumn("implemented by", width="medium"),
    "proof": column_config.ListColumn("proved by", width="medium"),
    "checks": column_config.TextColumn("claims reproduced", help="Of those that the example names"),
    "topic": column_config.TextColumn("topic"),
}


def coverage_tab() -> None:
    """Draws the tab: counts, the table of all rows, and one row in full."""
    capabilities = facts(store(), "capabilities")
    if capabilities.empty:
        panels.empty_state("The store holds no capability rows.")
        return
    rows = coverage(capabilities, facts(store(), "row_evidence"))
    counts = rows["state"].value_counts()
    row = st.container(horizontal=True)
    for state, meaning in STATES.items():
        row.metric(state.capitalize(), int(counts.get(state, 0)), help=meaning.capitalize() + ".", border=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        states = st.pills("State", list(STATES), selection_mode="multi", key="literature.coverage.state")
        topics = st.multiselect(
            "Topic", list(rows["topic"].unique()), key="literature.coverage.topic", placeholder="all"
        )
    shown = rows[rows["state"].isin(states or STATES) & rows["topic"].isin(topics or set(rows["topic"]))]
    shown = shown.assign(
        proof=[[name.rpartition("::")[2] for name in names] for names in shown["proved"]],
        checks=[f"{len(row.reproduced)} of {len(row.claims)}" if row.claims else "" for row in shown.itertuples()],
    )
    panels.show_table(
        shown[list(COLUMNS)],
        "literature.coverage",
        f"{len(shown)} of {len(rows)} rows. A law, format or module implements a row when it names one of its papers; "
        "a test proves it when it is marked as doing so. Collected by make coverage-table, nothing is typed in.",
        COLUMNS,
        panels.short(shown, 420),
    )
    _one(rows)


def _one(rows: pd.DataFrame) -> None:
    """One row in full: what the user sees, its example, its papers, its claims and its proofs."""
    known = rows.set_index(rows["row_id"] + " " + rows["capability"], drop=False)
    row = known.loc[
        st.selectbox("One row in full", list(known.index), key="literature.coverage.row", bind="query-params")
    ]
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{row['state'].capitalize()}.** {panels.plain(row['shows'])}")
        st.markdown(f"**Example.** {panels.plain(row['acceptance'])}")
    with right:
        st.markdown("**Papers**")
        sources = facts(store(), "sources", source_id=row["sources"].split())
        st.markdown("\n".join(f"- {_cited(source)}" for source in sources.to_dict("records")))
    evidence = pd.DataFrame(
        [("implements it", name) for name in row["implemented"]]
        + [("proves it", name) for name in row["proved"]]
        + [("claim reproduced here", name) for name in row["reproduced"]]
        + [("claim not reproduced", name) for name in row["claims"] if name not in row["reproduced"]],
        columns=["what", "name"],
    )
    if evidence.empty:
        st.caption("Nothing here implements or proves it yet.")
    else:
        panels.show_table(evidence, "literature.coverage.evidence", f"Evidence on {row['row_id']}.")
    literature_gains.board(row["row_id"], f"What the papers of {row['row_id']} claim")


def _cited(source: dict) -> str:
    """Title and year of a source, with its link where it has one."""
    title = panels.plain(source["title"])
    year = f", {source['year']:.0f}" if pd.notna(source["year"]) else ""
    return f"[{title}]({source['link']}){year}" if pd.notna(source["link"]) else f"{title}{year}"
