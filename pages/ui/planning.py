"""The optimality map and the plan of a budget, computed once per choice, and said in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from analysis.plans.budget import best_models
from analysis.plans.cells import Cells
from analysis.plans.hardware import Hardware, Wishes
from analysis.plans.planner import Region, region
from analysis.plans.schemes import Scheme
from analysis.serving.memory import USABLE
from pages.ui.coefficients import Basis
from pages.ui.figures import words
from pages.ui.hardware import Machine
from pages.ui.session import fingerprint

SIDE = 200  # cells per side of the map
AXES = {"tokens per parameter": False, "training compute": True}
SPANS = {False: (10, 1e4), True: (1e18, 1e27)}  # of the columns, D/N or FLOPs
MARKED = {"Llama 3.1 70B": "Llama-3 70B", "Qwen2.5-72B": "Qwen-2.5 72B", "Gemma 3 27B (text)": "Gemma 3 27B"}


def known_models(models: pd.DataFrame) -> pd.DataFrame:
    """The models marked on the map, those of the paper's own map: label, n_params, n_tokens."""
    own = models[models["model"].isin(MARKED)].dropna(subset=["params_total_b", "tokens_trained_t"])
    return pd.DataFrame(
        {
            "label": own["model"].map(MARKED),
            "n_params": own["params_total_b"] * 1e9,
            "n_tokens": own["tokens_trained_t"] * 1e12,
        }
    )


def own_models(runs: pd.DataFrame) -> pd.DataFrame:
    """The largest run of each of the user's datasets: label, n_params, n_tokens."""
    own = runs[runs["dataset_id"].notna()].dropna(subset=["n_params", "n_tokens"])
    largest = own.loc[(own["n_params"] * own["n_tokens"]).groupby(own["dataset_id"]).idxmax()]
    return pd.DataFrame({"label": largest["run_id"], "n_params": largest["n_params"], "n_tokens": largest["n_tokens"]})


def optimality_map(basis: Basis, schemes: Sequence[Scheme], compute: bool = False) -> Region:
    """The map over D/N 10 to 1e4 (or compute) and N 1e7 to 3.2e11, with P(win) when the basis has draws."""
    return _map(fingerprint(basis.key, schemes, compute), basis, schemes, compute)


@st.cache_resource(show_spinner="Drawing the map", max_entries=16)
def _map(key: str, _basis: Basis, _schemes: Sequence[Scheme], _compute: bool) -> Region:
    cells = Cells(np.geomspace(1e7, 3.2e11, SIDE), np.geomspace(*SPANS[_compute], SIDE), _compute)
    return region(_basis.law, _basis.values, _schemes, cells, _basis.draws)


def best_models_of(basis: Basis, schemes: Sequence[Scheme], machine: Machine) -> pd.DataFrame:
    """Every scheme's best model within a budget (analysis.plans.budget.best_models), remembered per choice."""
    key = fingerprint(basis.key, schemes, machine.hardware, machine.wishes)
    return _best_models(key, basis, schemes, machine.hardware, machine.wishes).copy(deep=False)


@st.cache_resource(show_spinner="Sizing every scheme's best model", max_entries=64)
def _best_models(
    key: str, _basis: Basis, _schemes: Sequence[Scheme], _hardware: Hardware, _wishes: Wishes
) -> pd.DataFrame:
    return best_models(_basis.law, _basis.values, _schemes, _hardware, _wishes, _basis.draws)


def region_frame(found: Region) -> pd.DataFrame:
    """The map as a table: one row per cell with the winner and every scheme's loss and P(win)."""
    size = np.broadcast_to(found.cells.n_max[:, None], found.winner.shape)
    names = np.array(found.names)
    frame = pd.DataFrame(
        {
            "n_max": size.ravel(),
            "d_over_n": found.cells.d_over_n.ravel(),
            "winner": names[found.winner.ravel()],
        }
    )
    columns = {f"loss {name}": found.loss[i].ravel() for i, name in enumerate(names)}
    if found.p_win is not None:
        columns |= {f"p_win {name}": found.p_win[i].ravel() for i, name in enumerate(names)}
    return frame.assign(**columns)


def chances(table: pd.DataFrame) -> str:
    """How probable each scheme is to have the lowest loss (columns scheme, p_win), the likeliest first."""
    likely = table[table["p_win"] > 0.005].sort_values("p_win", ascending=False)
    if likely.empty:
        return "These coefficients are published without an interval, so no probability can be given."
    shares_of = zip(likely["scheme"], likely["p_win"], strict=True)
    shares = [f"**{scheme} {'> 0.99' if share > 0.99 else format(share, '.2f')}**" for scheme, share in shares_of]
    return f"Probability of the lowest loss, given the law and the speeds: {', '.join(shares)}."


def answer(best: pd.Series, ranked: pd.DataFrame) -> str:
    """The answer as a sentence: what to train, how sure, what comes next."""
    forward, backward = best["scheme"].upper().split(":")
    interval = f" [{best['low']:.3f}, {best['high']:.3f}]" if pd.notna(best["low"]) else ""
    return (
        f"Train **{words(best['n'])}** parameters on **{words(best['d'])}** tokens with **{forward} forward, "
        f"{backward} backward**: predicted loss **{best['loss']:.3f}**{interval}. {chances(ranked)}"
    )


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The schemes of one cell with sizes in words and four digits of loss."""
    return pd.DataFrame(
        {
            "scheme": table["scheme"],
            "parameters": table["n"].map(words),
            "tokens": table["d"].map(words),
            "loss": table["loss"].round(4),
            "P(win)": table["p_win"].round(3),
        }
    )


def readable_models(table: pd.DataFrame, machine: Machine) -> pd.DataFrame:
    """Every scheme's best model in words, with what it takes; schemes that cannot run say why."""
    hours = machine.hardware.gpus * 24 * table["match_days"]
    return pd.DataFrame(
        {
            "scheme": table["scheme"],
            "parameters": [words(n) if pd.notna(n) else "" for n in table["n"]],
            "tokens": [words(d) if pd.notna(d) else "" for d in table["d"]],
            "loss [nats/token]": table["loss"].round(4),
            "95% from": table["low"].round(4),
            "95% to": table["high"].round(4),
            "P(win)": table["p_win"].round(3),
            "days to the best loss": table["match_days"].round(1),
            "cost of those [USD]": (hours * (machine.usd_per_gpu_hour or np.nan)).round(0),
            "energy of those [MWh]": (hours * (machine.watts or np.nan) * machine.pue / 1e6).round(2),
            "served weights [GB]": table["weights_gb"].round(2),
            "devices to hold them": np.ceil(table["weights_gb"] / (USABLE * (machine.memory_gb or np.nan))),
            "serving [GPU-days]": table["serve_gpu_days"].round(1),
            "not possible because": table["why_not"].fillna(""),
        }
    )


def with_costs(ranked: pd.DataFrame, machine: Machine) -> pd.DataFrame:
    """The schemes with a column `takes`: days and USD in which each reaches the best one's loss, in words."""
    rate = machine.hardware.gpus * 24 * (machine.usd_per_gpu_hour or np.nan)
    takes = []
    for days in ranked["match_days"]:
        money = f", {words(days * rate)} USD" if pd.notna(days * rate) else ""
        takes.append(f" ({words(days)} days{money})" if pd.notna(days) else "")
    return ranked.assign(takes=takes)


def model_words(models: pd.DataFrame) -> str:
    """The marked models with their sizes and tokens, as a phrase."""
    rows = models.to_dict("records")
    return "; ".join(f"{row['label']} {words(row['n_params'])} on {words(row['n_tokens'])} tokens" for row in rows)
