"""The published coefficient sets fit the laws: known symbols, values within bounds, whole default sets."""

import numpy as np
import pytest

from analysis.laws import LAWS

PARTIAL = {"kaplan_steps", "activation_sparsity_silu"}  # no text gives the rest of their coefficients
UNPUBLISHED = {"average_parameters", "bivariate_nmt", "data_filtering", "power_law", "test_time_saturation"} | {
    "verifier_ceiling"
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_has_published_coefficients_unless_none_were_found(name, coefficients):
    assert (coefficients["law"] == name).any() == (name not in UNPUBLISHED)


@pytest.mark.parametrize("name", sorted(set(LAWS) - UNPUBLISHED))
def test_published_symbols_are_those_of_the_law_and_their_values_within_its_bounds(name, coefficients):
    params = {param.symbol: param for param in LAWS[name].params}
    own = coefficients[coefficients["law"] == name]
    assert set(own["symbol"]) <= set(params)
    for row in own.itertuples():
        low, high = params[row.symbol].bounds
        assert low <= row.value <= high, (row.variant, row.symbol, row.value)
    assert not own.duplicated(["source_id", "variant", "symbol"]).any()


@pytest.mark.parametrize("name", sorted(set(LAWS) - UNPUBLISHED - PARTIAL))
def test_the_default_set_is_whole_and_predicts(name, coefficients, made_up):
    law = LAWS[name]
    own = coefficients[coefficients["law"] == name]
    first = own[own["rank"] == own["rank"].min()]
    values = dict(zip(first["symbol"], first["value"], strict=True))
    assert {p.symbol for p in law.params if p.default is None and not p.per} <= set(values)
    _, runs = made_up(law, 20)
    plain = runs.drop(columns=[param.per for param in law.groups])
    predicted = law.evaluate(values, plain)
    assert np.isfinite(predicted).all(), predicted
