"""Luo et al.: a whole loss curve, where every fall of the learning rate pays off along a power law of its own."""

import numpy as np

from analysis.laws.curves import schedules, stretches
from analysis.laws.law import Law, Param

PARTS = 16  # parts into which the rises, and the falls, of the learning rate before a point are cut


def predict(p, x):
    return p.L0 + p.A / x.area**p.alpha - annealing_gain(p, x)


def annealing_gain(p, x):
    return p.B * np.add.reduceat(x.fall * payoff(p, x.since / x.rate**p.gamma), x.first, axis=-1)


def payoff(p, progress):
    return 1 - 1 / (p.C * progress + 1) ** p.beta


def prepare(points, constants):
    """The area under the learning rates so far of each point, and of each part of the changes before it: how far the
    rate fell, the rate and the area since; `first` is where the parts of a point begin.
    """
    area, changes = np.empty(len(points)), np.empty((3, len(points), 2 * PARTS))
    for curve in schedules(points):
        area[curve.rows] = curve.area()[curve.steps]
        changes[:, curve.rows] = curve.changes(PARTS)
    fall, rate, since = changes.reshape(3, -1)
    first = np.arange(len(points)) * 2 * PARTS
    return {"area": area, "fall": fall, "rate": rate, "since": since, "first": first, "stretch": stretches(points)}


LAW = Law(
    name="multi_power_law",
    title="Luo et al., multi-power law of loss curves",
    formula=r"L(t) = L_0 + A\,(S_1(t) + S_W)^{-\alpha} - B \sum_{k \le t} (\eta_{k-1} - \eta_k)\,"
    r"G\!\left(\eta_k^{-\gamma} S_k(t)\right),\; G(x) = 1 - (C x + 1)^{-\beta}",
    inputs=("curve_id", "step", "learning_rate", "warmup_steps"),
    absent={"warmup_steps": 0},
    params=(
        Param("L0", "loss that a constant rate would reach in the end [nats/token]", (0.5, 1.0, 2.0, 3.0)),
        Param("A", "cost of a finite area under the learning rate", (0.05, 0.5, 5.0)),
        Param("alpha", "how fast that area pays", (0.2, 0.5, 0.8), (1e-3, 5.0)),
        Param("B", "what a fall of the learning rate gains in the end", (50.0, 300.0, 2e3)),
        Param("C", "how soon it gains", (0.3, 2.0, 10.0)),
        Param("beta", "how its gain levels off", (0.3, 0.6, 1.2), (1e-2, 10.0)),
        Param("gamma", "how much sooner at a lower rate", (0.3, 0.6, 1.0), (1e-2, 5.0)),
    ),
    predict=predict,
    prepare=prepare,
    source_id="multi_power_law_2025",
    notes=(
        "The sum runs over all changes of the rate, the rises of the warm-up included, as in the authors' code; it is "
        "taken over 16 parts of the rises and 16 of the falls before each point, to 1e-4.",
        "The coefficients belong to one peak learning rate and one model.",
        "Points of one curve are not independent: a resample draws fifths of a curve.",
    ),
)
