"""Li et al. (Step Law): the best batch size is a power of the data alone."""

from analysis.laws.law import Law, Param, Range


def predict(p, x):
    return p.d * x.n_tokens**p.gamma


LAW = Law(
    name="step_law_batch",
    title="Step Law, batch size (Li et al.)",
    formula=r"B(D) = d\,D^{\gamma}",
    inputs=("n_tokens",),
    params=(
        Param("d", "tokens per step at one token of data", (1e-2, 1.0, 1e2), (1e-12, 1e12)),
        Param("gamma", "exponent of data", (0.2, 1.0), (-3.0, 3.0)),
    ),
    predict=predict,
    source_id="step_law_2025",
    target="batch_tokens",
    ranges=(
        Range("n_tokens", 2e9, 1e11, "Li et al. searched 2B to 100B tokens: this is extrapolation", published=True),
    ),
)
