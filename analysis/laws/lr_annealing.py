"""Tissue et al.: a whole loss curve from its learning rates: the area under them, and how far they have fallen."""

import numpy as np

from analysis.laws.curves import schedules, stretches
from analysis.laws.law import Law, Param


def predict(p, x):
    return p.L0 + p.A / x.area**p.alpha - p.C * x.annealing


def prepare(points, constants):
    """S1 and S2 of each point: the area of its curve's learning rates so far, and their annealing area."""
    area, annealing = np.empty(len(points)), np.empty(len(points))
    for curve in schedules(points):
        area[curve.rows] = curve.area()[curve.steps]
        annealing[curve.rows] = curve.annealing(constants["lambda_"])[curve.steps]
    return {"area": area, "annealing": annealing, "stretch": stretches(points)}


LAW = Law(
    name="lr_annealing",
    title="Tissue et al., loss curves with learning-rate annealing",
    formula=r"L(s) = L_0 + A\,S_1^{-\alpha} - C\,S_2,\; S_1 = \sum_{i \le s} \eta_i,\; S_2 = \sum_{i \le s} m_i,\;"
    r" m_i = \lambda m_{i-1} + (\eta_{i-1} - \eta_i)",
    inputs=("curve_id", "step", "learning_rate", "warmup_steps"),
    absent={"warmup_steps": 0},
    params=(
        Param("L0", "loss that a constant rate would reach in the end [nats/token]", (0.5, 1.0, 2.0, 3.0)),
        Param("A", "cost of a finite area under the learning rate", (0.05, 0.5, 5.0)),
        Param("alpha", "how fast that area pays", (0.2, 0.5, 0.8), (1e-3, 5.0)),
        Param("C", "what annealing gains", (0.05, 0.5, 5.0)),
        Param("lambda_", "how much of the momentum of the drops a step keeps", (0.999,), (0.0, 1.0), default=0.999),
    ),
    predict=predict,
    prepare=prepare,
    source_id="lr_annealing_law_2024",
    notes=(
        "The area counts a linear warm-up; annealing counts from its end.",
        "The coefficients belong to one model and one peak learning rate; a lambda_ nearer to 1 makes C smaller.",
        "A cosine alone confuses alpha with C in some runs, a constant rate alone says nothing of C: fit both.",
        "Points of one curve are not independent: a resample draws fifths of a curve.",
    ),
)
