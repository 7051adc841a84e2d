"""Kaplan et al.: the loss by model size and by the steps of a run with a very large batch."""

from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    return (p.N_c / x.n_params) ** p.alpha_N + (p.S_c / x.steps) ** p.alpha_S


def alpha_C(p, x):
    return 1 / (1 / p.alpha_S + 1 / x.alpha_B + 1 / p.alpha_N)


LAW = Law(
    name="kaplan_steps",
    title="Kaplan et al., loss by size and steps",
    formula=r"L(N, S) = \left(\frac{N_c}{N}\right)^{\alpha_N} + \left(\frac{S_c}{S_{\min}}\right)^{\alpha_S}",
    inputs=("n_params", "steps"),
    params=(
        Param("N_c", "size at which, with endless steps, the loss would reach 1", (1e10, 1e15), (1.0, 1e30)),
        Param("alpha_N", "how fast size pays", (0.03, 0.3), (1e-4, 5.0)),
        Param("S_c", "steps that would leave a loss of 1 to learn", (1e2, 1e5), (1e-3, 1e15)),
        Param("alpha_S", "how fast steps pay", (0.3, 1.5), (1e-3, 5.0)),
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
    derived=(
        Derived(
            "alpha_C",
            "exponent of the loss in compute, with the exponent alpha_B of the critical batch",
            alpha_C,
            ("alpha_B",),
            "Kaplan et al. 2020, section 6",
        ),
    ),
    notes=("Steps are those at batches far above the critical size; law kaplan_critical_batch converts others.",),
)
