"""Sun et al.: training with quantized floating-point inputs adds a loss that exponent and mantissa bits share."""

import numpy as np
from scipy.optimize import minimize

from analysis.laws.law import Derived, Law, Param, Range

COST = 6 / 16  # training FLOPs per parameter, token and bit: 6 N D at 16 bits


def predict(p, x):
    return p.n / x.n_params**p.alpha + p.d / x.n_tokens**p.beta + p.epsilon + loss_quantization(p, x)


def loss_quantization(p, x):
    coarseness = np.log2(x.block_size) / fineness(p, x.exponent_bits, x.mantissa_bits)
    return x.n_tokens**p.beta / x.n_params**p.alpha * coarseness


def fineness(p, exponent_bits, mantissa_bits):
    return p.gamma * (exponent_bits + 0.5) ** p.delta * (mantissa_bits + 0.5) ** p.nu


def exponent_share(p, x):
    return p.delta * x.bits / (p.delta + p.nu) - 0.5


def mantissa_share(p, x):
    return p.nu * x.bits / (p.delta + p.nu) - 0.5


def exponent_best(p, x):
    splits = [np.arange(bits) for bits in np.ravel(x.bits).astype(int)]
    return np.array([own[np.argmax(fineness(p, own, own[::-1]))] for own in splits]).reshape(np.shape(x.bits))


def mantissa_best(p, x):
    return x.bits - 1 - exponent_best(p, x)


def d_crit(p, x):
    room = p.d * fineness(p, x.exponent_bits, x.mantissa_bits) * x.n_params**p.alpha / np.log2(x.block_size)
    return room ** (1 / (2 * p.beta))


@np.vectorize
def _cheapest(p, flops, block_size):
    half = p.delta + p.nu

    def loss(point):
        n, bits = np.exp(point)
        d = flops / COST / n / bits
        fine = p.gamma * (p.delta * bits / half) ** p.delta * (p.nu * bits / half) ** p.nu
        return p.n / n**p.alpha + p.d / d**p.beta + d**p.beta / n**p.alpha * np.log2(block_size) / fine

    start = np.log([np.sqrt(flops / 100), 6.0])
    return np.exp(minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12}).x[1])


def optimal_bits(p, x):
    return _cheapest(p, x.flops, x.block_size)


SPAN = "Sun et al. fitted 41M to 679M parameters on 10B to 100B tokens (held out: 1.2B) with blocks of 32 to 512"
SPLIT = "derived here from the law; the layouts are those of Sun et al. 2025, Figure 15"

LAW = Law(
    name="fp_quantization",
    title="Sun et al. (Capybara), floating-point quantized training",
    formula=r"L(N, D, E, M, B) = \frac{n}{N^{\alpha}} + \frac{d}{D^{\beta}} + \epsilon + "
    r"\frac{D^{\beta}}{N^{\alpha}} \frac{\log_2 B}{\gamma (E + 0.5)^{\delta} (M + 0.5)^{\nu}}",
    inputs=("n_params", "n_tokens", "exponent_bits", "mantissa_bits", "block_size"),
    params=(
        Param("n", "cost of finite size", (1.0, 30.0, 1e3, 3e4)),
        Param("alpha", "how fast size pays", (0.15, 0.6), (1e-4, 5.0)),
        Param("d", "cost of finite data", (30.0, 1e3, 1e5), (1e-9, 1e18)),
        Param("beta", "how fast data pay, and how fast they make quantization worse", (0.2, 0.6), (1e-4, 5.0)),
        Param("epsilon", "irreducible loss: what infinite size and data leave [nats/token]", (0.5, 1.0, 1.5, 2.0)),
        Param("gamma", "how little quantization costs", (1e2, 1e5), (1e-9, 1e18)),
        Param("delta", "how much an exponent bit helps", (1.5, 5.0), (1e-2, 30.0)),
        Param("nu", "how much a mantissa bit helps", (1.5, 5.0), (1e-2, 30.0)),
    ),
    predict=predict,
    source_id="fp_quant_law_2025",
    counts="not stated",
    ranges=(
        Range("n_params", 41e6, 1.2e9, f"{SPAN}: this is extrapolation", published=True),
        Range("n_tokens", 10e9, 100e9, f"{SPAN}: this is extrapolation", published=True),
        Range("block_size", 32, 512, f"{SPAN}: this is extrapolation", published=True),
    ),
    derived=(
        Derived("loss_quantization", "loss that quantization adds [nats/token]", loss_quantization,
                ("n_params", "n_tokens", "exponent_bits", "mantissa_bits", "block_size")),
        Derived("exponent_share", "best exponent bits, as a real number", exponent_share, ("bits",), SPLIT),
        Derived("mantissa_share", "best mantissa bits, as a real number", mantissa_share, ("bits",), SPLIT),
        Derived("exponent_best", "best whole exponent bits, of `bits` with the sign", exponent_best, ("bits",), SPLIT),
        Derived("mantissa_best", "best whole mantissa bits, of `bits` with the sign", mantissa_best, ("bits",), SPLIT),
        Derived("d_crit", "tokens beyond which more data raise the loss", d_crit,
                ("n_params", "exponent_bits", "mantissa_bits", "block_size"), limits="n_tokens"),
        Derived("optimal_bits", "compute-optimal bits when C = (6/16) N D P [bits]", optimal_bits,
                ("flops", "block_size"), "derived here by a search over N and P; compare Sun et al. 2025, Figure 17"),
    ),
    notes=("Bits are those of the inputs of matrix products; P = E + M + 1 with the sign.",),
)  # fmt: skip
