"""Wang et al.: with independent tries, the score nears its ceiling by the same share with every try."""

import numpy as np

from analysis.laws.law import Derived, Law, Param


def predict(p, x):
    return p.F_max * (1 - (1 - p.p) ** x.samples)


def marginal_gain(p, x):
    return p.F_max * p.p * (1 - p.p) ** x.samples


def saturation(p, x):
    return np.ceil(np.log(x.least_gain / (p.F_max * p.p)) / np.log(1 - p.p))


LAW = Law(
    name="test_time_saturation",
    title="Wang et al., saturation of test-time compute",
    formula=r"F(k) = F_{\max}\left(1 - (1 - p)^{k}\right)",
    inputs=("samples",),
    params=(
        Param("F_max", "score that endless tries reach", (0.3, 0.6, 0.95), (1e-3, 1.0)),
        Param("p", "share of the remaining gap that each try closes", (0.003, 0.03, 0.3), (1e-6, 0.999)),
    ),
    predict=predict,
    source_id="ttspm_2025",
    domain="answering",
    target="score",
    derived=(
        Derived("marginal_gain", "score that the try after these adds", marginal_gain, ("samples",)),
        Derived("saturation", "tries after which another adds less than least_gain", saturation, ("least_gain",)),
    ),
    notes=(
        "No published coefficients: the form is offered for fitting, and was not read in the source itself.",
        "Tries may be parallel samples or sequential rounds of thinking.",
    ),
)
