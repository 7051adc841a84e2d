"""The planner's hardware tab: a design over its own baseline, and the meter of energy, in one page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
KEY = "planner.hardware"


@pytest.fixture
def tab(own_store_path: Path, shipped_file: Path) -> AppTest:
    shutil.copyfile(shipped_file, own_store_path)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    at.query_params |= {"planner.tab": "Hardware", f"{KEY}.first": "211 208 213", f"{KEY}.second": "199 202 200"}
    return at.switch_page("pages/planner.py").run()


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.success, at.warning, at.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.row("R29", "R30")
def test_a_design_and_two_formats_are_compared_on_the_page(tab):
    assert not tab.exception
    assert "energy 0.167, cost 0.556" in said(tab)  # FlightLLM: 6.0x and 1.8x
    assert tab.selectbox(key=f"{KEY}.baseline.FlightLLM").options == ["V100S with vLLM and SmoothQuant", "A100"]
    assert "**0.168 to 0.264 kWh** at the device" in said(tab)
    assert "Not statistically significant in the author's tests." in said(tab)
    means = next(table.value for table in tab.dataframe if "means" in table.value)
    assert "25 ns an inference" in set(means["means"])
    assert "saves **10.3 W**" in tab.success[0].value  # 210.67 - 200.33
    assert "The readings tell the two apart" in tab.success[0].value
    tab.text_input(key=f"{KEY}.second").set_value("300 C").run()
    assert not tab.exception
    assert "is no power; write watts" in tab.warning[0].value
