"""Kumar et al.: low precision in training makes the model act smaller; quantizing after training adds a loss."""

import numpy as np
from scipy.optimize import minimize_scalar

from analysis.laws.closed_form import best_split
from analysis.laws.law import Derived, Law, Param, Range

COST = 6 / 16  # training FLOPs per parameter, token and bit: 6 N D at 16 bits


def predict(p, x):
    return p.E + p.A / n_eff(p, x) ** p.alpha + p.B / x.n_tokens**p.beta + loss_post(p, x)


def n_eff(p, x):
    return (
        x.n_params
        * kept(x.weight_bits, p.gamma_w, p.n_w)
        * kept(x.activation_bits, p.gamma_a, p.n_a)
        * kept(x.kv_bits, p.gamma_kv, p.n_kv)
    )


def kept(bits, gamma, offset):
    return 1 - np.exp(-bits / gamma + offset)


def loss_post(p, x):
    step = p.C_T * np.exp(-x.post_bits / p.gamma_post + p.b_post)
    hardened = hard(p.C_w, x.weight_bits, x) * hard(p.C_a, x.activation_bits, x) * hard(p.C_kv, x.kv_bits, x)
    return step * x.n_tokens**p.gamma_D / n_eff(p, x) ** p.gamma_N * hardened


def hard(C, bits, x):
    return 1 - np.exp(-C * np.maximum(bits - x.post_bits, 0))


def loss_training(p, x):
    return p.A / n_eff(p, x) ** p.alpha - p.A / x.n_params**p.alpha


def kept_at(p, bits):
    return kept(bits, p.gamma_w, p.n_w) * kept(bits, p.gamma_a, p.n_a) * kept(bits, p.gamma_kv, p.n_kv)


def optimal_bits(p, x):
    return minimize_scalar(lambda bits: -kept_at(p, bits) / bits, bounds=(3.0, 32.0), method="bounded").x


def split(p, x):
    n, d = best_split(p, x.flops / COST * kept_at(p, x.bits) / x.bits)
    return n / kept_at(p, x.bits), d


def n_opt(p, x):
    return split(p, x)[0]


def d_opt(p, x):
    return split(p, x)[1]


def loss_opt(p, x):
    n, d = split(p, x)
    return p.E + p.A / (n * kept_at(p, x.bits)) ** p.alpha + p.B / d**p.beta


def d_crit(p, x):
    slope = p.gamma_D * p.C_T * np.exp(-x.post_bits / p.gamma_post + p.b_post) / x.n_params**p.gamma_N
    return (p.beta * p.B / slope) ** (1 / (p.beta + p.gamma_D))


BITS = ("weight_bits", "activation_bits", "kv_bits")
SPAN = "Kumar et al. fitted 30M to 220M non-embedding parameters on 1.5B to 26B tokens (validated at 1.7B)"
TOO_FEW = "training diverged with {} at 3 bits, which the law does not cover: 4 bits or more"
BUDGET = "derived here, with C = (6/16) N D P and all bits equal; compare Kumar et al. 2024, section 4.3.2"
OFFSET = "shift of the effect of {} bits (Table 2; the main text leaves it out)"

