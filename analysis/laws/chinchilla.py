"""Hoffmann et al.: the loss is an irreducible part plus a cost of finite size and one of finite data."""

from analysis.laws.law import Law, Param


def predict(p, x):
    return p.E + p.A / x.n_params**p.alpha + p.B / x.n_tokens**p.beta


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
)
