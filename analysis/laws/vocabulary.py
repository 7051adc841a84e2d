"""Tao et al.: parameters of the vocabulary pay with an exponent of their own."""

import numpy as np

from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN
from analysis.laws.law import Derived, Law, Param

MILLION, BILLION = 1e6, 1e9


def predict(p, x):
    inner = p.A1 / (x.non_vocab_params / MILLION) ** p.alpha1
    vocabulary = p.A2 / (x.vocab_params / MILLION) ** p.alpha2
    return p.E - inner - vocabulary - p.B / (x.n_tokens / BILLION) ** p.beta


def best_vocab_params(p, x):
    """Where the gain is flat in the size of the vocabulary, whose parameters take tokens from the same compute."""
    low, high = np.zeros(np.shape(x.flops)), np.full(np.shape(x.flops), np.log(1e15))
    for _ in range(60):
        middle = (low + high) / 2
        vocab = np.exp(middle)
        tokens = x.flops / (TRAINING_FLOPS_PER_PARAM_TOKEN * (x.non_vocab_params + vocab))
        gained = p.alpha2 * p.A2 / (vocab / MILLION) ** p.alpha2
        lost = p.beta * p.B / (tokens / BILLION) ** p.beta * vocab / (x.non_vocab_params + vocab)
        low, high = np.where(gained > lost, middle, low), np.where(gained > lost, high, middle)
    return np.exp(low)


LAW = Law(
    name="vocabulary",
    title="Tao et al., size of the vocabulary",
    formula=r"-L_u(N_{nv}, N_v, D) = E - \frac{A_1}{N_{nv}^{\alpha_1}} - \frac{A_2}{N_v^{\alpha_2}}"
    r" - \frac{B}{D^{\beta}}, \quad N_{nv}, N_v \text{ in millions}, \; D \text{ in billions of tokens}",
    inputs=("non_vocab_params", "vocab_params", "n_tokens"),
    params=(
        Param("E", "gain of infinite size, vocabulary and data [nats/token]", (3.0, 5.0, 8.0), (1e-3, 1e3)),
        Param("A1", "gain that a million parameters outside the vocabulary lack", (0.5, 2.0, 5.0)),
        Param("alpha1", "how fast parameters outside the vocabulary pay", (0.3, 0.5, 0.8), (1e-3, 5.0)),
        Param("A2", "gain that a million parameters of the vocabulary lack", (0.05, 0.2, 1.0)),
        Param("alpha2", "how fast parameters of the vocabulary pay", (0.3, 0.5, 0.8), (1e-3, 5.0)),
        Param("B", "gain that a billion tokens lack", (0.5, 1.0, 2.0)),
        Param("beta", "how fast data pay", (0.3, 0.5, 0.8), (1e-3, 5.0)),
    ),
    predict=predict,
    source_id="vocabulary_law_2024",
    target="unigram_gain",
    derived=(
        Derived("best_vocab_params", "parameters of the vocabulary that gain most for a training compute",
                best_vocab_params, ("non_vocab_params", "flops"), "Tao et al. 2024, approach 3"),
    ),
    notes=(
        "The gain is that over a model of single token frequencies, so that vocabularies can be compared; the paper "
        "writes it as a loss below 0.",
        "Units as in the authors' code, which constrains alpha1 = beta. Its fit turns characters into tokens with the "
        "vocabulary counted in thousands, which gives about three times the tokens there were.",
    ),
)  # fmt: skip
