"""Published kernels of few bits beside what this machine's run measured: by batch, on both sides, FP8, tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.formats.bit_planes import binary_products, total
from analysis.serving.weight_only import (
    GROUP_OF_128,
    Layer,
    byte_ceiling,
    fades_at,
    lookups,
    lookups_per_second,
    speedup,
)
from pages.ui import claims_beside, figures_few_bits, panels
from pages.ui.session import facts
from results_db import Store

BATCHES = (1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256)
WEIGHT_ONLY = ("mm_int4_weight", "triton_int4_weight", "gemv_int4_weight", "mm_int8_weight")
# Tab -> the sources whose claims it shows.
SOURCES = {
    "weights": ("marlin_2024", "quick_2024", "tilus_2025"),
    "both": ("comet_2024", "atom_2023", "fireq_2025", "abq_llm_2024"),
    "fp8": ("fp8_lm_2023", "mus_fp8_2025"),
    "tables": ("tmac_2024", "lut_tensor_core_2024"),
}
# Metrics that are factors, and the word for those that are not of speed.
METRICS = {
    "speedup": "", "throughput_gain": "", "compute_density_gain": ", density", "energy_efficiency_gain": ", energy",
    "energy_reduction": ", energy",
}  # fmt: skip
MOST_BITS = 8


def section(opened: Store, products: pd.DataFrame) -> None:
    """Draws the published speed-ups, a tab a kind of kernel; `products` are those of the run that is shown, or none."""
    st.subheader("Published kernels of few bits, beside this run")
    if facts(opened, "claims").empty or facts(opened, "devices").empty:
        st.caption("This store holds no published facts; a shipped one does.")
        return
    names = ["Few-bit weights by batch", "Few bits on both sides", "FP8 over bf16", "Tables of sums on a CPU"]
    weights, both, fp8, tables = st.tabs(names)
    with weights:
        _by_batch(opened, products)
    with both:
        _both_sides(opened, products)
    with fp8:
        _fp8(opened, products)
    with tables:
        _tables(opened, products)


def claims_of(opened: Store, tab: str) -> pd.DataFrame:
    """The claims that a tab shows, as stored."""
    claims = facts(opened, "claims")
    return claims[claims["source_id"].isin(SOURCES[tab])]


def factors(claims: pd.DataFrame, own: dict[str, float]) -> pd.DataFrame:
    """Published factors of speed, density and energy, one a row, and below them those measured here: words, value."""
    told = claims[claims["metric"].isin(list(METRICS)) & (claims["normalized_unit"] == "x")]
    published = [
        {
            "words": f"{row['subject']} over {row['baseline']}{METRICS[row['metric']]}",
            "value": row["normalized"],
            "origin": "published",
        }
        for row in told.to_dict("records")
    ]
    return pd.DataFrame(
        [*published, *({"words": words, "value": value, "origin": "measured"} for words, value in own.items())],
        columns=["words", "value", "origin"],
    )


def best_native(products: pd.DataFrame, formats: tuple[str, ...]) -> dict[str, float]:
    """The best speed-up over bf16 among native products in those formats, under the words of its bar."""
    found = products[products["format"].isin(formats) & (products["arithmetic"] == "native")].dropna(subset=["speedup"])
    found = found[~found["kernel"].str.endswith(("_weight", "_sparse"))]
    if found.empty:
        return {}
    best = found.loc[found["speedup"].idxmax()]
    return {f"this run: {best['kernel']} over bf16, {best['shape']}": float(best["speedup"])}


def by_batch(products: pd.DataFrame) -> pd.DataFrame:
    """Speed over bf16 of weights in few bits on the layer that most numbers of tokens were run through."""
    own = products[products["kernel"].isin(WEIGHT_ONLY)].dropna(subset=["speedup"])
    layers = own.groupby(["n", "k"])["m"].nunique()
    if layers.empty or layers.max() < 2:
        return own.iloc[:0]
    n, k = layers.idxmax()
    return own[(own["n"] == n) & (own["k"] == k)].sort_values(["kernel", "m"])


def _by_batch(opened: Store, products: pd.DataFrame) -> None:
    devices = facts(opened, "devices").dropna(subset=["bandwidth_gb_s", "fp16_tflops"])
    chosen = st.selectbox(
        "Roofline of", list(devices["device"]), int((devices["device"] == "A10").argmax()), key="probe.few_bits_device",
        bind="query-params", help="A10 is the card of MARLIN's published curve.",
    )  # fmt: skip
    device = devices[devices["device"] == chosen].iloc[0]
    peaks = float(device["fp16_tflops"]), float(device["bandwidth_gb_s"])
    batches = np.array(BATCHES, float)
    modelled = pd.DataFrame({"m": batches, "speedup": speedup(batches, GROUP_OF_128, *peaks)})
    measured = facts(opened, "throughput")
    published = measured[(measured["source_id"] == "marlin_2024") & (measured["metric"] == "speedup")]
    first, last = fades_at(GROUP_OF_128, *peaks)
    figure = figures_few_bits.batch_figure(
        modelled, str(chosen), published, by_batch(products), byte_ceiling(GROUP_OF_128),
        f"4-bit weights gain up to {first:.0f} tokens on {chosen}, and nothing from {last:.0f} on",
    )  # fmt: skip
    panels.show_figure(
        figure,
        "Speed of 4-bit weights over 16 bits by the number of tokens: roofline, published, and measured in this run",
        pd.concat([modelled.assign(kernel=f"roofline of {chosen}"), by_batch(products)[["kernel", "m", "speedup"]]]),
        "probe.few_bits",
        f"Line: 4-bit codes with a 16-bit scale per 128, {device['fp16_tflops']:g} TFLOP/s and "
        f"{device['bandwidth_gb_s']:g} GB/s of the datasheet. Circle: MARLIN on an A10, published. Run the shapes "
        "'batch' above for points of this machine.",
    )
    _claims("weights")


def _both_sides(opened: Store, products: pd.DataFrame) -> None:
    _factors(opened, "both", best_native(products, ("w4a8", "mxfp4", "nvfp4", "int4")))
    st.markdown("**Any pair of widths is a sum of products of single bits.**")
    left, right = st.columns(2)
    w_bits = left.number_input("Weight bits", 1, MOST_BITS, 2, key="probe.w_bits", bind="query-params")
    a_bits = right.number_input("Activation bits", 1, MOST_BITS, 8, key="probe.a_bits", bind="query-params")
    table, exact, summed = decomposed(int(a_bits), int(w_bits))
    st.caption(
        f"W{w_bits}A{a_bits} is {len(table)} binary products. On 64 random pairs of signed integers they add up to "
        f"{summed}; the integer product is {exact}."
    )
    panels.show_table(
        table,
        "probe.binary",
        "Matches: places where both bits are 1; factor: what a match counts, negative for a sign.",
    )


def decomposed(a_bits: int, w_bits: int) -> tuple[pd.DataFrame, int, int]:
    """The binary products of 64 random pairs of signed integers of those widths, their exact product, and their sum."""
    rng = np.random.default_rng(0)
    a, w = (rng.integers(-(1 << bits - 1), 1 << bits - 1, (1, 64)) for bits in (a_bits, w_bits))
    parts = binary_products(a, w, a_bits, w_bits)
    rows = [(part.activation_bit, part.weight_bit, part.factor, int(part.matches[0, 0])) for part in parts]
    table = pd.DataFrame(rows, columns=["activation bit", "weight bit", "factor", "matches"])
    return table, int((a @ w.T)[0, 0]), int(total(parts)[0, 0])


def _fp8(opened: Store, products: pd.DataFrame) -> None:
    own = best_native(products, ("fp8", "mxfp8"))
    _factors(opened, "fp8", own)
    if not own:
        st.caption(
            "This run has no FP8 product whose own hardware did the work, so it has no ratio of its own: where FP8 is "
            "emulated, its time says nothing of FP8."
        )


def lookup_times(products: pd.DataFrame) -> pd.DataFrame:
    """Times of one token through weights of 1 to 4 bits: way (lookup, widened), bits, p20_us, p50_us, p80_us."""
    named = products["kernel"].str.extract(r"^(?P<way>lookup|widened)_int(?P<bits>\d)_weight$")
    found = products.assign(**named).dropna(subset=["way"]).astype({"bits": int})
    return found.drop_duplicates(["way", "bits"]).sort_values(["way", "bits"])


def _tables(opened: Store, products: pd.DataFrame) -> None:
    times = lookup_times(products)
    if (times["way"] == "lookup").any():
        rate, modelled = _modelled(times)
        panels.show_figure(
            figures_few_bits.lookup_figure(times, modelled, _lookup_finding(times)),
            "Time of one token through weights of 1 to 4 bits, by tables of sums and by widening them",
            times[["way", "bits", "shape", "p20_us", "p50_us", "p80_us"]],
            "probe.lookup",
            f"Dots: one lookup for each eight bits of the weights, {rate / 1e9:.3g} billion a second as fits the "
            "medians best, so that 4 bits take twice as long as 2. Both ways read the same bits. Other threads are "
            "another run, chosen above; energy is not measured.",
        )
    else:
        st.caption("Run the shapes 'lookup' above to time tables of sums against widening weights on this CPU.")
    _factors(opened, "tables", {})


def _modelled(times: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """The rate of lookups [1/s] that the measured medians give, and the time that it gives each number of bits."""
    own = times[times["way"] == "lookup"]
    layer, bits = Layer(int(own["n"].iloc[0]), int(own["k"].iloc[0])), np.arange(5)
    rate = lookups_per_second(own["bits"].to_numpy(), own["p50_us"].to_numpy() / 1e6, layer)
    return rate, pd.DataFrame({"bits": bits, "time_us": lookups(bits, layer) / rate * 1e6})


def _lookup_finding(times: pd.DataFrame) -> str:
    wide = times.pivot(index="bits", columns="way", values="p50_us")
    if not {"lookup", "widened"} <= set(wide.columns) or not {2, 4} <= set(wide.dropna().index):
        return "Time by bits of a weight"
    gain, double = wide["widened"] / wide["lookup"], wide.at[4, "lookup"] / wide.at[2, "lookup"]
    return f"Tables are {gain.min():.1f} to {gain.max():.1f} times as fast; 4 bits take {double:.1f} times 2 bits"


def _factors(opened: Store, tab: str, own: dict[str, float]) -> None:
    bars = factors(claims_of(opened, tab), own)
    panels.show_figure(
        figures_few_bits.factor_figure(bars),
        "Published factors: " + ", ".join(f"{row['words']} {row['value']:.3g}" for row in bars.to_dict("records")),
        bars,
        f"probe.published_{tab}",
        "Each against the baseline that its paper names, so bars of two papers do not compare.",
    )
    _claims(tab)


def _claims(tab: str) -> None:
    with st.expander("The claims as published"):
        claims_beside.published(f"probe.claims_{tab}", SOURCES[tab])
