"""Kaplan et al.: for a large model stopped early, the loss is a power of the data."""

from analysis.laws.law import Law, Param, Range


def predict(p, x):
    return (p.D_c / x.n_tokens) ** p.alpha_D


LAW = Law(
    name="kaplan_d",
    title="Kaplan et al., loss by data",
    formula=r"L(D) = \left(\frac{D_c}{D}\right)^{\alpha_D}",
    inputs=("n_tokens",),
    params=(
        Param("D_c", "tokens at which the power law would reach a loss of 1", (1e10, 1e15), (1.0, 1e30)),
        Param("alpha_D", "how fast data pay", (0.03, 0.3), (1e-4, 5.0)),
    ),
    predict=predict,
    source_id="kaplan_2020",
    ranges=(
        Range(
            "n_tokens",
            22e6,
            23e9,
            "Kaplan et al. fitted 22M to 23B tokens of WebText2: this is extrapolation",
            published=True,
        ),
    ),
)
