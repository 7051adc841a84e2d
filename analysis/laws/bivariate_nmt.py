"""Ghorbani et al.: encoder and decoder of a translation model each pay with an exponent of their own."""

from analysis.laws.law import Derived, Law, Param

REFERENCE = 1e8


def predict(p, x):
    encoder = (p.N_e_bar / x.encoder_params) ** p.p_e
    decoder = (p.N_d_bar / x.decoder_params) ** p.p_d
    return p.alpha * encoder * decoder + p.L_inf


LAW = Law(
    name="bivariate_nmt",
    title="Ghorbani et al., encoder and decoder of translation",
    formula=r"L(N_e, N_d) = \alpha \left(\frac{\bar{N}_e}{N_e}\right)^{p_e} \left(\frac{\bar{N}_d}{N_d}\right)^{p_d}"
    r" + L_\infty",
    inputs=("encoder_params", "decoder_params"),
    params=(
        Param("alpha", "reducible loss of a model of the reference sizes", (0.1, 0.5, 2.0), (1e-6, 1e3)),
        Param("p_e", "how fast the encoder pays", (0.1, 0.2, 0.5), (1e-4, 5.0)),
        Param("p_d", "how fast the decoder pays", (0.1, 0.3, 0.6), (1e-4, 5.0)),
        Param("L_inf", "irreducible loss", (0.5, 1.0, 2.0)),
        Param("N_e_bar", "reference size of the encoder: only says what alpha means", (REFERENCE,), default=REFERENCE),
        Param("N_d_bar", "reference size of the decoder: only says what alpha means", (REFERENCE,), default=REFERENCE),
    ),
    predict=predict,
    source_id="nmt_scaling_2021",
    domain="translation",
    derived=(
        Derived("encoder_share", "share of the parameters that the encoder of least loss has",
                lambda p, x: p.p_e / (p.p_e + p.p_d)),
    ),
    notes=(
        "No published coefficients were found: the form is offered for fitting, as Fernandes et al. 2023 quote it "
        "(Eq. 2, with beta for alpha and the reference sizes).",
        "Grown together in proportion, encoder and decoder follow one power of their sum.",
    ),
)  # fmt: skip
