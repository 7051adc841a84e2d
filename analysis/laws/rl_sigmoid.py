"""Khatri et al. (ScaleRL): the pass rate rises with the compute of reinforcement learning as a sigmoid in its log."""

from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    return x.start_pass_rate + (p.A - x.start_pass_rate) / (1 + (p.C_mid / x.gpu_hours) ** p.B)


def gpu_hours_for(p, x):
    gained = (x.pass_rate - x.start_pass_rate) / (p.A - x.start_pass_rate)
    return p.C_mid / (1 / gained - 1) ** (1 / p.B)


LAW = Law(
    name="rl_sigmoid",
    title="ScaleRL, reinforcement learning compute (Khatri et al.)",
    formula=r"R_C = R_0 + \frac{A - R_0}{1 + (C_\mathrm{mid}/C)^{B}}",
    inputs=("gpu_hours", "start_pass_rate"),
    params=(
        Param("A", "pass rate that endless compute reaches", (0.4, 0.6, 0.9), (1e-3, 1.0)),
        Param("C_mid", "compute at which half of the gain is made [GPU-hours]", (5e2, 3e3, 2e4), (1e-3, 1e9)),
        Param("B", "how steeply the pass rate rises", (1.0, 1.7, 2.5), (0.05, 20.0)),
    ),
    predict=predict,
    source_id="scalerl_2025",
    domain="reinforcement learning",
    target="pass_rate",
    ranges=(
        Range("gpu_hours", 1.5e3, 1e5, "Khatri et al. fitted 1,500 to 100,000 GPU-hours: before, and beyond, the "
              "published curves are not known to hold", published=True),
    ),
    derived=(
        Derived("gpu_hours_for", "compute that reaches a pass rate [GPU-hours]", gpu_hours_for,
                ("pass_rate", "start_pass_rate")),
    ),
    notes=(
        "R_0 is the pass rate before training, the column start_pass_rate: the source prints none.",
        "The published A have an error margin of 0.02: three equal runs differed by up to 0.015.",
    ),
)  # fmt: skip
