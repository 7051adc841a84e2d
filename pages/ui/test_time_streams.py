"""The test-time tab's parallel streams: what ParScale gains and takes, against a larger model."""

from __future__ import annotations

import streamlit as st

from analysis.laws import get_law
from analysis.serving.architecture import of_row
from analysis.serving.memory import Devices, ServingFormats
from analysis.serving.serving import Load, Server
from analysis.serving.streams import compared_growth
from pages.ui import panels
from pages.ui.session import facts
from pages.ui.test_time_inputs import KEY, Setting
from results_db import Store

USUAL = "Qwen2.5-1.5B"


def draw(store: Store, setting: Setting) -> None:
    """Draws the choice of streams, the size that they act like, and what they add to memory and latency."""
    sets = facts(store, "law_coefficients", law="parscale")
    models = facts(store, "models")
    models = models[(models["attention"] != "mla") & models["n_experts"].isna()]
    if sets.empty or models.empty:
        return
    st.subheader("Or answer in parallel streams?")
    places = st.columns(5)
    names = sorted(models["model"], key=lambda name: name != USUAL)
    name = places[0].selectbox("Of", names, key=f"{KEY}.stream_model", bind="query-params")
    variants = list(dict.fromkeys(sets["variant"]))
    variant = places[1].selectbox(
        "Coefficients", variants, key=f"{KEY}.stream_law", bind="query-params",
        help="ParScale's law refitted to the authors' losses: code (Stack-V2 Python) or text (the Pile).",
    )  # fmt: skip
    streams = int(places[2].number_input("Streams P", 2, 64, 8, key=f"{KEY}.streams", bind="query-params"))
    requests = int(places[3].number_input("Requests at once", 1, 4096, 1, key=f"{KEY}.stream_requests",
                                          bind="query-params"))  # fmt: skip
    context = int(places[4].number_input("Context, tokens", 2, 1_000_000, 512, key=f"{KEY}.stream_context",
                                         bind="query-params"))  # fmt: skip
    values = dict(zip(*(sets.loc[sets["variant"] == variant, column] for column in ("symbol", "value")), strict=True))
    law = get_law("parscale")
    factor = float(law.derive("acting_size", values, {"streams": float(streams)}))
    model = of_row(models.set_index("model", drop=False).loc[name].to_dict())
    server = Server(model, ServingFormats(), Devices(1, 80.0), setting.ceilings)
    load = Load(context // 2, context - context // 2)
    table = compared_growth(server, load, streams, factor, requests)
    memory, latency = (
        float(table[column].iloc[2] / table[column].iloc[1]) for column in ("added_gb", "added_ms")
    )  # fmt: skip
    beyond, why = law.outside({"streams": float(streams), "n_params": model.n_params}, published=True)
    panels.show_table(
        table.rename(columns={"name": "served"}),
        f"{KEY}.streams_table",
        f"**{streams} streams** of {name} act like **{factor:.2f} times** its parameters. For that they add "
        f"**{_times(memory)} memory** and **{_times(latency)} time a token** than the larger model does, in bf16 on "
        f"{setting.device} at full rates (parscale_2025: up to 22x and 6x less, for one request at a time). More "
        f"requests or longer contexts cost streams more.{' ' + '; '.join(why) + '.' if beyond.any() else ''}",
        {
            "gigabytes": st.column_config.NumberColumn("weights and cache [GB]", format="%.3g"),
            "step_ms": st.column_config.NumberColumn("between tokens [ms]", format="%.3g"),
            "added_gb": st.column_config.NumberColumn("added [GB]", format="%.3g"),
            "added_ms": st.column_config.NumberColumn("added [ms]", format="%.3g"),
        },
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2g}x less" if ratio >= 1 else f"{1 / ratio:.2g}x more"
