"""Luo et al. (Sparsing Law): with ReLU the share of active neurons falls with data towards a limit."""

import numpy as np

from analysis.laws.law import Law, Param, Range

BILLION = 1e9


def predict(p, x):
    return np.exp(p.b - p.c * (x.n_tokens / BILLION) ** p.alpha) + p.A_0


LAW = Law(
    name="activation_sparsity_relu",
    title="Sparsing Law, ReLU (Luo et al.)",
    formula=r"A(D) = e^{-c\,D^{\alpha} + b} + A_0, \quad D \text{ in billions of tokens}",
    inputs=("n_tokens",),
    params=(
        Param("A_0", "limit of the activation ratio", (0.03, 0.07, 0.2), (1e-4, 1.0)),
        Param("b", "log of what data can still turn off, before any were seen", (-4.0, -1.0), (-20.0, 2.0)),
        Param("c", "how much the first billion tokens turn off", (0.01, 0.1, 1.0), (1e-9, 1e2)),
        Param("alpha", "how fast data pay", (0.2, 0.6, 1.2), (1e-3, 5.0)),
    ),
    predict=predict,
    source_id="sparsing_law_2024",
    target="activation_ratio",
    ranges=(
        Range("n_tokens", 8e8, 3.2e11, "Luo et al. fitted 0.8B to 320B tokens: this is extrapolation", published=True),
    ),
    notes=("Active are the neurons whose removal would raise the perplexity by more than 1%.",),
)
