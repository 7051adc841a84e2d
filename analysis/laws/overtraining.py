"""Gadre et al.: the loss by training compute and tokens per parameter, for models trained beyond the optimum."""

from analysis.laws.flops import training_flops
from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    compute, tokens_per_param = training_flops(x.n_params, x.n_tokens), x.n_tokens / x.n_params
    return p.E + (p.a * tokens_per_param**p.eta + p.b * tokens_per_param**-p.eta) * compute**-p.eta


def best_tokens_per_param(p, x):
    return (p.b / p.a) ** (1 / (2 * p.eta))


SPAN = "Gadre et al. fitted 11M to 412M parameters and tested up to 6.9B: this is extrapolation"

LAW = Law(
    name="overtraining",
    title="Gadre et al., over-training",
    formula=r"L(C, M) = E + \left(a\,M^{\eta} + b\,M^{-\eta}\right) C^{-\eta}, \quad C = 6 N D, \; M = D / N",
    inputs=("n_params", "n_tokens"),
    params=(
        Param("E", "irreducible loss: what infinite compute leaves [nats/token]", (0.5, 1.0, 1.5, 2.0)),
        Param("a", "cost of more tokens per parameter", (1.0, 30.0, 1e3)),
        Param("b", "cost of fewer tokens per parameter", (1.0, 30.0, 1e3)),
        Param("eta", "how fast compute pays", (0.08, 0.15, 0.3), (1e-4, 2.0)),
    ),
    predict=predict,
    source_id="overtraining_scaling_2024",
    counts="total",
    ranges=(Range("n_params", 1e7, 6.9e9, SPAN, published=True),),
    derived=(
        Derived("best_tokens_per_param", "tokens per parameter of least loss at any compute", best_tokens_per_param),
        Derived("A", "A of law chinchilla with the same losses", lambda p, x: p.a / 6**p.eta),
        Derived("B", "B of law chinchilla with the same losses", lambda p, x: p.b / 6**p.eta),
        Derived("alpha", "alpha and beta of law chinchilla with the same losses", lambda p, x: 2 * p.eta),
    ),
    notes=(
        "It is law chinchilla with alpha = beta = 2 eta: in compute, the curves of all M are parallel.",
        "Each published set was fitted to four runs of 20 tokens per parameter and one of 320, and predicts "
        "up to 640; runs of 5 are off the trend.",
    ),
)
