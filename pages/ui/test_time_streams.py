"""The test-time tab's parallel streams: what ParScale gains and takes, against a larger model."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.laws import get_law
from analysis.serving.architecture import Architecture, of_row
from analysis.serving.memory import Devices, ServingFormats
from analysis.serving.serving import Load, Server
from analysis.serving.streams import compared_growth
from pages.ui import panels
from pages.ui.session import facts
from pages.ui.test_time_inputs import KEY, Setting
from results_db import Store

USUAL = "Qwen2.5-1.5B"


@dataclass(frozen=True)
class Choice:
    """Streams of a model: how many, by which coefficients, for how many requests of what context."""

    model: Architecture
    values: dict[str, float]
    streams: int
    requests: int
    context: int


def draw(store: Store, setting: Setting) -> None:
    """Draws the choice of streams, the size that they act like, and what they add to memory and latency."""
    sets = facts(store, "law_coefficients", law="parscale")
    models = facts(store, "models")
    models = models[(models["attention"] != "mla") & models["n_experts"].isna()]
    if sets.empty or models.empty:
        return
    st.subheader("Or answer in parallel streams?")
    own = _choose(sets, models)
    law = get_law("parscale")
    factor = float(law.derive("acting_size", own.values, {"streams": float(own.streams)}))
    server = Server(own.model, ServingFormats(), Devices(1, 80.0), setting.ceilings)
    load = Load(own.context // 2, own.context - own.context // 2)
    table = compared_growth(server, load, own.streams, factor, own.requests)
    memory, latency = (float(table[name].iloc[2] / table[name].iloc[1]) for name in ("added_gb", "added_ms"))
    beyond, why = law.outside({"streams": float(own.streams), "n_params": own.model.n_params}, published=True)
    panels.show_table(
        table.rename(columns={"name": "served"}),
        f"{KEY}.streams_table",
        f"**{own.streams} streams** of {own.model.name} act like **{factor:.2f} times** its parameters. For that they "
        f"add **{_times(memory)} memory** and **{_times(latency)} time a token** than the larger model does, in bf16 "
        f"on {setting.device} at full rates (parscale_2025: up to 22x and 6x less, for one request at a time). More "
        f"requests or longer contexts cost streams more.{' ' + '; '.join(why) + '.' if beyond.any() else ''}",
        {
            "gigabytes": st.column_config.NumberColumn("weights and cache [GB]", format="%.3g"),
            "step_ms": st.column_config.NumberColumn("between tokens [ms]", format="%.3g"),
            "added_gb": st.column_config.NumberColumn("added [GB]", format="%.3g"),
            "added_ms": st.column_config.NumberColumn("added [ms]", format="%.3g"),
        },
    )


def _choose(sets: pd.DataFrame, models: pd.DataFrame) -> Choice:
    places = st.columns(5)
    names = sorted(models["model"], key=lambda name: name != USUAL)
    name = places[0].selectbox("Of", names, key=f"{KEY}.stream_model", bind="query-params")
    variant = places[1].selectbox(
        "Coefficients", list(dict.fromkeys(sets["variant"])), key=f"{KEY}.stream_law", bind="query-params",
        help="ParScale's law refitted to the authors' losses: code (Stack-V2 Python) or text (the Pile).",
    )  # fmt: skip

    def count(place: int, label: str, least: int, most: int, usual: int, key: str) -> int:
        return int(places[place].number_input(label, least, most, usual, key=f"{KEY}.{key}", bind="query-params"))

    own = sets[sets["variant"] == variant]
    return Choice(
        of_row(models.set_index("model", drop=False).loc[name].to_dict()),
        dict(zip(own["symbol"], own["value"].astype(float), strict=True)),
        count(2, "Streams P", 2, 64, 8, "streams"),
        count(3, "Requests at once", 1, 4096, 1, "stream_requests"),
        count(4, "Context, tokens", 2, 1_000_000, 512, "stream_context"),
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2g}x less" if ratio >= 1 else f"{1 / ratio:.2g}x more"
