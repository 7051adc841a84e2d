"""Points of one's own in the law calculator: a table, what is wrong with it, and the law's fit to it."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from analysis.fits.checks import check_runs
from analysis.fits.fitting import Fit
from analysis.laws import Law
from analysis.laws.columns import COLUMNS
from analysis.laws.feeding import required_groups
from pages.ui import panels, tasks
from pages.ui.working import computed

KEY = "planner.any_law"
MOST_ROWS = 20_000


def own_fit(law: Law) -> Fit | None:
    """Draws the drop zone for points of a law; the fit of a table, None until there is one."""
    needed = [*law.required_inputs, *required_groups(law), law.target]
    dropped = st.file_uploader(
        f"A CSV table with the columns {', '.join(needed)}", type="csv", key=f"{KEY}.own.{law.name}", max_upload_size=5
    )
    if dropped is None:
        optional = [name for name in law.inputs if name not in needed]
        st.caption(
            f"{COLUMNS[law.target].label} is what the law predicts."
            + (f" It also reads {', '.join(optional)} where they are there." if optional else "")
        )
        return None
    try:
        runs = read_points(dropped.getvalue(), law)
    except ValueError as problem:
        st.error(panels.plain(str(problem)), icon=":material/error:")
        return None
    fitted = computed(f"{KEY}.fit", "Fitting", tasks.fit_runs, law.name, runs, None, tasks.Settings())
    return fitted.full if fitted else None


def read_points(content: bytes, law: Law) -> pd.DataFrame:
    """The rows of a CSV table that a law can be fitted to. ValueError says what it lacks, by row and column."""
    try:
        table = pd.read_csv(io.BytesIO(content), nrows=MOST_ROWS + 1, skipinitialspace=True)
    except (ValueError, UnicodeDecodeError) as problem:
        raise ValueError(f"this is no CSV table in UTF-8: {problem}") from problem
    if len(table) > MOST_ROWS:
        raise ValueError(f"the table has more than {MOST_ROWS:,} rows; take a part of them")
    table.index += 2  # row 1 is the header
    check_runs(law, table)
    numbers = [name for name in (*law.numeric_inputs, law.target) if name in table]
    return table.assign(**{name: pd.to_numeric(table[name]).astype(float) for name in numbers}).reset_index(drop=True)
