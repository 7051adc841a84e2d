"""Kaplan et al.: beyond a batch size that grows as the loss falls, a larger batch hardly saves steps."""

from analysis.laws.law import Derived, Law, Param


def predict(p, x):
    return p.B_star / x.loss ** (1 / p.alpha_B)


def s_min(p, x):
    return x.steps / (1 + predict(p, x) / x.batch_tokens)


def c_min(p, x):
    return x.flops / (1 + x.batch_tokens / predict(p, x))


ADJUSTED = "Kaplan et al. 2020, Eqs. 5.4 and 5.5"

LAW = Law(
    name="kaplan_critical_batch",
    title="Kaplan et al., critical batch size",
    formula=r"B_\mathrm{crit}(L) = \frac{B_*}{L^{1/\alpha_B}}",
    inputs=("loss",),
    params=(
        Param("B_star", "critical batch at a loss of 1 [tokens]", (1e6, 1e10), (1.0, 1e15)),
        Param("alpha_B", "how fast the critical batch grows as the loss falls", (0.1, 0.5), (1e-2, 10.0)),
    ),
    predict=predict,
    source_id="kaplan_2020",
    target="critical_batch",
    derived=(
        Derived("s_min", "steps to the same loss at a very large batch", s_min, ("loss", "steps", "batch_tokens"),
                ADJUSTED),
        Derived("c_min", "compute to the same loss at a very small batch [FLOPs]", c_min,
                ("loss", "flops", "batch_tokens"), ADJUSTED),
    ),
)  # fmt: skip
