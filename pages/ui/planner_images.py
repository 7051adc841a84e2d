"""The planner's tab on image networks: how to grow or shrink one, and what patches cost a transformer."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.serving.ceilings import WIDE_RATES
from analysis.serving.convnet_scaling import BASES, STRATEGIES, TINYNETS, Strategy, tinynet
from analysis.serving.convnets import ConvNet
from analysis.serving.patches import by_patch
from pages.ui import figures_convnets, panels, serving_inputs
from pages.ui.figures import words
from pages.ui.session import facts, store

KEY = "planner.images"
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
BYTES = 2.0  # of an activation and of a weight: bf16
BATCH = 64
# Vision transformers: parameters, layers, width (Dosovitskiy et al., ICLR 2021, Table 1).
TRANSFORMERS = {"ViT-Base": (86e6, 12, 768), "ViT-Large": (307e6, 24, 1024), "ViT-Huge": (632e6, 32, 1280)}
PATCHES = (32, 16, 14, 8, 4, 2, 1)


def images() -> None:
    """Draws the choice of a network and a factor, every strategy's answer, the small networks, and the patches."""
    first, second, third = st.columns([2, 1, 3], gap="medium")
    name = first.selectbox("Start from", list(BASES), key=f"{KEY}.base", bind="query-params")
    factor = float(
        second.number_input(
            "FLOPs times", 0.05, 64.0, 4.0, format="%.3g", key=f"{KEY}.factor", bind="query-params",
            help="The factor s by which multiply-adds grow; below 1 the network shrinks.",
        )
    )  # fmt: skip
    with third:
        hardware = serving_inputs.choose_hardware(store(), KEY, 1)
    if hardware is None:
        panels.empty_state("The store holds no device with its memory and bandwidth, so no time can be given.")
        return
    ceilings = hardware.ceilings
    rates = (ceilings.rate(WIDE_RATES)[1], ceilings.bandwidth_gb_s * 1e9)
    table = strategies_table(BASES[name], factor, rates)
    _said(table, name, factor)
    left, right = st.columns(2, gap="large")
    with left:
        _growth(name)
    with right:
        _patches()
    _strategies(table, name, factor, hardware.name)
    _small(rates, hardware.name)


def strategies_table(base: ConvNet, factor: float, rates: tuple[float, float]) -> pd.DataFrame:
    """One row per strategy: what the network of `factor` times the FLOPs is, and its growth over the base."""
    return pd.DataFrame([_row(base, strategy, factor, rates) for strategy in STRATEGIES])


def _row(base: ConvNet, strategy: Strategy, factor: float, rates: tuple[float, float]) -> dict[str, object]:
    net = strategy.scaled(base, factor)
    return {
        "strategy": strategy.name,
        "expected": factor**strategy.activation_power,
        "flops": net.flops / base.flops,
        "activations": net.activations / base.activations,
        "params": net.params / base.params,
        "time": net.seconds(*rates, BYTES, BATCH) / base.seconds(*rates, BYTES, BATCH),
        "microseconds": 1e6 * net.seconds(*rates, BYTES, BATCH),
        "side": net.side,
        "source": strategy.source,
    }


def _said(table: pd.DataFrame, name: str, factor: float) -> None:
    rows = table.set_index("strategy")
    wide, compound = rows.loc["width"], rows.loc["EfficientNet's compound"]
    fast = rows.loc["fast compound"]
    st.info(
        f"**{factor:g} times the FLOPs** of {name} take **{wide['expected']:.3g}x** the activations when only the "
        f"width grows (here {wide['activations']:.3g}x), {fast['expected']:.3g}x by fast compound scaling and "
        f"**{compound['expected']:.3g}x** by EfficientNet's ({compound['activations']:.3g}x); depth or resolution "
        f"alone take {factor:g}x. Activations set the time: {wide['time']:.3g}x against {compound['time']:.3g}x.",
        icon=":material/photo_size_select_large:",
    )


@st.cache_data(show_spinner=False, max_entries=16)
def _grown(name: str) -> pd.DataFrame:
    """Growth of a base by strategy and factor."""
    base = BASES[name]
    nets = [(strategy, strategy.scaled(base, factor)) for strategy in STRATEGIES for factor in FACTORS]
    return pd.DataFrame(
        {
            "strategy": strategy.name,
            "flops": net.flops / base.flops,
            "activations": net.activations / base.activations,
            "params": net.params / base.params,
        }
        for strategy, net in nets
    )


