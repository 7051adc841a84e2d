"""Kim et al.: on a fixed set of data, well regularized models gain with size up to an asymptote."""

from analysis.laws.law import Law, Param, Range


def predict(p, x):
    return p.E + p.A / x.n_params**p.alpha


LAW = Law(
    name="infinite_compute",
    title="Kim et al., size on a fixed set of data",
    formula=r"L(N) = E + \frac{A}{N^{\alpha}}",
    inputs=("n_params",),
    params=(
        Param("E", "asymptote: what infinite size leaves on these data [nats/token]", (0.5, 1.0, 2.0, 4.0)),
        Param("A", "cost of finite size", (1e2, 1e5, 1e8), (1e-9, 1e20)),
        Param("alpha", "how fast size pays", (0.3, 0.6, 1.2), (1e-3, 5.0)),
    ),
    predict=predict,
    source_id="infinite_compute_2025",
    counts="not stated",
    ranges=(
        Range(
            "n_params",
            1.5e8,
            1.4e9,
            "Kim et al. fitted 150M to 1.4B parameters on 200M tokens: this is extrapolation",
            published=True,
        ),
    ),
    notes=(
        "Each model has its own best weight decay, learning rate and number of epochs: without them a larger model is "
        "worse, not better.",
        "The store's set asymptotes_200M has the limits of other recipes: ensembles reach lower ones than one model.",
    ),
)
