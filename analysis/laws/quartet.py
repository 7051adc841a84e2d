"""Castro et al. (Quartet): a format makes the model act smaller (eff_n) and the data act fewer (eff_d)."""

from analysis.laws.law import Law, Param


def predict(p, x):
    size = p.A / (x.n_params * p.eff_n) ** p.alpha
    data = p.B / (x.n_tokens * p.eff_d) ** p.beta
    return (size + data) ** p.gamma + p.E


LAW = Law(
    name="quartet",
    title="Quartet (Castro et al., low-precision training)",
    formula=r"L(N, D) = \left(\frac{A}{(N\,\mathrm{eff}_N)^{\alpha}}"
    r" + \frac{B}{(D\,\mathrm{eff}_D)^{\beta}}\right)^{\gamma} + E",
    inputs=("n_params", "n_tokens", "forward_format", "backward_format"),
    params=(
        Param("E", "irreducible loss: what infinite size and data leave [nats/token]", (0.5, 1.0, 1.5, 2.0)),
        Param("A", "cost of finite size", (1e2, 1e4, 1e6)),
        Param("B", "cost of finite data", (1e2, 1e4, 1e6)),
        Param("alpha", "how fast size pays", (0.3, 0.6, 1.0), (1e-4, 5.0)),
        Param("beta", "how fast data pay", (0.3, 0.6, 1.0), (1e-4, 5.0)),
        Param("gamma", "how size and data costs combine", (0.2, 0.5, 1.0), (1e-3, 10.0)),
        Param(
            "eff_n",
            "share of the parameters that still counts with this forward format",
            (0.5,),
            (1e-6, 10.0),
            per="forward_format",
            baseline="bf16",
        ),
        Param(
            "eff_d",
            "share of the tokens that still counts with this backward format",
            (0.5,),
            (1e-6, 10.0),
            per="backward_format",
            baseline="bf16",
        ),
    ),
    predict=predict,
    source_id="quartet_2025",
    counts="non_embedding",
)
