"""Chen et al.: the loss that 4-bit quantization-aware training adds, by size, data and quantization group."""

import numpy as np

from analysis.laws.law import Law, Param, Range


def predict(p, x):
    return p.k * x.n_tokens**p.gamma_D * np.log2(x.block_size) ** p.gamma_G / x.n_params**p.gamma_N


SPAN = "Chen et al. fitted 74M to 595M parameters on 10B to 100B tokens with groups of 32 to 256: this is extrapolation"

LAW = Law(
    name="qat_error",
    title="Chen et al., what 4-bit quantization-aware training costs",
    formula=r"\delta_p(N, D, G) = \frac{k\,D^{\gamma_D}\,(\log_2 G)^{\gamma_G}}{N^{\gamma_N}}",
    inputs=("n_params", "n_tokens", "block_size"),
    params=(
        Param("k", "loss added, at one parameter and token and groups of 2", (0.01, 1.0), (1e-12, 1e12)),
        Param("gamma_N", "how fast size makes it better", (0.1, 1.0), (1e-3, 5.0)),
        Param("gamma_D", "how fast data make it worse", (0.02, 0.5), (1e-4, 5.0)),
        Param("gamma_G", "how fast larger groups make it worse", (0.2, 1.5), (1e-3, 10.0)),
    ),
    predict=predict,
    source_id="qat_law_2025",
    counts="not stated",
    target="loss_increase",
    ranges=(
        Range("n_params", 74e6, 595e6, SPAN, published=True),
        Range("n_tokens", 10e9, 100e9, SPAN, published=True),
        Range("block_size", 32, 256, SPAN, published=True),
    ),
    notes=(
        "Integers of 4 bits; the variants say which of weights (W) and activations (A) have them and whether the input "
        "of the second feed-forward layer keeps 8. The paper says that FP4 follows the INT4 fit.",
        "The loss without quantization follows law chinchilla, with coefficients of the same source.",
    ),
)
