"""The dashboard's entry point: page config and the table of pages."""

from pathlib import Path

import streamlit as st

from pages.ui import people

ICON = Path(__file__).parent / "docs" / "icon.svg"  # a file of ours: a Material or emoji icon would be fetched

PAGES = {
    "Decide": (("overview", "Overview", "target"), ("planner", "Planner", "map")),
    "Evidence": (
        ("results", "Results", "table_chart"),
        ("scaling_laws", "Scaling laws", "trending_down"),
        ("literature", "Literature", "article"),
        ("attribution", "Sources", "format_quote"),
        ("dictionary", "Data dictionary", "menu_book"),
        ("sql", "SQL", "database_search"),
    ),
    "Formats and speed": (("formats", "Formats", "grid_on"), ("probe", "Probe", "speed")),
}


def page(name: str, title: str, icon: str):
    """The page of pages/`name`.py; the overview opens first."""
    return st.Page(f"pages/{name}.py", title=title, icon=f":material/{icon}:", default=name == "overview")


if __name__ == "__main__":  # worker processes import this file under another name and must not draw
    st.set_page_config(page_title="Precision Atlas", page_icon=ICON, layout="wide")
    chosen = st.navigation({section: [page(*row) for row in rows] for section, rows in PAGES.items()})
    people.require_sign_in()
    chosen.run()
