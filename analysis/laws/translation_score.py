"""Isik et al.: the quality of translations after fine-tuning is a power of the log of the pretraining data."""

import numpy as np

from analysis.laws.law import Derived, Law, Param


def predict(p, x):
    return (np.log(p.A) + p.alpha * np.log(x.n_tokens)) ** p.beta


def tokens_for(p, x):
    return np.exp((x.translation_score ** (1 / p.beta) - np.log(p.A)) / p.alpha)


LAW = Law(
    name="translation_score",
    title="Isik et al., translation quality by pretraining data",
    formula=r"f(D_p) = \left(\log\left(A\,D_p^{\alpha}\right)\right)^{\beta}",
    inputs=("n_tokens",),
    params=(
        Param("A", "moves the curve along the log of the data", (1.0, 30.0), (1.0, 1e9)),
        Param("alpha", "how much a factor of data adds", (0.1, 0.3, 0.6), (1e-3, 5.0)),
        Param("beta", "how the sum bends into a score", (0.8, 1.3, 2.0), (0.05, 10.0)),
    ),
    predict=predict,
    source_id="downstream_scaling_2024",
    domain="translation",
    target="translation_score",
    derived=(
        Derived("tokens_for", "pretraining tokens that reach a score", tokens_for, ("translation_score",)),
    ),
    notes=(
        "No published coefficients were found: the form (arXiv 2402.04177, captions of its figures) is offered for "
        "fitting.",
        "Where pretraining data and task fit badly the source sees scores that fluctuate or fall while the loss still "
        "improves: such points do not follow this law.",
    ),
)  # fmt: skip
