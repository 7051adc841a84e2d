"""How every table is made readable: digits, thousands, sides and headers, in one place."""

from __future__ import annotations

import numpy as np
import pandas as pd
from streamlit.column_config import NumberColumn

from pages.ui.headings import readable

TABLE = pd.DataFrame(
    {
        "n_params": ["1.9B", "", "310B"],
        "cost [USD]": [385613.0, 2.039, np.nan],
        "loss": [2.039, 2.0941, np.nan],
        "year": [2024, 2025, 2026],
        "runs": [123456, 2, 3],
        "format": ["4-bit", "nf4", "16"],
        "share": [0.5, 0.25, 0.1],
        "own_id": [1, 2, 3],
    }
)


def test_numbers_get_four_digits_thousands_and_the_right_side():
    shown, configs = readable(TABLE, {"share": NumberColumn("P(win)", format="percent"), "own_id": None})
    patterns = {
        name: config["type_config"]["format"] for name, config in configs.items() if "type_config" in (config or {})
    }
    assert patterns == {
        "cost [USD]": "localized",
        "loss": "%.4g",
        "year": None,
        "runs": "localized",
        "share": "percent",
    }
    np.testing.assert_array_equal(shown["cost [USD]"], [385600.0, 2.039, np.nan])
    pd.testing.assert_frame_equal(shown.drop(columns="cost [USD]"), TABLE.drop(columns="cost [USD]"))
    assert [name for name, config in configs.items() if (config or {}).get("alignment") == "right"] == ["n_params"]
    assert configs["own_id"] is None, "a hidden column stays hidden"
    assert [configs[name]["label"] for name in ("n_params", "share")] == ["model parameters N", "P(win)"]
