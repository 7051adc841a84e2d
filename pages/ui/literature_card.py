"""The card of a claim: what the source prints, against what, and what this program computes for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis.evidence.check import Status
from pages.ui.literature_board import STATUS_BADGES
from pages.ui.panels import plain

PRINTED = ("baseline", "format", "model", "hardware", "task", "condition", "locator")
LABELS = {"baseline": "Against", "condition": "Kind of figure", "locator": "Where"}


def draw(claim: Mapping[str, Any]) -> None:
    """Draws the card of a row of the board."""
    with st.container(border=True):
        st.markdown(f"**{plain(claim['subject'])}**: {plain(claim['metric'].replace('_', ' '))} **{_value(claim)}**")
        left, right = st.columns(2, gap="large")
        with left:
            _source(claim)
        with right:
            _here(claim)


def _value(claim: Mapping[str, Any]) -> str:
    same = f" = {claim['converted']}" if claim["converted"] else ""
    return plain(f"{claim['printed']}{same}")


def _source(claim: Mapping[str, Any]) -> None:
    """What the source says around the number."""
    title, year = plain(str(claim["title"])), claim["year"]
    link = f"[{title}]({claim['link']})" if pd.notna(claim["link"]) else title
    st.markdown(f"{link}{'' if pd.isna(year) else f', {int(year)}'}")
    known = [(LABELS.get(name, name.capitalize()), claim[name]) for name in PRINTED if pd.notna(claim[name])]
    if "Against" not in dict(known):
        known.insert(0, ("Against", "not stated"))
    st.markdown("\n".join(f"- {label}: {plain(str(text))}" for label, text in known))
    st.caption(f"Key {claim['claim_id']}")


def _here(claim: Mapping[str, Any]) -> None:
    """What this program makes of it."""
    icon, color = STATUS_BADGES[claim["status"]]
    st.badge(claim["status"], icon=icon, color=color)  # ty: ignore[invalid-argument-type]
    if not claim["found"]:
        st.markdown(f"{Status.NOT_CHECKABLE.value} {plain(claim['why'])}")
        return
    printed = plain(claim["printed"])
    st.markdown(f"Computed here: **{plain(claim['found'])}**, which {claim['relation']} the printed {printed}.")
    said = (f"Computed from {claim['basis']}", claim["how"], claim["why"])
    st.markdown("\n".join(f"- {plain(text)}" for text in said if text))
    st.caption(f"Check `{claim['check']}` of this program; its tests run it on the shipped rows.")
