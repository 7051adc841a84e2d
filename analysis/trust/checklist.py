"""A fit described as a list of questions with answers, and as a paragraph for a methods section."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from analysis.fits.fitting import Fit
from analysis.trust.questions import (
    Evidence,
    Item,
    accuracy,
    amount,
    certainty,
    counted,
    extrapolation,
    form,
    measured,
    objective,
    ranges,
    sensitivity,
)


@dataclass(frozen=True)
class Checklist:
    """The items in the order of a methods section."""

    items: tuple[Item, ...] = field(default=())

    def as_table(self) -> pd.DataFrame:
        """One row per item: question, answer, caution."""
        return pd.DataFrame(
            [(i.question, i.answer, i.caution) for i in self.items], columns=["question", "answer", "caution"]
        )

    def paragraph(self) -> str:
        """The answers as sentences, with the cautions last."""
        cautions = [item.caution for item in self.items if item.caution]
        said = " ".join(_sentence(item.answer) for item in self.items)
        return said + (" Limits: " + " ".join(_sentence(caution) for caution in cautions) if cautions else "")


def checklist(found: Fit, runs: pd.DataFrame, evidence: Evidence | None = None) -> Checklist:
    """The checklist of a fit on its own `runs`, with what `evidence` there is.

    After the questions of Li, Kudugunta and Zettlemoyer 2025, (Mis)Fitting: A Survey of Scaling Laws.
    """
    known = evidence or Evidence()
    items = [
        form(found),
        amount(found, runs, known),
        *ranges(found, runs),
        *counted(found, runs),
        *measured(found, runs),
        objective(found, runs, known),
        accuracy(found, runs),
        *certainty(found, known),
        *extrapolation(found, runs, known),
        *sensitivity(found, known),
    ]
    return Checklist(tuple(items))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")
