"""Jin et al.: a model pruned while it is trained loses as one of its average size would."""

from analysis.laws.law import Derived, Law, Param


def predict(p, x):
    return p.E + p.A / x.average_params**p.alpha + p.B / x.n_tokens**p.beta


def average_params(p, x):
    whole, sliding, pruned = x.prune_start, x.prune_end - x.prune_start, 1 - x.prune_end
    return x.n_params * (whole + sliding * (1 + x.kept_share) / 2 + pruned * x.kept_share)


LAW = Law(
    name="average_parameters",
    title="Jin et al., pruning while training",
    formula=r"L(\bar{N}, D) = E + \frac{A}{\bar{N}^{\alpha}} + \frac{B}{D^{\beta}}",
    inputs=("average_params", "n_tokens"),
    params=(
        Param("E", "irreducible loss: what infinite size and data leave [nats/token]", (0.5, 1.0, 1.5, 2.0)),
        Param("A", "cost of finite average size", (1.0, 30.0, 1e3, 3e4)),
        Param("B", "cost of finite data", (1.0, 30.0, 1e3, 3e4)),
        Param("alpha", "how fast size pays", (0.2, 0.4, 0.7), (1e-4, 5.0)),
        Param("beta", "how fast data pay", (0.2, 0.4, 0.7), (1e-4, 5.0)),
    ),
    predict=predict,
    source_id="journey_matters_2025",
    derived=(
        Derived(
            "average_params",
            "average size of a model pruned linearly from prune_start to prune_end of its training to kept_share",
            average_params,
            ("n_params", "kept_share", "prune_start", "prune_end"),
        ),
    ),
    notes=(
        "No published coefficients were found: the form is offered for fitting.",
        "Pruning from 25% to 75% of the compute was near the best of the 80 schedules tried.",
    ),
)
