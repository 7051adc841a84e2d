"""Tan et al.: the failure rate falls as a power of the compute or data of reinforcement learning."""

from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    return p.L_1 / x.rl_resource ** exponent(p, x)


def exponent(p, x):
    return p.K_max / (1 + p.N_0 / x.n_params)


LAW = Law(
    name="rl_power",
    title="Tan et al., reinforcement learning by size",
    formula=r"L(N, X) = \frac{L_1(N)}{X^{k(N)}}, \quad k(N) = \frac{K_{\max}}{1 + N_0/N}",
    inputs=("n_params", "rl_resource", "model"),
    params=(
        Param("K_max", "exponent of an endlessly large model", (0.05, 0.1, 0.3), (1e-4, 5.0)),
        Param("N_0", "size whose exponent is half of that", (1e9, 1e10, 3e10), (1e3, 1e15)),
        Param("L_1", "failure rate at one unit of the resource", (0.3, 1.0), (1e-6, 1e9), per="model"),
    ),
    predict=predict,
    source_id="rl_posttrain_scaling_2025",
    domain="reinforcement learning",
    counts="total",
    target="failure_rate",
    ranges=(
        Range("n_params", 5e8, 7.2e10, "Tan et al. trained 0.5B to 72B parameters: this is extrapolation",
              published=True),
    ),
    derived=(Derived("exponent", "exponent k of a model", exponent, ("n_params",)),),
    notes=(
        "L_1 belongs to each model (ln L_1 is the paper's E(N)) and has no published values: without one, what is "
        "predicted is the failure rate relative to that at one unit of the resource.",
        "The resource is compute or samples; the sets say which (C or D), and have the exponents of that one.",
    ),
)  # fmt: skip
