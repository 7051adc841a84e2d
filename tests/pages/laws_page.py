"""The scaling-laws page as AppTest shows it, and what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from settled_pages import settled
from streamlit.testing.v1 import AppTest

from analysis.laws import LAWS

ROOT = Path(__file__).resolve().parents[2]


def arrive(
    tab: str = "Residuals", page: str = "scaling_laws", state: dict[str, Any] | None = None, **query: str
) -> AppTest:
    """A new session on the page, as it is after its first run; widgets in `state` have that value from the start."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for key, value in (state or {}).items():
        at.session_state[key] = value
    for name, value in {"tab": tab, **query}.items():
        at.query_params[f"{page}.{name}"] = value
    return at.switch_page(f"pages/{page}.py").run()


def opened(tab: str = "Residuals", state: dict[str, Any] | None = None, **query: str) -> AppTest:
    """A new session on the page, once its computations have ended."""
    at = settled(arrive(tab, state=state, **query))
    assert not at.exception
    return at


def turned(at: AppTest, tab: str) -> AppTest:
    """The same session on another tab, once its computations have ended."""
    at.query_params["scaling_laws.tab"] = tab
    settled(at.run())
    assert not at.exception, tab
    return at


def said(at: AppTest) -> str:
    """Everything the page says outside its tables and figures."""
    kinds = (at.markdown, at.caption, at.success, at.info, at.warning, at.error, at.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def figure(at: AppTest) -> dict:
    """The first figure of the page as plotly JSON: the fit itself."""
    return json.loads(at.get("plotly_chart")[0].proto.spec)


def titles(at: AppTest) -> list[str]:
    """The titles of the page's figures."""
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in at.get("plotly_chart")]


def table(at: AppTest, column: str) -> pd.DataFrame:
    """The first table of the page that has this column."""
    return next(shown.value for shown in at.dataframe if column in shown.value)


def require_verdict(at: AppTest, law: str) -> None:
    """The page is about this law: its formula, a verdict in words, and a figure that says how close it comes."""
    formulas = [latex.value.strip("$\n ") for latex in at.get("latex")]
    assert LAWS[law].formula in formulas, formulas
    verdict = [*at.success, *at.info, *at.warning][0].value
    assert f"The {LAWS[law].title} law fits these" in verdict
    assert "held-out" in verdict
    assert titles(at)[0].startswith("The law follows the")
