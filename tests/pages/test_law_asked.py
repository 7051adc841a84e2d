"""The tab that asks a law, as someone without runs uses it: any law, values on record, numbers of choice."""

from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd
import pytest
from laws_page import opened, said, table
from settled_pages import settled
from streamlit.testing.v1 import AppTest

from analysis.laws import LAWS
from pages.ui.inputs import title_of
from pages.ui.law_asked import NO_MODEL
from results_db import Store

SMOLLM = "SmolLM2-1.7B"


def lines(at: AppTest) -> dict[str, pd.DataFrame]:
    """What the last figure draws by name, inside and outside the published range together (columns x, y)."""
    traces = [t for t in json.loads(at.get("plotly_chart")[-1].proto.spec)["data"] if t["mode"] == "lines"]
    found: dict[str, list[pd.DataFrame]] = {}
    for trace in traces:
        own = pd.DataFrame({axis: numbers(trace[axis]) for axis in "xy"}).dropna()
        found.setdefault(trace["name"], []).append(own)
    return {
        name: pd.concat(parts).drop_duplicates("x").sort_values("x", ignore_index=True) for name, parts in found.items()
    }


def numbers(array: list | dict) -> np.ndarray:
    """An array of a figure, which plotly writes as a list or as bytes."""
    if isinstance(array, list):
        return np.array(array, float)
    return np.frombuffer(base64.b64decode(array["bdata"]), array["dtype"]).astype(float)


def ask(at: AppTest, law: str, **numbers: float | list[str] | str) -> None:
    """Asks a law, and gives widgets of it their values."""
    at.selectbox(key="scaling_laws.ask").set_value(law)
    settled(at.run())
    for name, value in numbers.items():
        key = f"scaling_laws.ask.{law}.{name}"
        kind = {list: at.multiselect, str: at.selectbox}.get(type(value), at.number_input)
        kind(key=key).set_value(value)
    settled(at.run())
    assert not at.exception


@pytest.mark.row("R01", "R02", "R03", "R04", "R07")
def test_a_law_answers_about_any_model_without_runs_of_ones_own(shipped_store: Store):
    shipped_store.close()
    title = title_of(LAWS["precision"])
    at = opened("Ask a law", ask=title, **{"ask.precision.post_bits": "4", "ask.precision.n_params": "1.7e9"})
    card = table(at, "metric").set_index("metric")["value"]
    assert card["run_count"] == 465
    assert (card["params"], card["tokens"]) == (1.7e9, 2.6e10)
    answers = table(at, "meaning").set_index("meaning")["value"]
    assert answers["compute-optimal training precision, for any budget [bits]"] == pytest.approx(7.0, abs=0.01)
    turn = answers["tokens beyond which more data raise the loss after quantization"]
    (curve,) = lines(at).values()
    lowest = curve.loc[curve["y"].idxmin(), "x"]
    assert curve["x"].iloc[0] < lowest < curve["x"].iloc[-1]
    assert lowest == pytest.approx(turn, rel=0.2)  # of a grid of 10 points per decade
    ask(at, "precision", n_tokens=1e13)
    assert any(f"1e+13 training tokens D are more than the {turn:.3g} tokens" in box.value for box in at.warning)

    ask(at, "ptq_degradation", model=SMOLLM)
    assert "at 6429 tokens per parameter" in said(at)  # it has 1.711e9
    ask(at, "ptq_degradation", model=NO_MODEL)
    ask(at, "ptq_degradation", n_params=1.7e9, n_tokens=11e12, post_bits=3.0, loss_increase=0.2)
    assert "at 6471 tokens per parameter" in said(at)
    assert any(box.value.startswith("Over-trained: 1.1e+13") and "to 0.2" in box.value for box in at.warning)
    (curve,) = lines(at).values()
    at_1e12, at_1e14 = np.interp([1e12, 1e14], curve["x"], curve["y"])
    assert curve["x"].iloc[-1] > 1e14
    assert at_1e14 > at_1e12

    parts = {"weights": "qat_law_2025, W4A16", "activations": "qat_law_2025, W16A4_fc2in8"}
    ask(at, "qat_error", sets=list(parts.values()))
    assert table(at, "metric").set_index("metric")["value"].to_dict() == {"run_count": 268, "bits": 4}
    weights, activations = (lines(at)[name] for name in parts.values())
    assert (np.diff(weights["y"]) > 0).all()
    assert weights["y"].iloc[0] < activations["y"].iloc[0]
    assert weights["y"].iloc[-1] > activations["y"].iloc[-1]

    ask(at, "fp_quantization", bits=8.0, exponent_bits=2.0, mantissa_bits=1.0, n_params=1e9, block_size=128.0)
    answers = table(at, "meaning").set_index("meaning")["value"]
    assert answers["best whole exponent bits, of `bits` with the sign"] == 4
    assert answers["best whole mantissa bits, of `bits` with the sign"] == 3
    assert answers["tokens beyond which more data raise the loss"] == pytest.approx(3.93e11, rel=1e-3)

    ask(at, "mixed_quantization")
    assert "No values of this law are on record" in said(at)
