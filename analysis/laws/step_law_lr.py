"""Li et al. (Step Law): the best peak learning rate is a power of size and data."""

from analysis.laws.law import Law, Param, Range


def predict(p, x):
    return p.c * x.n_params**p.alpha * x.n_tokens**p.beta


SPAN = "Li et al. searched 0.2B to 1.1B parameters (dense) on 2B to 100B tokens: this is extrapolation"

LAW = Law(
    name="step_law_lr",
    title="Step Law, learning rate (Li et al.)",
    formula=r"\eta(N, D) = c\,N^{\alpha} D^{\beta}",
    inputs=("n_params", "n_tokens"),
    params=(
        Param("c", "learning rate at one parameter and one token", (1e-2, 1.0, 1e2), (1e-12, 1e12)),
        Param("alpha", "exponent of size: below 0, as larger models want smaller steps", (-1.0, -0.1), (-3.0, 3.0)),
        Param("beta", "exponent of data", (0.0, 0.6), (-3.0, 3.0)),
    ),
    predict=predict,
    source_id="step_law_2025",
    counts="non_embedding",
    target="learning_rate",
    ranges=(
        Range("n_params", 2e8, 1.1e9, SPAN, published=True),
        Range("n_tokens", 2e9, 1e11, SPAN, published=True),
    ),
    notes=("Peak rate of a cosine schedule that ends at 1e-5.",),
)
