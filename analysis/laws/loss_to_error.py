"""Gadre et al.: the average error on downstream tasks falls exponentially with the loss."""

import numpy as np

from analysis.laws.law import Law, Param, Range


def predict(p, x):
    return p.epsilon - p.k * np.exp(-p.gamma * x.loss)


LAW = Law(
    name="loss_to_error",
    title="Gadre et al., from loss to task error",
    formula=r"\mathrm{Err}(L) = \epsilon - k\,e^{-\gamma L}",
    inputs=("loss",),
    params=(
        Param("epsilon", "error of a model that has learned nothing", (0.5, 0.7, 0.95), (1e-3, 1.0)),
        Param("k", "error that would be gained down to a loss of 0", (0.3, 1.0, 3.0), (1e-6, 1e6)),
        Param("gamma", "how fast the error falls with the loss", (0.3, 0.7, 1.5), (1e-3, 20.0)),
    ),
    predict=predict,
    source_id="overtraining_scaling_2024",
    target="error_rate",
    ranges=(
        Range("loss", 2.3, 5.3, "Gadre et al. saw losses of 2.4 to 5.2 on C4: this is extrapolation", published=True),
    ),
    notes=(
        "The error is the average top-1 error of a suite of tasks; one task alone follows no such curve.",
        "The loss is that on C4, whatever the model was trained on.",
    ),
)
