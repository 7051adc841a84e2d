"""The optimality map, the models marked on it, and plans as readable tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.bootstrap import Draws
from analysis.laws import get_law
from analysis.planner import SCHEMES, Factors, Region, loss_interval, region
from analysis.speed import SpeedTable
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from pages.ui.session import in_worker

SIDE = 120  # cells per side of the map: fine enough for the boundary, light enough to hover every cell
MAP_DRAWS = 200
MARKED = {"Llama 3.1 70B": "Llama-3 70B", "Qwen2.5-72B": "Qwen-2.5 72B", "Gemma 3 27B (text)": "Gemma 3 27B"}


def known_models(models: pd.DataFrame) -> pd.DataFrame:
    """The models marked on the map, those of the paper's own map: model, n_params, n_tokens, d_over_n."""
    own = models[models["model"].isin(MARKED)].dropna(subset=["params_total_b", "tokens_trained_t"])
    frame = pd.DataFrame(
        {
            "model": own["model"].map(MARKED),
            "n_params": own["params_total_b"] * 1e9,
            "n_tokens": own["tokens_trained_t"] * 1e12,
        }
    )
    return frame.assign(d_over_n=frame["n_tokens"] / frame["n_params"])


def optimality_map(basis: Basis, speed: SpeedTable) -> Region:
    """The map over D/N 10 to 1e4 and N 1e7 to 3.2e11, with P(win) when the basis has draws."""
    draws = basis.draws.values if basis.draws else None
    return _map(basis.law.name, basis.values, (basis.factors.forward, basis.factors.backward), draws, speed)


@st.cache_data(show_spinner="Drawing the map", max_entries=32)
def _map(law: str, values: dict, factors: tuple[str, str], draws: dict | None, speed: SpeedTable) -> Region:
    n_max, d_over_n = np.geomspace(1e7, 3.2e11, SIDE), np.geomspace(10, 1e4, SIDE)
    own = Draws(get_law(law), {name: numbers[:MAP_DRAWS] for name, numbers in draws.items()}) if draws else None
    return in_worker(region, get_law(law), values, Factors(*factors), speed, n_max, d_over_n, own)


def region_frame(found: Region) -> pd.DataFrame:
    """The map as a table: one row per cell with the winner and every scheme's loss and P(win)."""
    size, ratio = np.meshgrid(found.n_max, found.d_over_n, indexing="ij")
    names = np.array([scheme.name for scheme in SCHEMES])
    frame = pd.DataFrame({"n_max": size.ravel(), "d_over_n": ratio.ravel(), "winner": names[found.winner.ravel()]})
    for i, name in enumerate(names):
        frame[f"loss {name}"] = found.loss[i].ravel()
        if found.p_win is not None:
            frame[f"p_win {name}"] = found.p_win[i].ravel()
    return frame


def with_intervals(table: pd.DataFrame, basis: Basis) -> pd.DataFrame:
    """The plan with the 95% interval of each scheme's loss in columns low and high (NaN without draws)."""
    ends = []
    for scheme, row in zip(SCHEMES, table.to_dict("records"), strict=True):
        ends.append(loss_interval(basis.law, basis.factors, basis.draws, scheme, row["n"], row["d"]))
    return table.assign(low=[low for low, _ in ends], high=[high for _, high in ends])


def chances(table: pd.DataFrame) -> str:
    """How probable each scheme is to have the lowest loss (columns scheme, p_win), the likeliest first."""
    likely = table[table["p_win"] > 0.005].sort_values("p_win", ascending=False)
    if likely.empty:
        return "These coefficients are published without an interval, so no probability can be given."
    shares_of = zip(likely["scheme"], likely["p_win"], strict=True)
    shares = [f"**{scheme} {'> 0.99' if share > 0.99 else format(share, '.2f')}**" for scheme, share in shares_of]
    return f"Probability of the lowest loss, given the law and the speeds: {', '.join(shares)}."


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The plan with sizes in words and four digits of loss."""
    return pd.DataFrame(
        {
            "scheme": table["scheme"],
            "parameters": table["n"].map(words),
            "tokens": table["d"].map(words),
            "loss": table["loss"].round(4),
            "P(win)": table["p_win"].round(3),
        }
    )


def readable_models(table: pd.DataFrame) -> pd.DataFrame:
    """Every scheme's best model, in words; schemes that cannot run say why."""
    sizes = [words(n) if pd.notna(n) else "" for n in table["n"]]
    tokens = [words(d) if pd.notna(d) else "" for d in table["d"]]
    return pd.DataFrame(
        {
            "scheme": table["scheme"],
            "parameters": sizes,
            "tokens": tokens,
            "loss [nats/token]": table["loss"].round(4),
            "95% from": table["low"].round(4),
            "95% to": table["high"].round(4),
            "P(win)": table["p_win"].round(3),
            "serving [GPU-days]": table["serve_gpu_days"].round(1),
            "not native because": table["why_not"].fillna(""),
        }
    )


def model_words(models: pd.DataFrame) -> str:
    """The marked models with their sizes and tokens, as a phrase."""
    rows = models.to_dict("records")
    return "; ".join(f"{row['model']} {words(row['n_params'])} on {words(row['n_tokens'])} tokens" for row in rows)