LAW = Law(
    name="precision",
    title="Kumar et al., precision in and after training",
    formula=r"L = \frac{A}{N_\mathrm{eff}^{\alpha}} + \frac{B}{D^{\beta}} + E + \delta_\mathrm{PTQ},\;"
    r"N_\mathrm{eff} = N \prod_{x \in \{w, a, kv\}} \left(1 - e^{-P_x/\gamma_x + n_x}\right),\;"
    r"\delta_\mathrm{PTQ} = C_T\, e^{-P_\mathrm{post}/\gamma_\mathrm{post} + b} \frac{D^{\gamma_D}}"
    r"{N_\mathrm{eff}^{\gamma_N}} \prod_x \left[1 - e^{-C_x (P_x - P_\mathrm{post})}\right]",
    inputs=("n_params", "n_tokens", *BITS, "post_bits"),
    absent={"weight_bits": 16, "activation_bits": 16, "kv_bits": 16, "post_bits": 64},
    params=(
        Param("E", "irreducible loss: what infinite size and data leave [nats/token]", (0.5, 1.0, 1.5, 2.0)),
        Param("A", "cost of finite size", (30.0, 1e3, 3e4)),
        Param("B", "cost of finite data", (30.0, 1e3, 3e4)),
        Param("alpha", "how fast size pays", (0.3, 0.5, 0.7), (1e-4, 5.0)),
        Param("beta", "how fast data pay", (0.3, 0.5, 0.7), (1e-4, 5.0)),
        Param("gamma_w", "weight bits over which the lost size shrinks e-fold", (1.5, 4.0), (1e-2, 100.0)),
        Param("n_w", OFFSET.format("weight"), (-0.5, 0.8), (-10.0, 10.0)),
        Param("gamma_a", "activation bits over which the lost size shrinks e-fold", (1.5, 4.0), (1e-2, 100.0)),
        Param("n_a", OFFSET.format("activation"), (-0.5, 0.8), (-10.0, 10.0)),
        Param("gamma_kv", "KV-cache bits over which the lost size shrinks e-fold", (1.5, 4.0), (1e-2, 100.0)),
        Param("n_kv", OFFSET.format("KV-cache"), (-0.5, 0.8), (-10.0, 10.0)),
        Param("C_T", "loss added by quantizing after training", (0.01, 0.3), (1e-9, 1e9)),
        Param("gamma_D", "how fast data make that worse", (0.3, 0.7), (1e-3, 5.0)),
        Param("gamma_N", "how fast size makes that better", (0.2, 0.5), (1e-3, 5.0)),
        Param("gamma_post", "bits after training over which it shrinks e-fold", (0.4, 1.0), (1e-2, 100.0)),
        Param("b_post", "shift of the effect of bits after training; one scale with C_T, so never searched", (1.0,),
              (-20.0, 20.0), default=0.0),
        Param("C_w", "how weight bits in training harden against fewer after", (1.0,), (1e-3, 1e3), default=1.0),
        Param("C_a", "how activation bits in training harden against fewer after", (1.0,), (1e-3, 1e3), default=1.0),
        Param("C_kv", "how KV-cache bits in training harden against fewer after", (1.0,), (1e-3, 1e3), default=1.0),
    ),
    predict=predict,
    source_id="precision_laws_2024",
    counts="non_embedding",
    ranges=(
        Range("weight_bits", 3, 64, "below 3 weight bits the law has no runs behind it"),
        Range("activation_bits", 4, 64, TOO_FEW.format("activations")),
        Range("kv_bits", 4, 64, TOO_FEW.format("the KV cache")),
        Range("n_params", 30e6, 1.7e9, f"{SPAN}: this is extrapolation", published=True),
        Range("n_tokens", 1.5e9, 26e9, f"{SPAN}: this is extrapolation", published=True),
    ),
    derived=(
        Derived("n_eff", "parameters that still count", n_eff, ("n_params", *BITS), "Kumar et al. 2024, Eq. 11"),
        Derived("loss_training", "loss that low precision in training adds [nats/token]", loss_training,
                ("n_params", *BITS)),
        Derived("loss_post", "loss that quantizing after training adds [nats/token]", loss_post,
                ("n_params", "n_tokens", *BITS, "post_bits"), "Kumar et al. 2024, Eq. 9"),
        Derived("optimal_bits", "compute-optimal training precision, for any budget [bits]", optimal_bits, (), BUDGET),
        Derived("n_opt", "compute-optimal parameters at that precision", n_opt, ("flops", "bits"), BUDGET),
        Derived("d_opt", "compute-optimal tokens at that precision", d_opt, ("flops", "bits"), BUDGET),
        Derived("loss_opt", "loss of the compute-optimal model at that precision [nats/token]", loss_opt,
                ("flops", "bits"), BUDGET),
        Derived("d_crit", "tokens beyond which more data raise the loss after quantization", d_crit,
                ("n_params", "post_bits"), limits="n_tokens"),
    ),
    notes=(
        "The offsets n_x are those of Table 2; without them the published optimum of 7 to 8 bits does not follow.",
        "C_w, C_a and C_kv are not published: the paper uses 1 to illustrate, and so does the default.",
        "The authors warn that their constants do not travel to other setups; the trends do.",
    ),
)  # fmt: skip
