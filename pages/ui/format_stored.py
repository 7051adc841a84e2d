"""The tab of storage: planes of bits, one checkpoint for many widths, narrower storage, weights without products."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit import column_config

from analysis.formats.stored import COPIES, SERVED, everything
from pages.ui import claims_beside, figures_stored, panels
from pages.ui.format_tensors import Study
from pages.ui.working import computed

STUDIED = 2**14
SOURCES = (
    "zeroquant_4p2_2023", "matquant_2025", "any_precision_llm_2024", "double_rounding_2025", "eq_net_2023",
    "bf16_study_2019", "compressed_reals_riscv_2023", "mixed_precision_training_2017", "denseshift_2022",
    "matmul_free_2024", "spectra_2024", "paretoq_2025", "squares_rng_2020", "openrand_2023",
)  # fmt: skip
NESTED = {
    "bits": column_config.NumberColumn("bits served"),
    "rounded_db": column_config.NumberColumn("top bits, rounded [dB]", format="%.2f"),
    "cut_off_db": column_config.NumberColumn("top bits, cut off [dB]", format="%.2f"),
    "alone_db": column_config.NumberColumn("quantized to this width alone [dB]", format="%.2f"),
    "stored": column_config.NumberColumn("bits a weight, one file"),
    "apart": column_config.NumberColumn("files of this and all wider ones"),
}
STORAGE = {
    "format": column_config.TextColumn("stored in"),
    "bits": column_config.NumberColumn("bits"),
    "fewer_bytes": column_config.NumberColumn("fewer bytes [times]", format="%.0f"),
    "of_1e38": column_config.TextColumn("comes back of 1e38", alignment="right"),
    "beyond": column_config.NumberColumn("of the tensor beyond it [%]", format="%.3g"),
    "sqnr_db": column_config.NumberColumn("SQNR [dB]", format="%.2f"),
    "decoded": column_config.TextColumn("decoded by"),
}
WORK = {
    "format": column_config.TextColumn("weights in"),
    "codes": column_config.NumberColumn("codes"),
    "nonzero": column_config.NumberColumn("of them not zero"),
    "multiplies": column_config.NumberColumn("multiplications a weight", format="%.3f"),
    "shifts": column_config.NumberColumn("shifts", format="%.3f"),
    "adds": column_config.NumberColumn("additions", format="%.3f"),
}
DETOURS = {
    "format": column_config.TextColumn("rounded to"),
    "through": column_config.TextColumn("by way of"),
    "changed": column_config.NumberColumn("elements that change [%]", format="%.2f"),
    "direct_db": column_config.NumberColumn("SQNR at once [dB]", format="%.2f"),
    "twice_db": column_config.NumberColumn("SQNR by the detour [dB]", format="%.2f"),
}
PLANES = {
    "code": column_config.NumberColumn("code"),
    "bits": column_config.TextColumn("bits"),
    "value": column_config.NumberColumn("value", format="%g"),
    "upper": column_config.TextColumn("plane of 4"),
    "lower": column_config.TextColumn("plane of 2"),
    "back": column_config.NumberColumn("unpacked"),
}


def stored(study: Study, element: str, number: float) -> None:
    """What one file serves at every width, and how narrower storage, planes, products and detours come out."""
    rows = study.x[: max(1, STUDIED // study.x.shape[1])]
    part = "" if rows.size == study.x.size else f" (the first {rows.size:,} of them)"
    found = computed("formats.stored", "Storing the tensor", everything, rows, element, number)
    if found is None:
        return
    frames, at_random = found
    words = f"{study.words}{part}"
    _nested(frames["nested_widths"], words)
    _planes(frames["planes_of_six_bits"])
    _tables(frames, words)
    mean, error, same = at_random
    st.markdown(
        f"**Rounding at random:** {COPIES:,} copies of {number:g} in {element} average {mean:.6g}, "
        f"{abs(mean - number) / error if error else 0:.1f} standard errors from it; positions alone give "
        f"{'the same' if same else 'other'} codes in any order and on any device."
    )
    claims_beside.published("formats.stored_claims", SOURCES)


def _nested(frame: pd.DataFrame, words: str) -> None:
    panels.show_figure(
        figures_stored.nested_figure(frame, finding(frame)),
        "SQNR of the top bits of one 8-bit file, and of files of their own, by width",
        frame,
        "formats.nested_figure",
        f"{words}; a scale and a zero point a row. Rounded: MatQuant (arXiv 2502.06786). Cut off: any-precision.",
    )
    panels.show_table(
        frame, "formats.nested", f"One 8-bit file serves {SERVED[0]} to {SERVED[-1]} bits from its top bits.", NESTED
    )


def _planes(frame: pd.DataFrame) -> None:
    back, size = int((frame["back"] == frame["code"]).sum()), int(frame["bytes"].iloc[0])
    with st.expander(
        f"FP6 as planes of 4 and 2 bits: {back} of {len(frame)} codes come back", icon=":material/layers:"
    ):
        panels.show_table(
            frame[list(PLANES)],
            "formats.planes",
            f"E3M2; both planes of all {len(frame)} codes take {size} bytes, {8 * size / len(frame):g} bits a code.",
            PLANES,
            height=300,
        )


def _tables(frames: dict[str, pd.DataFrame], words: str) -> None:
    storage = frames["narrow_storage"]
    panels.show_table(
        storage.assign(
            of_1e38=[f"{value:.3g}" for value in storage["of_1e38"]],
            beyond=100 * storage["beyond"],
            decoded=[f"a table of {size:,} bytes" if size else "one shift" for size in storage["table_bytes"]],
        )[list(STORAGE)],
        "formats.narrow",
        f"float32 numbers stored as they are, without a scale, and decoded after loading: bytes are saved, and each "
        f"number costs a shift or a look-up. {words}.",
        STORAGE,
    )
    panels.show_table(
        frames["work_of_a_weight"],
        "formats.work",
        "What a product with the tensor as weights takes, one scale for all, clipped for the least squared error: "
        "nothing for 0, an addition for 1, a shift and an addition for powers of two, else a multiplication too.",
        WORK,
    )
    panels.show_table(
        frames["detours"].assign(changed=100 * frames["detours"]["changed"]),
        "formats.detours",
        "A number beside the middle of two values can land on it in the wider format, and go the wrong way from there.",
        DETOURS,
    )


def finding(frame: pd.DataFrame) -> str:
    """What the narrowest width loses to a file of its own, and what one file saves."""
    last = frame.iloc[-1]
    lost = last["alone_db"] - last["rounded_db"]
    return (
        f"One file of {last['stored']:.0f} bits a weight serves {len(frame)} widths, {last['apart']:.0f} bits apart; "
        f"at {last['bits']:.0f} bits it {'loses' if lost > 0 else 'gains'} {abs(lost):.1f} dB"
    )
