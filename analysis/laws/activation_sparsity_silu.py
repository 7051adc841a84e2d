"""Luo et al. (Sparsing Law): with SiLU the share of active neurons grows with data towards a limit."""

from analysis.laws.law import Law, Param, Range

BILLION = 1e9


def predict(p, x):
    return p.A_0 - p.c / (x.n_tokens / BILLION) ** p.alpha


LAW = Law(
    name="activation_sparsity_silu",
    title="Sparsing Law, SiLU (Luo et al.)",
    formula=r"A(D) = A_0 - \frac{c}{D^{\alpha}}, \quad D \text{ in billions of tokens}",
    inputs=("n_tokens",),
    params=(
        Param("A_0", "limit of the activation ratio", (0.3, 0.4, 0.7), (1e-4, 1.0)),
        Param("c", "distance to the limit after a billion tokens", (0.05, 0.1, 0.3), (1e-9, 1.0)),
        Param("alpha", "how fast data pay", (0.3, 0.6, 1.2), (1e-3, 5.0)),
    ),
    predict=predict,
    source_id="sparsing_law_2024",
    target="activation_ratio",
    ranges=(
        Range(
            "n_tokens",
            5.7e9,
            2.3e11,
            "Luo et al. fitted up to 230B tokens, and not every model below 6B: this is extrapolation",
            published=True,
        ),
    ),
    notes=("Active are the neurons whose removal would raise the perplexity by more than 1%.",),
)
