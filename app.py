"""The dashboard's entry point: page config and the table of pages."""

import streamlit as st

PAGES = {
    "Decide": [
        st.Page("pages/overview.py", title="Overview", icon=":material/target:", default=True),
        st.Page("pages/planner.py", title="Planner", icon=":material/map:", url_path="planner"),
    ],
    "Evidence": [
        st.Page("pages/results.py", title="Results", icon=":material/table_chart:", url_path="results"),
        st.Page("pages/scaling_laws.py", title="Scaling laws", icon=":material/trending_down:"),
    ],
    "Formats and speed": [
        st.Page("pages/formats.py", title="Formats", icon=":material/grid_on:", url_path="formats"),
        st.Page("pages/probe.py", title="Probe", icon=":material/speed:", url_path="probe"),
    ],
}

if __name__ == "__main__":  # worker processes import this file under another name and must not draw
    st.set_page_config(page_title="Precision Atlas", page_icon=":material/target:", layout="wide")
    st.navigation(PAGES).run()
