"""The published coefficient sets fit the laws: known symbols, values within bounds, whole default sets."""

import numpy as np
import pytest

from analysis.laws import LAWS

PARTIAL = {"kaplan_steps"}  # no text gives the rest of its coefficients
UNPUBLISHED = {
    "average_parameters",
    "bivariate_nmt",
    "data_filtering",
    "mixed_quantization",
    "multilingual_nmt",
    "pass_until",
    "test_time_saturation",
    "translation_score",
    "verifier_ceiling",
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


PLAUSIBLE = {  # what any published set may predict where its runs were; shares, from 0 to 1, where nothing is said
    "loss": (0.6, 12.0),
    "loss_increase": (1e-6, 1e3),
    "critical_batch": (1e2, 1e16),
    "batch_tokens": (1e3, 1e8),
    "learning_rate": (1e-6, 0.1),
    "eflops": (1e10, 1e24),
    "unigram_gain": (-5.0, 6.0),
    "failure_rate": (0.01, 1.0),
    "activation_ratio": (0.04, 0.45),
}


@pytest.mark.parametrize("name", sorted(set(LAWS) - UNPUBLISHED - PARTIAL))
def test_every_whole_set_predicts_what_can_be(name, coefficients, made_up):
    law = LAWS[name]
    needed = {p.symbol for p in law.params if p.default is None and not p.per}
    _, runs = made_up(law, 200)
    plain = runs.drop(columns=[param.per for param in law.groups])[~law.outside(runs, published=True)[0]]
    assert len(plain) > 5
    low, high = PLAUSIBLE.get(law.target, (0.0, 1.0))
    whole = 0
    for key, rows in coefficients[coefficients["law"] == name].groupby(["source_id", "variant"]):
        values = dict(zip(rows["symbol"], rows["value"], strict=True))
        if needed <= values.keys():
            predicted = law.evaluate(values, plain)
            assert np.isfinite(predicted).all(), key
            assert low <= predicted.min(), (key, predicted.min())
            assert predicted.max() <= high, (key, predicted.max())
            whole += 1
    assert whole
