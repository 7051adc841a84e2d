"""Chen et al. (ParScale): P parallel streams act like O(log P) times the parameters."""

import numpy as np

from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    return p.E + (p.A / (x.n_params * (p.k * np.log(x.streams) + 1))) ** p.alpha


def acting_size(p, x):
    return p.k * np.log(x.streams) + 1


SPAN = "Chen et al. fitted 0.54B to 4.4B non-embedding parameters and 1 to 8 streams: this is extrapolation"

LAW = Law(
    name="parscale",
    title="ParScale (Chen et al., parallel streams)",
    formula=r"L(N, P) = E + \left(\frac{A}{N\,(k \ln P + 1)}\right)^{\alpha}",
    inputs=("n_params", "streams"),
    params=(
        Param("E", "irreducible loss: what infinite size leaves [nats/token]", (0.5, 1.0, 1.5, 2.0)),
        Param("A", "size at which, with one stream, the reducible loss is 1", (1e6, 1e8, 1e10)),
        Param("alpha", "how fast size pays", (0.1, 0.2, 0.5), (1e-4, 5.0)),
        Param("k", "share of the size that each factor e of streams adds", (0.1, 0.3, 1.0), (1e-4, 100.0)),
    ),
    predict=predict,
    source_id="parscale_2025",
    counts="non_embedding",
    absent={"streams": 1.0},
    ranges=(
        Range("n_params", 5.3e8, 4.5e9, SPAN, published=True),
        Range("streams", 1, 8, SPAN, published=True),
    ),
    derived=(Derived("acting_size", "factor by which the streams multiply the parameters", acting_size, ("streams",)),),
    notes=("The tokens are the same in all runs of a fit: those of the published sets had 42B.",),
)
