"""Hu et al. (PassUntil): the log of a pass rate is a power of the model's size."""

import numpy as np

from analysis.laws.law import Derived, Law, Param

BILLION = 1e9


def predict(p, x):
    return np.exp(-p.c / (x.n_params / BILLION) ** p.alpha)


def size_for(p, x):
    return BILLION * (-p.c / np.log(x.pass_rate)) ** (1 / p.alpha)


LAW = Law(
    name="pass_until",
    title="Hu et al., pass rates by size",
    formula=r"\log(-\log \mathrm{PU}(N)) = \log c - \alpha \log N, \quad N \text{ in billions}",
    inputs=("n_params",),
    params=(
        Param("c", "minus the log of the pass rate of a billion parameters", (0.3, 1.5, 6.0), (1e-6, 1e3)),
        Param("alpha", "how fast size pays", (0.1, 0.3, 0.6), (1e-3, 5.0)),
    ),
    predict=predict,
    source_id="passuntil_2023",
    counts="not stated",
    target="pass_rate",
    derived=(Derived("size_for", "parameters that reach a pass rate", size_for, ("pass_rate",)),),
    notes=(
        "No published coefficients were found: the form is offered for fitting. Rates far below what a benchmark "
        "resolves must be measured by sampling until a pass.",
        "The source calls growth faster than this line accelerated emergence, and slower growth saturation.",
        "Models of one recipe and data: size and tokens grow together.",
    ),
)
