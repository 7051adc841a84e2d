"""A plan to hand on: one HTML page with the figures inside, and its numbers as CSV."""

from __future__ import annotations

import html
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go
import plotly.io
import streamlit as st

from analysis.plans.planner import Region
from analysis.plans.schemes import Scheme
from pages.ui import figures, figures_planner, figures_schemes, planning
from pages.ui.coefficients import Basis
from pages.ui.hardware import Machine, peak_words
from pages.ui.session import facts
from pages.ui.speeds import Speeds
from results_db import Store, safe_cells

PACKAGES = ("numpy", "scipy", "pandas", "plotly", "streamlit", "duckdb")
STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1F2430;background:#fff}"
    "table{border-collapse:collapse;font-size:14px;margin:.5rem 0}td,th{border-bottom:1px solid #DDE1E7;padding:.2rem "
    ".6rem;text-align:right}td:first-child,th:first-child{text-align:left}figure{margin:0}.wide{overflow-x:auto}"
)


def offer(
    store: Store,
    basis: Basis,
    schemes: Sequence[Scheme],
    speed: Speeds,
    machine: Machine,
    table: pd.DataFrame,
    region: Region,
) -> None:
    """Draws the export of a plan: the report, made when asked for, and the schemes as CSV."""
    st.subheader("Hand it on")
    st.caption("The address of this page is the plan: whoever opens it sees the same choices.")
    row = st.container(horizontal=True)
    address = st.context.url or ""
    query = urlencode(sorted(st.query_params.items()))
    row.download_button(
        "Report (HTML)",
        lambda: report(sections(store, basis, schemes, speed, machine, table, region), f"{address}?{query}"),
        "precision_atlas_plan.html",
        "text/html",
        key="planner.report",
        icon=":material/description:",
        on_click="ignore",
    )
    row.download_button(
        "Schemes (CSV)",
        safe_cells(table).to_csv(index=False),
        "precision_atlas_plan.csv",
        "text/csv",
        key="planner.plan.csv",
        icon=":material/download:",
        on_click="ignore",
    )


def sections(
    store: Store,
    basis: Basis,
    schemes: Sequence[Scheme],
    speed: Speeds,
    machine: Machine,
    table: pd.DataFrame,
    region: Region,
) -> dict[str, Iterable[str | pd.DataFrame | go.Figure]]:
    """What a report holds, by heading: paragraphs, tables and figures."""
    ranked = table[table["why_not"].isna()].sort_values("loss")
    hardware, wishes = machine.hardware, machine.wishes
    limits = {
        "tokens to serve": f"{wishes.serve_tokens:g}",
        "paid by the budget": "yes" if wishes.serving_paid else "no",
        "weights at most [GB]": wishes.memory_gb,
        "parameters fixed": wishes.n_params,
        "tokens fixed": wishes.n_tokens,
    }
    asked = {
        "GPUs": f"{hardware.gpus} x {machine.device} ({peak_words(hardware)})",
        "days": f"{hardware.days:g}",
        "USD per GPU hour": machine.usd_per_gpu_hour,
        "budget [USD]": machine.usd,
        "energy [kWh]": machine.kwh,
        "utilization": f"{100 * hardware.utilization:g}% of the dense peak, spread {100 * hardware.spread:.0f}%",
    } | limits
    answer = planning.answer(ranked.iloc[0], ranked).replace("**", "") if len(ranked) else "No scheme can run here."
    marks = [(planning.known_models(facts(store, "models")), "circle", "known models")]
    return {
        "Answer": [answer],
        "Question": [_facts(asked), machine.sentence],
        "Schemes": [
            figures_schemes.scheme_figure(ranked, "Loss of every scheme within the budget"),
            planning.readable_models(table, machine),
        ],
        "Where each format wins": [figures_planner.region_figure(region, marks, "Optimality map"), speed.sentence],
        "Law and coefficients": [basis.law.title, basis.law.formula, basis.sentence, coefficient_table(basis, schemes)],
        "Sources": [source_table(store, {basis.law.source_id, *(t.source_id for t in speed.tables)})],
        "Versions": [_facts(snapshot(store) | versions())],
    }


def report(parts: Mapping[str, Iterable[str | pd.DataFrame | go.Figure]], address: str) -> str:
    """One HTML page that asks nobody for anything: plotly stands inside it once."""
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    lines = [f"<p>Made {made} from {html.escape(address)}</p>"]
    plotted = False
    for heading, things in parts.items():
        lines.append(f"<h2>{html.escape(heading)}</h2>")
        for thing in things:
            if isinstance(thing, go.Figure):
                lines.append(_figure(thing, script=not plotted))
                plotted = True
            else:
                lines.append(_frame(thing) if isinstance(thing, pd.DataFrame) else f"<p>{html.escape(thing)}</p>")
    body = "\n".join(lines)
    title = "Precision Atlas: a training plan"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"</head><body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def coefficient_table(basis: Basis, schemes: Sequence[Scheme]) -> pd.DataFrame:
    """The values that the plan uses, with their 95% intervals where they have draws."""
    used = {param.symbol for param in basis.law.params if not param.per}
    used |= {s for scheme in schemes for s in (scheme.forward.eff_n, scheme.backward.eff_d) if s}
    ends = basis.draws.intervals() if basis.draws else {}
    rows = [(name, value, *ends.get(name, (None, None))) for name, value in basis.values.items() if name in used]
    return pd.DataFrame(rows, columns=["symbol", "value", "95% from", "95% to"])


def source_table(store: Store, keys: set[str]) -> pd.DataFrame:
    """Title, year and link of the sources of a plan."""
    rows = store.table("sources", source_id=sorted(key for key in keys if key))
    return rows[["source_id", "title", "year", "arxiv_id", "link"]]


def snapshot(store: Store) -> dict[str, object]:
    """Which store the plan was made from: its schema and how many rows the tables it reads hold."""
    tables = store.tables().set_index("table")["rows"]
    read = ("runs", "law_coefficients", "devices", "throughput", "training_efficiency", "prices_energy")
    schema = {"store schema": store.status()["schema_version"]}
    return schema | {f"rows of {name}": int(tables[name]) for name in read if name in tables}


def versions() -> dict[str, str]:
    """The versions of what computed the plan."""
    return {"Python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}


def _facts(known: Mapping[str, object]) -> pd.DataFrame:
    shown = {name: ("none" if value is None else value) for name, value in known.items()}
    return pd.DataFrame({"what": list(shown), "value": [str(value) for value in shown.values()]})


def _frame(frame: pd.DataFrame) -> str:
    def number(value: float) -> str:
        return f"{value:.6g}"

    return f'<div class="wide">{frame.to_html(index=False, border=0, na_rep="", float_format=number)}</div>'


def _figure(figure: go.Figure, script: bool) -> str:
    styled = figures.styled(figure)
    drawn = plotly.io.to_html(styled, full_html=False, include_plotlyjs=script, config={"displaylogo": False})
    return f"<figure>{drawn}</figure>"
