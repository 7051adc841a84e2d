"""Kaplan et al.: the loss of the best model for a budget is a power of the compute."""

from analysis.laws.law import Law, Param

PF_DAY = 8.64e19  # FLOPs: a petaflop/s for a day


def predict(p, x):
    return (p.C_c / (x.flops / PF_DAY)) ** p.alpha_C


LAW = Law(
    name="kaplan_compute",
    title="Kaplan et al., loss by compute",
    formula=r"L(C_{\min}) = \left(\frac{C_c}{C_{\min}}\right)^{\alpha_C}",
    inputs=("flops",),
    params=(
        Param("C_c", "compute at which the power law would reach a loss of 1 [PF-days]", (1e4, 1e10), (1e-9, 1e30)),
        Param("alpha_C", "how fast compute pays", (0.02, 0.3), (1e-4, 5.0)),
    ),
    predict=predict,
    source_id="kaplan_2020",
    notes=("Compute leaves out embeddings and is that of a run at a batch far below the critical size.",),
)
