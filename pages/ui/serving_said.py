"""What the serving tab says: whether it fits, how fast it is, what a million tokens cost, and what was assumed."""

from __future__ import annotations

import streamlit as st

from analysis.serving.architecture import Architecture
from analysis.serving.ceilings import WIDE_RATES, arithmetic
from analysis.serving.memory import least_devices
from analysis.serving.roofline import Step
from analysis.serving.serving import Load, Server, decode, largest_batch, sweep
from pages.ui import serving_inputs as inputs
from pages.ui import serving_money as money
from pages.ui import serving_speed
from pages.ui.figures import words


def answer(
    server: Server,
    hardware: inputs.Hardware,
    load: Load,
    name: str,
    wanted: int,
    price: float,
    known: tuple[float, float, float],
) -> None:
    """Says in a sentence whether it fits, how fast it is and what a million tokens cost."""
    most = largest_batch(server, load)
    set_of = f"{hardware.devices.count} x {hardware.name}"
    if not most:
        need = least_devices(server.model, server.formats, load.context, 1, hardware.devices.memory_gb)
        more = f"it needs {need} of them" if need else "not even 1,024 of them hold it"
        st.warning(
            f"**{server.model.name}** in **{name}** does not fit on **{set_of}**: {more}. Narrower weights or a "
            "shorter context need less.",
            icon=":material/memory:",
        )
        return
    row = sweep(server, load, [min(wanted, most)]).iloc[0]
    low, high = serving_speed.span(server, load, [min(wanted, most)], known)
    usd = float(money.usd(price, hardware.devices.count, row["tokens_per_s"]))
    room = f"up to {most:,} requests of {load.context:,} tokens fit at once"
    first = row["first_token_s"]
    short = f", not the {wanted:,} wanted" if most < wanted else ""
    st.success(
        f"**{server.model.name}** in **{name}** fits on **{set_of}**: {room}{short}. With {min(wanted, most):,} it "
        f"writes **{words(row['tokens_per_s'])} tokens/s** [{words(low[0])}, {words(high[0])}], each request a token "
        f"every {1e3 * row['step_s']:.4g} ms, the first after {first:.2g} s: **{usd:.3g} USD per million "
        f"tokens**. A step is bound by **{row['bound']}**.",
        icon=":material/speed:",
    )
    st.caption(
        f"{model_words(server.model)}. Interval: the share of the roofline that published systems reach, "
        f"{known[0]:.0%} to {known[2]:.0%}; {server.reach:.0%} assumed.{sent(server, decode(load, min(wanted, most)))}"
        f"{widened(server, hardware.name)}"
    )


def sent(server: Server, step: Step) -> str:
    """A sentence on what several devices send each other in a step; nothing for one."""
    count = server.devices.count
    if count < 2:
        return ""
    if server.links is None:
        return (
            " No text gives the rate of this device's links, so traffic between devices is not counted: speeds are "
            "optimistic."
        )
    return (
        f" Devices send each other two sums a layer: {server.share(step, 'links'):.0%} of a step at "
        f"{server.links.rate(count) / 1e9:,.0f} GB/s each, without latencies, all in one node."
    )


def widened(server: Server, device: str) -> str:
    """A sentence when the device has no arithmetic for the formats and multiplies in a wider one; else nothing."""
    wanted = arithmetic(server.formats.weights, server.formats.activations)
    found, _ = server.ceilings.rate(wanted)
    usual = {wanted[0], *WIDE_RATES} if wanted[0] in WIDE_RATES else {wanted[0]}
    return "" if found in usual else f" {device} has no {wanted[0]} rate, so products run in {found}."


def model_words(model: Architecture) -> str:
    """A model as a caption: size, layers, attention, experts, window."""
    parts = [f"{words(model.n_params)} parameters, {model.layers} layers"]
    if model.n_experts:
        parts.append(f"{model.n_experts_active} of {model.n_experts} experts, {words(model.active_params)} active")
    heads = f"{model.n_heads} heads" + (f" sharing {model.n_kv_heads}" if model.n_kv_heads < model.n_heads else "")
    parts.append("a latent cache (MLA)" if model.attention == "mla" else heads)
    if model.global_layers < model.layers:
        parts.append(f"{model.layers - model.global_layers} layers with a window of {model.sliding_window:,} tokens")
    return f"{model.name}: {', '.join(parts)}"
