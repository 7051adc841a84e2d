"""Krajewski et al.: experts cut into G finer ones make a mixture of experts act larger."""

from analysis.laws.law import Law, Param


def predict(p, x):
    return p.c + (p.g / x.granularity**p.gamma + p.a) / x.n_params**p.alpha + p.b / x.n_tokens**p.beta


LAW = Law(
    name="moe_fine_grained",
    title="Krajewski et al., fine-grained experts",
    formula=r"L(N, D, G) = c + \left(\frac{g}{G^{\gamma}} + a\right) \frac{1}{N^{\alpha}} + \frac{b}{D^{\beta}}",
    inputs=("n_params", "n_tokens", "granularity"),
    params=(
        Param("c", "irreducible loss: what infinite size and data leave [nats/token]", (0.3, 0.5, 1.5)),
        Param("a", "cost of finite size with endlessly fine experts", (5.0, 20.0, 1e2)),
        Param("alpha", "how fast size pays", (0.1, 0.2, 0.4), (1e-3, 5.0)),
        Param("b", "cost of finite data", (5.0, 30.0, 2e2)),
        Param("beta", "how fast data pay", (0.1, 0.2, 0.4), (1e-3, 5.0)),
        Param("g", "what experts that are not cut cost on top of a", (1.0, 3.0, 50.0), (1e-6, 1e6)),
        Param("gamma", "how fast finer experts pay", (0.3, 0.6, 1.2), (1e-2, 10.0)),
    ),
    predict=predict,
    source_id="fine_grained_moe_2024",
    counts="not stated",
    absent={"granularity": 1.0},
    notes=(
        "G is the size of the dense feed-forward layer over that of one expert. The set belongs to mixtures of one "
        "ratio of all parameters to active ones.",
    ),
)
