"""What the parts of the recipe tab share: the model, and the claims of papers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.laws.flops import TRAINING_FLOPS_PER_PARAM_TOKEN
from pages.ui import panels
from pages.ui.figures import words
from pages.ui.session import facts, store

KEY = "planner.recipe"
ANSWER = "planner.answer"  # of this session: N and D that the training map found best for the budget


@dataclass(frozen=True)
class Model:
    """What is to be trained: parameters and tokens."""

    n_params: float
    n_tokens: float

    @property
    def flops(self) -> float:
        """6 N D [FLOPs]."""
        return TRAINING_FLOPS_PER_PARAM_TOKEN * self.n_params * self.n_tokens


def claimed(sources: Sequence[str], name: str, caption: str) -> None:
    """Draws what the abstracts of these sources claim, in the order of the sources."""
    claims = facts(store(), "claims")
    own = claims[claims["source_id"].isin(sources)]
    if own.empty:
        return
    own = own.assign(order=own["source_id"].map(list(sources).index)).sort_values("order", kind="stable")
    own = own.assign(metric=own["metric"].str.replace("_", " "), value=[words(v, 4) for v in own["value"]])
    panels.show_table(
        own[["subject", "metric", "value", "unit", "baseline", "model", "condition", "source_id"]],
        f"{KEY}.{name}",
        caption,
        {"source_id": "source", "value": st.column_config.TextColumn(alignment="right")},
    )
