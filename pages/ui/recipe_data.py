"""The recipe's data: what repeated tokens are worth, how often to see them, and what a filter has to earn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.laws import get_law
from analysis.plans import data_value
from pages.ui import figures_recipe, panels
from pages.ui.figures import words
from pages.ui.recipe_inputs import KEY, Model, claimed
from pages.ui.session import facts, store

SOURCES = (
    "infinite_compute_2025", "data_mixing_laws_2024", "regmix_lm_2024", "retrieval_datastore_scaling_2024",
    "data_filtering_law_2024", "data_pruning_2022", "token_crisis_2023", "projektor_2023", "slimpajama_dc_2023",
    "sft_composition_2023", "latent_thoughts_2025", "intrinsic_dimension_law_2024", "forecast_compute_error_2023",
)  # fmt: skip
MOST_EPOCHS = 100
GAINS = ("data_efficiency", "step_equivalent")  # metrics of claims that say how much data something is worth


def data(model: Model) -> None:
    """Draws what the unique tokens are worth at this size, at this compute, and after a filter."""
    values = store().coefficients(data_value.LAW)
    left, right, _ = st.columns([1, 1, 2])
    unique = 1e9 * float(
        left.number_input(
            "Unique tokens at hand [billions]", 0.001, 1e6, 10.0, format="%.4g", key=f"{KEY}.unique",
            bind="query-params", help="Different tokens; beyond them the training sees the same ones again.",
        )
    )  # fmt: skip
    kept = float(
        right.number_input(
            "Share that a filter keeps", 0.001, 1.0, 0.5, format="%.3g", key=f"{KEY}.kept", bind="query-params"
        )
    )
    _said(values, model, unique)
    figure, table = st.columns(2, gap="large")
    with figure:
        _worth(values, model, unique)
    with table:
        _table(values, model, unique)
        _filter(values, model, unique, kept)
    _gains(values, model, unique)
    claimed(
        SOURCES,
        "data_claims",
        "What papers claim of data that are repeated, filtered, mixed, retrieved or written by models. Only repetition "
        "has published coefficients; the decay under filtering (law data_filtering) has a form without them: fit it to "
        "your runs on the page Scaling laws.",
    )


def _said(values: dict[str, float], model: Model, unique: float) -> None:
    n, d, epochs = model.n_params, model.n_tokens, max(1.0, model.n_tokens / unique)
    acted = float(data_value.acting(values, d, unique))
    own = data_value.by_epochs(values, n, min(unique, d), (epochs,)).iloc[0]
    limited, free = data_value.best_split(values, model.flops, unique), data_value.best_split(values, model.flops)
    fed = float(get_law(data_value.LAW).derive("fed_params", values, {"unique_tokens": min(unique, d)}))
    much = f" Parameters beyond the {words(fed)} that these tokens feed count for less." if n > fed else ""
    seen = f"{epochs:.3g} epochs over {words(unique)} unique ones" if epochs > 1 else "each seen once"
    st.success(
        f"{words(d)} tokens, {seen}, do as much as **{words(acted)} fresh tokens** ({acted / d:.0%}): loss "
        f"**{own['loss']:.3f}** against {own['fresh_loss']:.3f} on fresh ones. At the same compute, {model.flops:.2g} "
        f"FLOPs, the best use of these tokens is **{words(limited.n_params)} parameters for "
        f"{limited.epochs:.3g} epochs** (loss {limited.loss:.3f}); with fresh tokens without end it is "
        f"{words(free.n_params)} on {words(free.n_tokens)} ({free.loss:.3f}).{much}",
        icon=":material/dataset:",
    )


def _worth(values: dict[str, float], model: Model, unique: float) -> None:
    epochs = np.geomspace(0.1, max(MOST_EPOCHS, 2 * model.n_tokens / unique), 120)
    once = data_value.by_epochs(values, model.n_params, unique, epochs[epochs >= 1].tolist())
    gap = once.iloc[-1]["loss"] - once.iloc[-1]["fresh_loss"]
    panels.show_figure(
        figures_recipe.worth_figure(
            once,
            model.n_tokens,
            f"{once.iloc[-1]['epochs']:.0f} epochs over {words(unique)} tokens lose {gap:.2g} nats to fresh ones",
        ),
        "Loss over tokens seen, repeated and fresh",
        once,
        f"{KEY}.worth",
        f"At {words(model.n_params)} parameters; coefficients of Muennighoff et al. 2023 (C4, up to 9B parameters, "
        "900B tokens), published without an interval. The law never lets a further epoch hurt; in their runs many did.",
    )


def _table(values: dict[str, float], model: Model, unique: float) -> None:
    table = data_value.by_epochs(values, model.n_params, unique)
    shown = table.assign(worth=100 * table["worth"])[["epochs", "worth", "loss", "fresh_loss", "acting", "seen"]]
    panels.show_table(
        shown,
        f"{KEY}.epochs",
        "What repeating is worth: 'acts like' counts the fresh tokens that would do as much.",
        {
            "epochs": st.column_config.NumberColumn("epochs", format="%.0f"),
            "seen": st.column_config.NumberColumn("tokens seen", format="compact"),
            "acting": st.column_config.NumberColumn("acts like [tokens]", format="compact"),
            "worth": st.column_config.NumberColumn("worth [%]", format="%.1f"),
            "loss": st.column_config.NumberColumn("loss", format="%.3f"),
            "fresh_loss": st.column_config.NumberColumn("on fresh tokens", format="%.3f"),
        },
    )


def _filter(values: dict[str, float], model: Model, unique: float, kept: float) -> None:
    times = data_value.break_even(values, model.n_tokens, unique, kept)
    st.info(
        f"A filter that keeps {kept:.3g} of them leaves {words(kept * unique)} tokens, seen "
        f"{max(1.0, model.n_tokens / (kept * unique)):.3g} times: it pays once a kept token teaches **{times:.3g} "
        "times** what an average one does. How much it teaches is not in any published coefficients.",
        icon=":material/filter_alt:",
    )


def _gains(values: dict[str, float], model: Model, unique: float) -> None:
    """What these tokens would do if a published gain in data held for them."""
    claims = facts(store(), "claims")
    own = claims[claims["metric"].isin(GAINS)]
    rows = [("as they are", 1.0, "")]
    rows += [
        (f"{row['subject']} (against {row['baseline']})", _times(row), row["source_id"])
        for row in own.to_dict("records")
    ]
    acted = float(data_value.acting(values, model.n_tokens, unique))
    table = pd.DataFrame(rows, columns=["data", "times the data", "source"])
    table["acts like [tokens]"] = acted * table["times the data"]
    factors = table["times the data"].to_numpy(float)
    table["loss"] = data_value.gained_loss(values, model.n_params, model.n_tokens, unique, factors)
    panels.show_table(
        table,
        f"{KEY}.gains",
        f"What a published gain would be worth for {words(model.n_tokens)} tokens from {words(unique)} unique ones at "
        f"{words(model.n_params)} parameters, if it held there: each was measured at the size, on the data and against "
        "the baseline of its own source (see the claims below).",
        {
            "times the data": st.column_config.NumberColumn(format="%.4g"),
            "acts like [tokens]": st.column_config.NumberColumn(format="compact"),
            "loss": st.column_config.NumberColumn(format="%.3f"),
        },
    )


def _times(claim: dict) -> float:
    """How many times the data a claim is worth: as printed in x, or that many per cent more."""
    return 1 + claim["value"] / 100 if claim["unit"] == "%" else float(claim["value"])