def _growth(name: str) -> None:
    title = "Width costs the fewest activations, depth and resolution the most"
    panels.show_figure(
        figures_convnets.growth_figure(_grown(name), title),
        f"Activations against FLOPs of {name} by strategy",
        _grown(name),
        f"{KEY}.growth",
        "Counted layer by layer, whole blocks and widths by eights, so lines are not quite straight. FLOPs are "
        "multiply-adds; activations are the outputs of convolutions, as pycls counts them.",
    )


def _strategies(table: pd.DataFrame, name: str, factor: float, device: str) -> None:
    base = BASES[name]
    number = st.column_config.NumberColumn
    panels.show_table(
        table,
        f"{KEY}.strategies",
        f"{name}: {words(base.flops)} multiply-adds, {words(base.params)} parameters, {words(base.activations)} "
        f"activations at {base.side} pixels. Time on {device} by the roofline in bf16, {BATCH} images at once. "
        "fast_model_scaling_2021 says about O(s) for usual compound scaling and close to the root of s for its own; "
        f"the exponents of its strategies give s^0.83 and s^0.6, {factor ** (5 / 6):.3g}x and {factor**0.6:.3g}x.",
        {
            "expected": number("by the exponents", format="%.2fx"),
            "flops": number("FLOPs", format="%.2fx"),
            "activations": number("activations", format="%.2fx"),
            "params": number("parameters", format="%.2fx"),
            "time": number("time", format="%.2fx"),
            "microseconds": number("time of an image [µs]", format="%.3g"),
            "side": number("image side [pixels]"),
        },
    )


def _small(rates: tuple[float, float], device: str) -> None:
    nets = [tinynet(name) for name in TINYNETS]
    reported = facts(store(), "claims", source_id="tinynet_2020").set_index("claim_id")["value"].to_dict()
    accuracy = reported.get("tinynet_2020-01")
    said = f" TinyNet-E reaches {accuracy:.1f}% on ImageNet (tinynet_2020-01)." if accuracy is not None else ""
    panels.show_table(
        pd.DataFrame(
            {
                "network": [net.name for net in nets],
                "side": [net.side for net in nets],
                "flops": [net.flops / 1e6 for net in nets],
                "params": [net.params / 1e6 for net in nets],
                "activations": [net.activations / 1e6 for net in nets],
                "microseconds": [1e6 * net.seconds(*rates, BYTES, BATCH) for net in nets],
            }
        ),
        f"{KEY}.small",
        f"Smaller than EfficientNet-B0 by twisting all three: resolution and depth matter more than width in small "
        f"networks (tinynet_2020).{said} Time on {device} by the roofline.",
        {
            "side": st.column_config.NumberColumn("image side [pixels]"),
            "flops": st.column_config.NumberColumn("multiply-adds [M]", format="%.1f"),
            "params": st.column_config.NumberColumn("parameters [M]", format="%.2f"),
            "activations": st.column_config.NumberColumn("activations [M]", format="%.2f"),
            "microseconds": st.column_config.NumberColumn("time of an image [µs]", format="%.3g"),
        },
    )


def _patches() -> None:
    first, second, third = st.columns(3)
    side = int(first.number_input("Picture, pixels a side", 1, 8192, 224, key=f"{KEY}.side", bind="query-params"))
    frames = int(second.number_input("Frames", 1, 10_000, 1, key=f"{KEY}.frames", bind="query-params",
                                     help="1: a picture; more: a video, a token in each frame."))  # fmt: skip
    name = third.selectbox("Transformer", list(TRANSFORMERS), key=f"{KEY}.transformer", bind="query-params")
    table = by_patch(side, tuple(p for p in PATCHES if p <= side), *TRANSFORMERS[str(name)], frames)
    finest = table.iloc[-1]
    panels.show_table(
        table,
        f"{KEY}.patches",
        f"Patches of {finest['patch']:.0f} pixel give **{finest['tokens']:,.0f} tokens** and "
        f"{words(finest['flops'])} FLOPs, {finest['attention']:.0%} of them in attention. patch_scaling_2025 finds "
        "smaller patches better down to 1 x 1: 84.6% on ImageNet with 50,176 tokens of a base-sized model. No "
        "coefficients are published; a fit of your own points takes law power_law over the tokens.",
        {
            "patch": st.column_config.NumberColumn("patch [pixels]", format="%d"),
            "tokens": st.column_config.NumberColumn(format="%,.0f"),
            "flops": st.column_config.NumberColumn("FLOPs", format="compact"),
            "attention": st.column_config.NumberColumn("share of attention", format="percent"),
        },
    )
