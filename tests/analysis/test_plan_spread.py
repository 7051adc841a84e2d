"""The planner's command with a spread of FP4's speed: chances move by what the spread crosses."""

import json

import numpy as np
import pytest

VALUES = {"A": 127444.6855, "alpha": 0.57852, "B": 465834.3122, "beta": 0.538877, "gamma": 0.276416, "E": 1.340846}


@pytest.fixture
def fitted(tmp_path):
    """A fit with draws that do not differ: only speeds can make a chance uncertain."""
    values = VALUES | {"eff_n": 0.6452, "eff_d": 0.8935}
    draws = {name: [value] * 400 for name, value in values.items()}
    path = tmp_path / "fit.json"
    path.write_text(json.dumps({"law": "quartet", "params": values, "draws": draws}))
    return path


def test_a_spread_of_fp4s_speed_makes_a_close_call_uncertain(call, fitted):
    options = ("plan", "--params", fitted, "--n-max", "1e9", "--d-over-n", "130", "--json")
    chances = []
    for spread in ("0", "0.2"):
        code, out, err = call(*options, "--spread", spread)
        assert code == 0, err
        chances.append(json.loads(out)["p_win"])
    assert max(chances[0].values()) == 1.0
    assert 0.05 < max(chances[1].values()) < 0.95
    assert np.sum(list(chances[1].values())) == pytest.approx(1.0)


@pytest.mark.parametrize("spread", ["-0.1", "1.5", "nan"])
def test_a_spread_that_is_no_share_is_said(call, fitted, spread):
    code, _, err = call("plan", "--params", fitted, "--n-max", "1e9", "--d-over-n", "130", "--spread", spread)
    assert code == 2
    assert f"'{spread}' is no relative spread; give a number from 0 to 1" in err
