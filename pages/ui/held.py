"""The parameters that a user holds at a value or ties to another, as typed: 'alpha=beta, E=1.69'."""

from __future__ import annotations

import math

import streamlit as st

from analysis.fits.checks import check_values
from analysis.laws import Law
from analysis.laws.terms import Terms, on_terms
from pages.ui import panels


def choose(law: Law) -> tuple[dict[str, float], dict[str, str]]:
    """Draws the field; the values held by symbol, and the symbols tied to others. Nothing while it cannot be read."""
    text = st.text_input(
        "Hold or tie parameters",
        key=f"scaling_laws.held.{law.name}",
        bind="query-params",
        placeholder="none: all are fitted",
        help="For example `alpha=beta, E=1.69` gives alpha the value of beta and holds E. The parameters of this law: "
        + ", ".join(param.symbol for param in law.params)
        + ". See Symbols for their meaning.",
    )
    try:
        return read(text, law)
    except ValueError as problem:
        st.warning(f"{panels.plain(str(problem))}. Until then all parameters are fitted.", icon=":material/error:")
        return {}, {}


def read(text: str, law: Law) -> tuple[dict[str, float], dict[str, str]]:
    """The values held and the symbols tied to others in 'alpha=beta, E=1.69'; ValueError with what to write."""
    fixed: dict[str, float] = {}
    tied: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (word.strip() for word in part.partition("="))
        if not name or not value:
            raise ValueError(f"'{part}' is not SYMBOL=NUMBER or SYMBOL=SYMBOL; write for example E=1.69")
        number = _number(value)
        if number is None:
            tied[name] = value
        else:
            fixed[name] = number
    check_values(on_terms(law, Terms(tied=tied)), fixed)
    return fixed, tied


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
