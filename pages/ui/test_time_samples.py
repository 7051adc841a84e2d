"""The end of the test-time tab: one's own samples, of one or several configurations."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import streamlit as st

from analysis.fits.fitting import Fit, fit
from analysis.laws import get_law
from analysis.laws.pass_at_k import coverage_curve
from analysis.plans.test_time_splits import mixed_allocation, single_allocations
from pages.ui import panels
from pages.ui.test_time_inputs import KEY

COLUMNS = ("problem", "samples", "right")
MOST_ROWS = 100_000
BUDGET_SAMPLES = 64
EXAMPLE = "problem,configuration,samples,right\nq1,8B at 0.8,100,3\nq1,8B at 0.2,100,0\nq2,8B at 0.8,100,41\n"


def draw() -> None:
    """Draws the drop zone; of a table, the coverage of each configuration, its law, and the best mix of them."""
    with st.expander("My own samples: coverage, its law, and the best mix of configurations", icon=":material/upload:"):
        dropped = st.file_uploader(
            "A CSV table: problem, samples, right; if there are several, also configuration and cost",
            type="csv",
            key=f"{KEY}.own",
            max_upload_size=10,
        )
        if dropped is None:
            st.code(EXAMPLE, language=None)
            return
        try:
            table = read_samples(dropped.getvalue())
        except ValueError as problem:
            st.error(panels.plain(str(problem)), icon=":material/error:")
            return
        _curves(table)
        _mix(table)


def read_samples(content: bytes) -> pd.DataFrame:
    """The rows of a table of samples: problem, configuration, samples, right, cost. ValueError names row and column."""
    try:
        table = pd.read_csv(io.BytesIO(content), nrows=MOST_ROWS + 1, skipinitialspace=True)
    except (ValueError, UnicodeDecodeError) as problem:
        raise ValueError(f"this is no CSV table in UTF-8: {problem}") from problem
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ValueError(f"the table lacks {', '.join(missing)}; its first row must name {', '.join(COLUMNS)}")
    if not 0 < len(table) <= MOST_ROWS:
        raise ValueError(f"the table has {len(table)} rows; give 1 to {MOST_ROWS:,}")
    table = table.assign(
        configuration=table["configuration"].astype(str) if "configuration" in table else "all samples",
        cost=table.get("cost", 1.0),
    )
    for name, low in (("samples", 1), ("right", 0), ("cost", 1e-12)):
        numbers = pd.to_numeric(table[name], errors="coerce")
        top = numbers if name != "right" else pd.to_numeric(table["samples"], errors="coerce")
        whole = (numbers == np.floor(numbers)) | (name == "cost")
        bad = ~((numbers >= low) & (numbers <= top) & whole & np.isfinite(numbers))
        if bad.any():
            row = int(np.argmax(bad.to_numpy()))
            raise ValueError(
                f"row {row + 2}: {name} is '{table[name].iloc[row]}'; write a number"
                f"{' from 0 to the samples' if name == 'right' else f' from {low:g} on'}"
            )
        table[name] = numbers.astype(float)
    return table


@st.cache_data(show_spinner="Fitting the coverage law", max_entries=16)
def _fitted(samples: tuple[float, ...], coverage: tuple[float, ...]) -> Fit:
    rows = pd.DataFrame({"samples": samples, "coverage": coverage})
    return fit(get_law("coverage"), rows, loss="least-squares", draws=0)


def _curves(table: pd.DataFrame) -> None:
    rows = []
    for name, own in table.groupby("configuration", sort=False):
        ks = np.unique(np.geomspace(1, own["samples"].min(), 13).round())
        curve = coverage_curve(own["samples"], own["right"], ks)
        inside = (curve > 0) & (curve < 1)
        row = {"configuration": name, "problems": own["problem"].nunique(), "of 1 sample": 100 * curve[0]}
        row |= {"of all samples": 100 * curve[-1], "samples": ks[-1], "a": np.nan, "b": np.nan}
        if inside.sum() > 2:
            values = _fitted(tuple(ks[inside]), tuple(curve[inside])).values
            row |= {"a": values["a"], "b": values["b"]}
        rows.append(row)
    panels.show_table(
        pd.DataFrame(rows),
        f"{KEY}.own_curves",
        "Coverage [%] by the unbiased pass@k, 1 - C(n - c, k) / C(n, k), over the problems; a and b of log c = a k^b "
        "where at least three points of the curve lie between none and all.",
        {name: st.column_config.NumberColumn(format="%.3g") for name in ("of 1 sample", "of all samples", "a", "b")},
    )


def _mix(table: pd.DataFrame) -> None:
    rates = table.assign(rate=table["right"] / table["samples"]).pivot_table(
        index="configuration", columns="problem", values="rate", sort=False
    )
    if len(rates) < 2:
        return
    if rates.isna().any(axis=None):
        st.caption("Every configuration must have tried every problem before a mix of them can be looked for.")
        return
    costs = table.groupby("configuration", sort=False)["cost"].first().reindex(rates.index).to_numpy()
    budget = st.number_input(
        "Budget a problem, in the unit of cost", 0.001, 1e9, float(BUDGET_SAMPLES * costs.min()), format="%.4g",
        key=f"{KEY}.own_budget",
    )  # fmt: skip
    samples, mixed = mixed_allocation(rates.to_numpy(), costs, float(budget))
    single = single_allocations(rates.to_numpy(), costs, float(budget))
    panels.show_table(
        pd.DataFrame({"configuration": rates.index, "samples in the mix": samples, "alone [%]": 100 * single}),
        f"{KEY}.own_mix",
        f"The mix solves **{mixed:.1%}**, the best configuration alone {single.max():.1%} "
        f"({rates.index[int(single.argmax())]}), for the same budget. Samples go one by one where they add most for "
        "their cost (osca_2024); the same problems chose and judge the mix, which flatters it.",
        {"alone [%]": st.column_config.NumberColumn(format="%.1f")},
    )
