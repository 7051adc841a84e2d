"""Hoffmann et al.: the loss is an irreducible part plus a cost of finite size and one of finite data."""

from analysis.laws.closed_form import best_split
from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN
from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    return p.E + p.A / x.n_params**p.alpha + p.B / x.n_tokens**p.beta


def n_opt(p, x):
    return best_split(p, x.flops / TRAINING_FLOPS_PER_PARAM_TOKEN)[0]


def d_opt(p, x):
    return best_split(p, x.flops / TRAINING_FLOPS_PER_PARAM_TOKEN)[1]


def tokens_per_parameter(p, x):
    return d_opt(p, x) / n_opt(p, x)


def a(p, x):
    return p.beta / (p.alpha + p.beta)


def b(p, x):
    return p.alpha / (p.alpha + p.beta)


FRONTIER = "Hoffmann et al. 2022, Eq. 4, with C = 6 N D"
SPAN = "Hoffmann et al. fitted 70M to 16B parameters on 5B to 500B tokens, each seen once: this is extrapolation"

LAW = Law(
    name="chinchilla",
    title="Chinchilla (Hoffmann et al., approach 3)",
    formula=r"L(N, D) = E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}}",
    inputs=("n_params", "n_tokens"),
    params=(
        Param("E", "irreducible loss: what infinite size and data leave [nats/token]", (0.5, 1.0, 1.5, 2.0)),
        Param("A", "cost of finite size", (1.0, 30.0, 1e3, 3e4)),
        Param("B", "cost of finite data", (1.0, 30.0, 1e3, 3e4)),
        Param("alpha", "how fast size pays", (0.2, 0.4, 0.7), (1e-4, 5.0)),
        Param("beta", "how fast data pay", (0.2, 0.4, 0.7), (1e-4, 5.0)),
    ),
    predict=predict,
    source_id="chinchilla_2022",
    counts="total",
    ranges=(
        Range("n_params", 70e6, 16e9, SPAN, published=True),
        Range("n_tokens", 5e9, 500e9, SPAN, published=True),
    ),
    derived=(
        Derived("n_opt", "compute-optimal parameters", n_opt, ("flops",), FRONTIER),
        Derived("d_opt", "compute-optimal tokens", d_opt, ("flops",), FRONTIER),
        Derived("tokens_per_parameter", "compute-optimal D/N", tokens_per_parameter, ("flops",), FRONTIER),
        Derived("a", "exponent of the optimal N in compute", a, (), FRONTIER),
        Derived("b", "exponent of the optimal D in compute", b, (), FRONTIER),
    ),
)
