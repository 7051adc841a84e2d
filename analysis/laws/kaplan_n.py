"""Kaplan et al.: with enough data, the loss is a power of the model size."""

from analysis.laws.law import Law, Param, Range


def predict(p, x):
    return (p.N_c / x.n_params) ** p.alpha_N


LAW = Law(
    name="kaplan_n",
    title="Kaplan et al., loss by model size",
    formula=r"L(N) = \left(\frac{N_c}{N}\right)^{\alpha_N}",
    inputs=("n_params",),
    params=(
        Param("N_c", "size at which the power law would reach a loss of 1", (1e10, 1e15), (1.0, 1e30)),
        Param("alpha_N", "how fast size pays", (0.03, 0.3), (1e-4, 5.0)),
    ),
    predict=predict,
    source_id="kaplan_2020",
    counts="non_embedding",
    ranges=(
        Range(
            "n_params",
            768,
            1.5e9,
            "Kaplan et al. fitted 768 to 1.5B non-embedding parameters on WebText2: this is extrapolation",
            published=True,
        ),
    ),
)
