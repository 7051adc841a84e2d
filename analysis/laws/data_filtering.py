"""Goyal et al.: each further pass over a pool of data pays with an exponent that halves every tau passes."""

import numpy as np

from analysis.laws.law import Law, Param

LAST_PASS = 20  # what is seen after this pass pays as this pass does


def predict(p, x):
    kept = 0.5 ** (1 / p.tau)
    gain = 0.0
    for growth in reversed(growths(x.n_tokens, np.minimum(x.unique_tokens, x.n_tokens))):
        gain = growth + kept * gain
    return p.a * np.exp(p.b * gain) + p.d


def growths(seen, unique):
    """log(n_j / n_(j-1)) of each pass j, where n_j is what was seen by its end; the first is log(n_1)."""
    passes = seen / unique
    steps = [np.log(np.clip(passes / j, 1, 1 + 1 / j)) for j in range(1, LAST_PASS - 1)]
    return [np.log(unique), *steps, np.log(np.maximum(passes / (LAST_PASS - 1), 1))]


LAW = Law(
    name="data_filtering",
    title="Goyal et al., the decaying worth of repeated data",
    formula=r"L_k = a\,n_1^{b_1} \prod_{j=2}^{k} \left(\frac{n_j}{n_{j-1}}\right)^{b_j} + d,"
    r" \quad b_{j+1} = b \left(\tfrac{1}{2}\right)^{j/\tau}",
    inputs=("n_tokens", "unique_tokens"),
    params=(
        Param("a", "cost of finite data", (1.0, 1e2, 1e4)),
        Param(
            "b", "exponent of the first pass: below 0, closer to 0 for data of less use", (-0.6, -0.15), (-5.0, -1e-3)
        ),
        Param("tau", "passes after which the exponent has halved", (1.0, 3.0, 10.0), (1e-2, 1e4)),
        Param("d", "irreducible loss", (0.3, 1.0, 2.0)),
    ),
    predict=predict,
    source_id="data_filtering_law_2024",
    absent={"unique_tokens": np.inf},
    notes=(
        "No published coefficients: the source's file of results is not public, so the form is offered for fitting.",
        "The source counts pairs of image and text; any unit does, as long as a fit keeps to it.",
        f"From pass {LAST_PASS} on all data pay with the exponent of that pass.",
        "A mixture of p equal pools has tau p times as long, and the mean of their exponents at every pass.",
    ),
)
