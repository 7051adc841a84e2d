"""A choice among many whose key, not its words, stands in the page's address."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st


def choose(label: str, keys: Sequence[str], name: str, words: Callable[[str], str], placeholder: str) -> str | None:
    """Draws a box to search `keys` in, shown in `words`; the key chosen, None for none.

    `name` is both the widget's key and the name in the address. (Streamlit's own binding would put the words there.)
    """
    named = st.query_params.get(name)
    if name not in st.session_state and named in keys:
        st.session_state[name] = named
    chosen = st.selectbox(label, keys, index=None, key=name, format_func=words, placeholder=placeholder)
    if chosen:
        st.query_params[name] = chosen
    else:
        st.query_params.pop(name, None)
    return chosen
