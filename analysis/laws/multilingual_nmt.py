"""Fernandes et al.: the mixture of languages moves the multiplier of a translation law, never its exponent."""

from analysis.laws.law import Derived, Law, Param, Range

REFERENCE = 1e8


def predict(p, x):
    return p.beta * (p.N_bar / x.n_params) ** p.alpha + p.L_inf


def effective_share(p, x):
    return (x.single_beta / p.beta) ** (1 / p.alpha)


LAW = Law(
    name="multilingual_nmt",
    title="Fernandes et al., translation of several language pairs",
    formula=r"L_i(N; p) = \beta_{p,i} \left(\frac{\bar{N}}{N}\right)^{\alpha_i} + L_\infty^{(i)}",
    inputs=("n_params", "method"),
    params=(
        Param("alpha", "how fast size pays, whatever the mixture", (0.1, 0.25, 0.5), (1e-4, 5.0)),
        Param("L_inf", "irreducible loss of the language pair", (0.5, 1.0, 2.0)),
        Param("beta", "reducible loss at the reference size with a mixture", (0.1, 0.5, 2.0), (1e-6, 1e3),
              per="method", required=True),
        Param("N_bar", "reference size: only says what beta means", (REFERENCE,), default=REFERENCE),
    ),
    predict=predict,
    source_id="multilingual_nmt_scaling_2023",
    counts="non_embedding",
    domain="translation",
    ranges=(
        Range("n_params", 2e7, 1e9, "Fernandes et al. trained 20M to 1B parameters: this is extrapolation",
              published=True),
    ),
    derived=(
        Derived(
            "effective_share",
            "share of the parameters that acts for this pair: those of a model of the pair alone (single_beta) "
            "with the same loss",
            effective_share,
            ("method", "single_beta"),
            "Fernandes et al. 2023, Eq. 10",
        ),
    ),
    notes=(
        "No published coefficients were found: the form (Eq. 7) is offered for fitting, the mixture in column method.",
        "One language pair a fit; out of English a weight p acts like p of the parameters, into English like more.",
    ),
)  # fmt: skip
