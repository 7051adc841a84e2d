"""The loss that quantizing a share of a model adds, by that share, the size and the elements per scale (2410.06722)."""

import numpy as np

from analysis.laws.law import Derived, Law, Param


def predict(p, x):
    return p.C * np.exp(p.A * x.low_precision_share) / x.n_params**p.gamma_N * (x.block_size + p.d) ** p.gamma_c


def tolerated_share(p, x):
    one = p.C / x.n_params**p.gamma_N * (x.block_size + p.d) ** p.gamma_c
    return np.log(x.loss_increase / one) / p.A


LAW = Law(
    name="mixed_quantization",
    title="Mixed quantization, what a low-precision share costs",
    formula=r"\delta(N, Q_r, Q_b) = C\,e^{A Q_r}\,N^{-\gamma_N}\,(Q_b + d)^{\gamma_c}",
    inputs=("n_params", "low_precision_share", "block_size"),
    params=(
        Param("C", "loss added, at one parameter and none in low precision", (0.01, 1.0, 100.0), (1e-12, 1e12)),
        Param("A", "how fast the low-precision share makes it worse", (1.0, 3.0, 8.0), (1e-3, 50.0)),
        Param("gamma_N", "how fast size makes it better", (0.1, 0.4, 1.0), (1e-3, 5.0)),
        Param("d", "elements per scale below which finer scales help little", (4.0, 32.0), (1e-3, 1e4)),
        Param("gamma_c", "how fast more elements per scale make it worse", (0.1, 0.4, 1.0), (1e-3, 5.0)),
    ),
    predict=predict,
    source_id="mixed_quant_law_2024",
    counts="not stated",
    target="loss_increase",
    derived=(
        Derived("tolerated_share", "the low-precision share that adds loss_increase", tolerated_share,
                ("n_params", "block_size", "loss_increase")),
    ),
    notes=(
        "No published coefficients: the form is known from notes on the paper, its numbers are not; they differ with "
        "the quantization method, so a fit holds for one method.",
        "The share is that of the parameters kept in low precision; without block sizes, hold gamma_c near 0.",
    ),
)  # fmt: skip
