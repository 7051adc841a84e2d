"""Kaplan et al.: size and data limit the loss together, through one exponent."""

from analysis.laws.law import Law, Param, Range


def predict(p, x):
    return ((p.N_c / x.n_params) ** (p.alpha_N / p.alpha_D) + p.D_c / x.n_tokens) ** p.alpha_D


SPAN = "Kaplan et al. fitted 768 to 1.5B non-embedding parameters on 22M to 23B tokens: this is extrapolation"

LAW = Law(
    name="kaplan_joint",
    title="Kaplan et al., loss by size and data",
    formula=r"L(N, D) = \left[\left(\frac{N_c}{N}\right)^{\alpha_N/\alpha_D} + \frac{D_c}{D}\right]^{\alpha_D}",
    inputs=("n_params", "n_tokens"),
    params=(
        Param("N_c", "size at which, with endless data, the loss would reach 1", (1e10, 1e15), (1.0, 1e30)),
        Param("D_c", "tokens at which, for endless size, the loss would reach 1", (1e10, 1e15), (1.0, 1e30)),
        Param("alpha_N", "how fast size pays", (0.03, 0.3), (1e-4, 5.0)),
        Param("alpha_D", "how fast data pay", (0.03, 0.3), (1e-4, 5.0)),
    ),
    predict=predict,
    source_id="kaplan_2020",
    counts="non_embedding",
    ranges=(
        Range("n_params", 768, 1.5e9, SPAN, published=True),
        Range("n_tokens", 22e6, 23e9, SPAN, published=True),
    ),
    notes=("Its N_c and D_c are a fit of their own (Table 2): those of the laws in N or D alone do not belong here.",),
)
