"""Brown et al. (Large Language Monkeys): the log of the coverage is a power of the number of samples."""

import numpy as np

from analysis.laws.law import Derived, Law, Param, Range


def predict(p, x):
    return np.exp(p.a * x.samples**p.b)


def samples_for(p, x):
    return (np.log(x.coverage) / p.a) ** (1 / p.b)


LAW = Law(
    name="coverage",
    title="Brown et al., coverage of repeated sampling",
    formula=r"\log c = a\,k^{b}",
    inputs=("samples",),
    params=(
        Param("a", "log of the coverage with one sample", (-8.0, -2.0, -0.5), (-50.0, -1e-6)),
        Param("b", "how fast samples pay: further below 0 is faster", (-0.6, -0.3, -0.1), (-5.0, -1e-4)),
    ),
    predict=predict,
    source_id="llm_monkeys_2024",
    domain="answering",
    target="coverage",
    ranges=(Range("samples", 1, 1e4, "Brown et al. drew up to 10,000 samples: this is extrapolation", published=True),),
    derived=(Derived("samples_for", "samples that reach a coverage", samples_for, ("coverage",)),),
    notes=(
        "The coverage counts a problem as solved when any sample is right: it needs a verifier that is never wrong "
        "(see law verifier_ceiling).",
        "The source says that the fit is less exact than training laws, worst on MiniF2F-MATH.",
    ),
)
