"""What a run of the probe found, in words: titles, captions, and figures told to who cannot see them."""

from __future__ import annotations

import pandas as pd

from gpu_probe.result import Status
from pages.ui.probe_tables import BASELINE, copy_rate, run_words

# What stays of bf16's or wider precision; everything else is a saving worth a headline.
WIDE = {"fp32", "tf32", "bf16", "fp16"}


def finding(products: pd.DataFrame) -> str:
    """The figure's title: the best native format below 16 bits against bf16, at the largest shape of the run."""
    if products["speedup"].isna().all():
        return "Times by format (no bf16 row on the same shapes to compare with)"
    compared = products.dropna(subset=["speedup"])
    largest = compared[compared["shape"] == largest_first(compared)[0]]
    dense = ~largest["kernel"].str.endswith("_sparse")
    narrow = largest[~largest["format"].isin(WIDE) & (largest["arithmetic"] == "native") & dense]
    if narrow.empty:
        return "No format below 16 bits was timed natively in this run"
    best = narrow.loc[narrow["speedup"].idxmax()]
    if best["speedup"] < 1:
        words = f"No native format below 16 bits beats bf16 at {best['shape']}"
        return f"{words}: {best['format']} is best with {best['speedup']:.2g}x"
    return f"{best['format']} runs {best['speedup']:.1f} times as fast as bf16 at {best['shape']}"


def largest_first(products: pd.DataFrame) -> list[str]:
    """The shapes of the products, that with the most operations first."""
    size = products["m"] * products["n"] * products["k"]
    return list(dict.fromkeys(products.assign(size=size).sort_values("size", ascending=False)["shape"]))


def spoken(products: pd.DataFrame) -> str:
    """The speed-ups at the largest shape in words, for who cannot see the figure."""
    compared = products.dropna(subset=["speedup"])
    largest = compared[compared["shape"] == largest_first(compared)[0]]
    return ", ".join(
        f"{row['format']} {row['speedup']:.2f} ({row['arithmetic']})" for row in largest.to_dict("records")
    )


def caption(rows: pd.DataFrame, run: pd.Series) -> str:
    """What a reader must know of the figure: where it was measured, the intervals, the hatching, the copy rate."""
    bf16 = rows[(rows["kernel"] == BASELINE) & (rows["status"] == Status.OK)]
    emulated = not bf16.empty and bf16["native"].eq(False).fillna(False).any()
    copy = copy_rate(rows)
    sentences = [
        f"{run_words(run)}.",
        "Bars: medians; whiskers pair p20 with p80 of both sides. Hatched: not native, so never that format's speed.",
        "bf16 itself is emulated on this device, which flatters every other format." if emulated else "",
        f"A memory copy reached {copy:.3g} GB/s." if copy else "",
    ]
    return " ".join(filter(None, sentences))


def roofline_finding(products: pd.DataFrame, copied_gb_s: float) -> str:
    """The roofline's title: how many products the memory bounds, at this run's own ceilings."""
    ceiling = products.groupby("format")["tflops"].transform("max")
    bound = int((products["intensity"] * copied_gb_s / 1e3 < ceiling).sum())
    return f"{bound} of {len(products)} products are bound by memory, the others by arithmetic"
