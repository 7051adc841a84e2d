"""Ouyang et al.: the loss that quantizing after training adds grows with data, falls with size and bits."""

from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    return p.k * x.n_tokens**p.beta_D / (x.n_params**p.alpha_N * x.post_bits**p.gamma_P)


def d_reach(p, x):
    return (x.loss_increase * x.n_params**p.alpha_N * x.post_bits**p.gamma_P / p.k) ** (1 / p.beta_D)


SPAN = "Ouyang et al. fitted 160M to 12B parameters, 1B to 206B tokens and 2 to 4 bits: this is extrapolation"

LAW = Law(
    name="ptq_degradation",
    title="Ouyang et al., what quantizing after training costs",
    formula=r"\Delta L(N, D, P) = \frac{k\,D^{\beta_D}}{N^{\alpha_N}\,P^{\gamma_P}}",
    inputs=("n_params", "n_tokens", "post_bits"),
    params=(
        Param("k", "loss added, at one parameter, token and bit", (1e-4, 1.0), (1e-12, 1e12)),
        Param("beta_D", "how fast data make it worse", (0.2, 1.0), (1e-3, 5.0)),
        Param("alpha_N", "how fast size makes it better", (0.1, 1.0), (1e-3, 5.0)),
        Param("gamma_P", "how fast bits make it better", (2.0, 10.0), (1e-2, 30.0)),
    ),
    predict=predict,
    source_id="undertrained_qid_2024",
    counts="non_embedding",
    target="loss_increase",
    ranges=(
        Range("n_params", 160e6, 12e9, SPAN, published=True),
        Range("n_tokens", 1e9, 206e9, SPAN, published=True),
        Range("post_bits", 2, 4, SPAN, published=True),
    ),
    derived=(
        Derived("d_reach", "tokens that bring the loss increase to loss_increase", d_reach,
                ("n_params", "post_bits", "loss_increase"), limits="n_tokens"),
    ),
    notes=(
        "The paper's Table 1 (tokens that bring the increase to 0.2) comes from fits per bit width: this law gives "
        "0.22 to 0.30 at its points.",
        "The loss of the model before quantization follows law kaplan_joint, with coefficients of the same source.",
    ),
)  # fmt: skip
