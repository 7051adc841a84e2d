"""The gallery of laws: each with its formula, a one-line reading of its symbols, and what it needs from runs."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from analysis.laws import Law
from analysis.laws.columns import COLUMNS
from analysis.laws.domains import DOMAINS
from analysis.laws.feeding import why_not
from pages.ui.groups import RunGroup, kind_of
from pages.ui.session import store


def button(chosen: Law, laws: Mapping[str, Law], group: RunGroup) -> None:
    """Draws the button that opens the gallery; laws without a set of coefficients in the store are marked there."""
    st.caption(f"{len(laws)} laws; {sum(group.can_be_fitted_with(law) for law in laws.values())} fit these rows.")
    if st.button("All laws", key="scaling_laws.gallery", icon=":material/menu_book:", width="stretch"):
        _gallery(chosen, laws, group)


@st.dialog("Every law and what it needs", width="large")
def _gallery(chosen: Law, laws: Mapping[str, Law], group: RunGroup) -> None:
    published = set(store().coefficient_sets()["law"])
    laws = _of_domain(laws)
    fed = [law for law in laws.values() if group.can_be_fitted_with(law)]
    st.subheader(f"These rows feed {len(fed)}")
    for law in fed:
        with st.container(border=True):
            _card(law, published)
            if law.name == chosen.name:
                st.caption("Chosen now.")
            elif st.button(
                "Use this law", key=f"scaling_laws.use.{law.name}", icon=":material/check:", on_click=_use,
                args=(group.key, law.name),
            ):  # fmt: skip
                st.rerun()
    for predicted in dict.fromkeys(law.predicts.words for law in laws.values()):
        others = [law for law in laws.values() if law not in fed and law.predicts.words == predicted]
        if others:
            st.subheader(f"Others, of the {predicted}")
        for law in others:
            with st.container(border=True):
                _card(law, published)
                st.caption(f"For these rows: {lacks(law, group)}.")
                if not law.prepare and st.button(
                    "Ask this law", key=f"scaling_laws.ask_it.{law.name}", icon=":material/question_answer:",
                    on_click=_ask, args=(law.name,),
                ):  # fmt: skip
                    st.rerun()


def _of_domain(laws: Mapping[str, Law]) -> dict[str, Law]:
    """Draws the choice of a domain and what is known of it; its laws and general forms, or all when none is chosen."""
    chosen = st.pills("Domain", list(DOMAINS), key="scaling_laws.domain", help="None chosen: the laws of all domains.")
    if not chosen:
        return dict(laws)
    domain = DOMAINS[chosen]
    sources = f" Sources: {', '.join(domain.sources)}." if domain.sources else ""
    st.info(f"**{chosen}**: {domain.sentence}{sources}", icon=":material/category:")
    st.caption(
        "Points with columns that runs do not have, such as tokens of an image, are fitted in the planner: Any law."
    )
    return {name: law for name, law in laws.items() if law.domain == chosen or name in domain.general}


def _use(key: str, name: str) -> None:
    st.session_state[f"scaling_laws.law.{key}"] = name


def _ask(name: str) -> None:
    st.session_state["scaling_laws.ask"] = name
    st.session_state["scaling_laws.tab"] = "Ask a law"


def lacks(law: Law, group: RunGroup) -> str:
    """What these rows lack for a law, in a phrase."""
    wanted = kind_of(law)
    if wanted != group.kind:
        return f"it is fitted to {wanted}, these are {group.kind}"
    return why_not(law, group.runs) or "it needs more rows, or more different values"


def _card(law: Law, published: set[str]) -> None:
    st.markdown(f"**{law.title}**")
    st.latex(law.formula)
    st.markdown(" · ".join(f"`{param.symbol}` {param.meaning}" for param in law.params))
    if law.name.partition(":")[0] not in published:
        st.caption("No published coefficients: it is offered for fitting.")
    inputs = ", ".join(COLUMNS[name].words for name in law.inputs)
    counted = (
        f" N counts {law.counts.replace('_', '-')} parameters." if law.counts in ("total", "non_embedding") else ""
    )
    st.caption(f"Predicts the {law.predicts.label} from {inputs}. Source: {law.source_id}.{counted}")
