"""Muennighoff et al.: repeated tokens, and parameters beyond what the unique tokens can feed, count for less."""

import numpy as np

from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    unique = np.minimum(x.unique_tokens, x.n_tokens)
    fed = np.minimum(x.n_params, fed_params(p, unique))
    acting_tokens = unique + unique * discounted(x.n_tokens / unique - 1, p.R_D_star)
    acting_params = fed + fed * discounted(x.n_params / fed - 1, p.R_N_star)
    return p.E + p.A / acting_params**p.alpha + p.B / acting_tokens**p.beta


def discounted(repeats, half):
    """What `repeats` are worth: as many at first, never more than `half`."""
    return half * (1 - np.exp(-repeats / half))


def fed_params(p, unique):
    """The compute-optimal size for that many unique tokens."""
    return (p.alpha * p.A / (p.beta * p.B)) ** (1 / p.alpha) * unique ** (p.beta / p.alpha)


def acting_tokens(p, x):
    return x.unique_tokens * (1 + discounted(x.n_tokens / x.unique_tokens - 1, p.R_D_star))


SPAN = "Muennighoff et al. fitted 10M to 9B parameters on up to 900B tokens: this is extrapolation"

LAW = Law(
    name="data_constrained",
    title="Muennighoff et al., repeated data",
    formula=r"L(N, D, U) = E + \frac{A}{N'^{\alpha}} + \frac{B}{D'^{\beta}}, \quad"
    r" D' = U_D + U_D R_D^* \left(1 - e^{-R_D/R_D^*}\right), \; R_D = D/U_D - 1, \quad"
    r" N' = U_N + U_N R_N^* \left(1 - e^{-R_N/R_N^*}\right), \; R_N = N/U_N - 1",
    inputs=("n_params", "n_tokens", "unique_tokens"),
    params=(
        Param("E", "irreducible loss: what infinite size and data leave [nats/token]", (0.5, 1.0, 1.5, 2.0)),
        Param("A", "cost of finite size", (1.0, 30.0, 1e3, 3e4)),
        Param("B", "cost of finite data", (1.0, 30.0, 1e3, 3e4)),
        Param("alpha", "how fast size pays", (0.2, 0.4, 0.7), (1e-2, 5.0)),
        Param("beta", "how fast data pay", (0.2, 0.4, 0.7), (1e-2, 5.0)),
        Param("R_D_star", "repeats of the data that endless repeating is worth", (3.0, 10.0, 30.0), (1e-2, 1e4)),
        Param("R_N_star", "the same for parameters beyond what the data feed", (1.0, 5.0, 20.0), (1e-2, 1e4)),
    ),
    predict=predict,
    source_id="data_constrained_2023",
    counts="not stated",
    absent={"unique_tokens": np.inf},
    ranges=(
        Range("n_params", 1e7, 9e9, SPAN, published=True),
        Range("n_tokens", 1e8, 9e11, SPAN, published=True),
    ),
    derived=(
        Derived(
            "fed_params",
            "compute-optimal size U_N for the unique tokens; parameters beyond it count for less",
            lambda p, x: fed_params(p, x.unique_tokens),
            ("unique_tokens",),
            "Muennighoff et al. 2023, section 3.1",
        ),
        Derived(
            "acting_tokens",
            "unique tokens D' that would do as much as the repeated ones",
            acting_tokens,
            ("n_tokens", "unique_tokens"),
            "Muennighoff et al. 2023, Eq. 5",
        ),
    ),
    notes=("Without a column unique_tokens every token counts as unique.",),
)
