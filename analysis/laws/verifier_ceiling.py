"""Stroebl et al.: with a verifier that accepts wrong answers, no number of samples lifts accuracy beyond a ceiling."""

from analysis.laws.law import Derived, Law, Param


def predict(p, x):
    return x.pass_rate / accepted(p, x)


def accepted(p, x):
    """The share of single samples that the verifier accepts."""
    return x.pass_rate + (1 - x.pass_rate) * p.f


def right_after(p, x):
    return predict(p, x) * (1 - (1 - accepted(p, x)) ** x.samples)


LAW = Law(
    name="verifier_ceiling",
    title="Stroebl et al., resampling with an imperfect verifier",
    formula=r"\mathrm{accuracy} = \frac{p}{p + (1 - p)\,f}",
    inputs=("pass_rate",),
    params=(Param("f", "share of wrong answers that the verifier accepts", (0.01, 0.05, 0.3), (1e-9, 1.0)),),
    predict=predict,
    source_id="inference_flaws_2024",
    domain="answering",
    target="accuracy",
    derived=(
        Derived(
            "right_after",
            "share of tasks answered rightly when the first accepted of that many samples is given",
            right_after,
            ("pass_rate", "samples"),
        ),
    ),
    notes=(
        "No published coefficients: f belongs to a task and its tests, and the form is offered for fitting.",
        "The form is exact for problems of one difficulty p; analysis.laws.resampling adds up those of a benchmark.",
    ),
)
