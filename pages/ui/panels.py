"""What every page says the same way: heading, figure with caption and data, table, empty and problem states."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.ui import examples, figures, headings
from results_db import safe_cells

ROW_PX = 36  # of a table
CAMERA = {"displaylogo": False, "toImageButtonOptions": {"format": "svg", "scale": 1}}


def header(title: str, purpose: str) -> None:
    """Draws the page's title, the one line that says what the page is for, and a link to an example of its use."""
    _through_the_entry()
    st.title(title)
    st.markdown(f"{purpose} {examples.link(title)}")


def _through_the_entry() -> None:
    """Begins anew through app.py when this page was opened before it ever ran.

    Until a process has run app.py once, Streamlit takes a folder called pages for an app of its older kind, and an
    address such as /planner would run the page alone: no sections, no wide layout. At most once a session, since
    what was clicked is forgotten by a rerun.
    """
    if PagesManager.uses_pages_directory and "panels.entered" not in st.session_state:
        st.session_state["panels.entered"] = True
        PagesManager.uses_pages_directory = False
        st.rerun()


def show_figure(
    figure: go.Figure,
    alt: str,
    data: pd.DataFrame | Callable[[], pd.DataFrame] | None,
    name: str,
    caption: str,
    height: int | None = None,
    picked: Callable[[], None] | None = None,
) -> None:
    """Draws a figure in the house style, its caption (sources, counts) and a download of its data.

    Data that take long to write may be a function: it is called when the download is asked for. `picked` is called
    when a point is clicked; the selection stands in the session under the figure's key.
    """
    figures.styled(figure)
    config = CAMERA | {"toImageButtonOptions": {"format": "svg", "filename": name}}
    selecting: dict[str, Any] = {"on_select": picked, "selection_mode": "points"} if picked else {}
    key = f"{name}.figure"
    st.plotly_chart(figure, theme="streamlit", key=key, alt=alt, config=config, height=height or "content", **selecting)
    row = st.container(horizontal=True, vertical_alignment="top")
    row.caption(caption, width="stretch")
    if data is not None:
        row.download_button(
            "Data",
            as_csv(data) if isinstance(data, pd.DataFrame) else partial(_called_csv, data),
            f"{name}.csv",
            "text/csv",
            key=f"{name}.data",
            icon=":material/download:",
            on_click="ignore",
            width="content",
        )


def _called_csv(data: Callable[[], pd.DataFrame]) -> str:
    return as_csv(data())


def as_csv(frame: pd.DataFrame) -> str:
    """A table as CSV, with cells that a spreadsheet would run guarded."""
    return safe_cells(frame).to_csv(index=False)


def show_table(
    frame: pd.DataFrame,
    name: str,
    caption: str = "",
    columns: dict | None = None,
    height: int | Literal["auto"] = "auto",
    raw: bool = False,
) -> None:
    """Draws a sortable table with its caption; `columns` maps names to streamlit column configs.

    Headers and digits are made readable (`headings.readable`), unless they are to be seen as the store has them, `raw`.
    """
    shown, configs = (frame, columns or {}) if raw else headings.readable(frame, columns)
    st.dataframe(
        shown,
        hide_index=True,
        key=f"{name}.table",
        column_config=configs,
        height=height,
        placeholder="",
        alt=caption or name,
        width="stretch",
    )
    if caption:
        st.caption(caption)


def short(frame: pd.DataFrame, height: int) -> int | Literal["auto"]:
    """The height of a table that ends with its rows, or scrolls at `height` when they are many."""
    return "auto" if ROW_PX * (len(frame) + 1) < height else height


def counted(n: int, noun: str) -> str:
    """A number with its noun, in the plural where it is several."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def plain(text: str) -> str:
    """A text as markdown that shows it as it is: for labels, which have no other way to hold text of a file."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", text)


def empty_state(sentence: str, page: str | None = None, label: str | None = None) -> None:
    """Says in one sentence why nothing is shown, with a link to the page that helps."""
    st.info(sentence, icon=":material/inbox:")
    if page and label:
        st.page_link(page, label=label, icon=":material/arrow_forward:")


def problem_table(problems: pd.DataFrame, name: str) -> None:
    """Draws a table of problems (row, column, value, advice) with its download."""
    st.dataframe(problems, hide_index=True, key=f"{name}.problems", placeholder="", alt="problems in the uploaded file")
    st.download_button(
        "Download the problems",
        safe_cells(problems).to_csv(index=False),
        f"{name}_problems.csv",
        "text/csv",
        key=f"{name}.problems.csv",
        icon=":material/download:",
        on_click="ignore",
    )
