"""Abnar et al.: the loss of a mixture of experts by size, data and the share of its experts that sleep."""

from analysis.laws.law import Law, Param


def predict(p, x):
    active = 1 - x.sparsity
    size = p.a / x.n_params**p.alpha + p.d / (active**p.delta * x.n_params**p.gamma)
    return p.e + size + p.b / x.n_tokens**p.beta + p.c / active**p.lambda_


LAW = Law(
    name="moe_sparsity",
    title="Abnar et al., sparsity of a mixture of experts",
    formula=r"L(N, D, S) = \frac{a}{N^{\alpha}} + \frac{b}{D^{\beta}} + \frac{c}{(1 - S)^{\lambda}}"
    r" + \frac{d}{(1 - S)^{\delta} N^{\gamma}} + e",
    inputs=("n_params", "n_tokens", "sparsity"),
    params=(
        Param("e", "irreducible loss of the form [nats/token]", (0.3, 0.9, 2.0)),
        Param("a", "cost of finite size that fades first", (1e2, 1e4, 1e5)),
        Param("alpha", "how fast size pays", (0.4, 0.6, 1.0), (1e-3, 5.0)),
        Param("b", "cost of finite data", (1e2, 5e3, 1e4)),
        Param("beta", "how fast data pay", (0.3, 0.4, 0.6), (1e-3, 5.0)),
        Param("c", "loss that depends on sparsity alone", (0.2, 0.5, 1.0), (1e-6, 1e3)),
        Param("lambda_", "how fast that loss grows with sparsity; it falls below 0", (-0.6, -0.1), (-5.0, 5.0)),
        Param("d", "cost of finite size of sparse models", (5.0, 20.0, 1e2)),
        Param("delta", "how fast sparsity makes size count for less", (0.1, 0.2, 0.5), (1e-3, 5.0)),
        Param("gamma", "how fast size makes up for sparsity", (0.1, 0.16, 0.3), (1e-3, 5.0)),
    ),
    predict=predict,
    source_id="moe_sparsity_2025",
    counts="total",
    absent={"sparsity": 0.0},
    notes=("S is the share of the experts that a token does not use; N counts all experts.",),
)
