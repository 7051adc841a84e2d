"""From a quantizer's error to its efficiency in the scaling law: the relation, its honest error, and estimates.

Forward: every quantized operand of a layer takes its share of log eff_N. Backward: eff_D falls with the mean squared
error of the gradients. Both are fitted to published efficiencies (the rows of efficiency_relation with in_fit); what
an estimate is off by is measured by leaving points, quantizers or whole sources out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.formats.reference import reference_error_of
from analysis.plans.relation import BACKWARD, EXPONENTIAL, LOGISTIC, Relation, fitted, points_of

NORMAL_95 = 1.96
LEAST = 0.01  # no estimate goes below: a factor of 0 would be a model that learns nothing
COLUMNS = ("method", "role", "mse", "alignment", "eff", "eff_source_id", "point", "operand", "in_fit")
WHOLE_NUMBER_GRIDS = "quest_2025"  # the source whose points span 1 to 8 bits; the others' are of 4 bits


@dataclass(frozen=True)
class Relations:
    """forward: over all widths; four_bit: over the 4-bit formats; logistic: the form of four_bit over all widths,
    whose error stands for that of a format which another group measures; backward: of gradients.
    """

    forward: Relation
    four_bit: Relation
    logistic: Relation
    backward: Relation


@dataclass(frozen=True)
class Estimate:
    """An efficiency with its 95% interval (normal, cut to LEAST and 1), what it comes from and what to beware of.

    error: the standard error of the estimate; misalignment: 1 - sum Q(x) x / sum x^2 of the quantizer.
    """

    symbol: str
    value: float
    low: float
    high: float
    error: float
    mse: float
    misalignment: float
    form: str
    cautions: tuple[str, ...]


def fitted_relations(rows: pd.DataFrame, seed: int = 0) -> Relations:
    """The relations of the rows of efficiency_relation (COLUMNS). Raises ValueError when they lack points."""
    kept = rows[rows["in_fit"].fillna(False).astype(bool)]
    forward, backward = points_of(kept[kept["role"] == "forward"]), points_of(kept[kept["role"] == "backward"])
    four_bit = forward.only(forward.sources != WHOLE_NUMBER_GRIDS)
    for words, found in (("forward", forward), ("4-bit forward", four_bit), ("backward", backward)):
        if len(found) < 4 or len(set(found.sources)) < 2:
            raise ValueError(
                f"the table has {len(found)} {words} points of {len(set(found.sources))} sources with in_fit; a "
                "relation needs 4 points of 2 sources: export the whole table efficiency_relation"
            )
    return Relations(
        fitted(EXPONENTIAL, forward, seed),
        fitted(LOGISTIC, four_bit, seed),
        fitted(LOGISTIC, forward, seed),
        fitted(BACKWARD, backward, seed),
    )


def estimated_forward(relations: Relations, mse: tuple[float, float], misalignment: float = 0.0) -> Estimate:
    """eff_N of a forward pass whose weights and activations have these relative errors (0: not quantized).

    Between the errors of the 4-bit points the logistic form fitted to them, elsewhere the exponential over all
    widths; the error is that of the form with a whole source left out.
    """
    own = relations.four_bit.points.mse
    inside = own.min() <= min(mse) and max(mse) <= own.max()
    relation, judged = (relations.four_bit, relations.logistic) if inside else (relations.forward,) * 2
    return _estimate("eff_n", relation, judged.error("source"), np.array([mse]), misalignment, np.inf)


def estimated_backward(relations: Relations, mse: float, misalignment: float) -> Estimate:
    """eff_D of a backward pass whose gradients have this relative error and misalignment, behind a Hadamard transform.

    The error is that with one quantizer left out, since few distinct quantizers carry this relation.
    """
    relation = relations.backward
    most = float(np.abs(relation.points.misalignment).max())
    return _estimate("eff_d", relation, relation.error("quantizer"), np.array([[mse, mse]]), misalignment, most)


def estimated_pair(
    relations: Relations, name: str, rounding: str = "nearest", backward_rounding: str = "stochastic"
) -> tuple[Estimate, Estimate]:
    """eff_N and eff_D of a format that rounds weights and activations one way, gradients another.

    From its error on the reference input; a bare element of up to 8 bits has one scale a tensor. Raises ValueError for
    an unknown format and for scale formats.
    """
    forward, backward = reference_error_of(name, rounding), reference_error_of(name, backward_rounding)
    return (
        estimated_forward(relations, (forward.mse, forward.mse), forward.misalignment),
        estimated_backward(relations, backward.mse, backward.misalignment),
    )


def _estimate(
    symbol: str, relation: Relation, error: float, mse: np.ndarray, misalignment: float, most: float
) -> Estimate:
    value = float(relation.form.predict(relation.values, mse)[0])
    low, high = value - NORMAL_95 * error, value + NORMAL_95 * error
    known = relation.points.mse[relation.points.mse > 0]
    cautions = []
    if mse.max() > 1.02 * known.max() or 0 < mse.max() < known.min() / 1.02:
        cautions.append(
            f"the relation was fitted on errors of {known.min():.2g} to {known.max():.2g}, this one is {mse.max():.2g}"
        )
    if abs(misalignment) > 1.1 * most:
        cautions.append(
            f"it shrinks gradients by {100 * misalignment:.2g}%, more than any format of the relation "
            f"({100 * most:.2g}%); runs with clipped gradients diverged, so do not rely on this number"
        )
    kept = (float(np.clip(end, LEAST, 1.0)) for end in (value, low, high))
    return Estimate(symbol, *kept, error, float(mse.max()), misalignment, relation.form.name, tuple(cautions))
