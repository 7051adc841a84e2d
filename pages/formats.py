"""Formats: what does this format do to my tensor?"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from analysis.formats import ROUNDINGS, TRANSFORMS
from analysis.formats.survey import TENSOR_FORMATS
from analysis.formats.table import ELEMENTS, USED_ELEMENTS
from pages.ui import (
    claims_beside,
    figures_formats,
    format_checkpoints,
    format_codes,
    format_functions,
    format_law,
    format_splits,
    format_stored,
    format_sums,
    format_tensors,
    format_transforms,
    panels,
)

TABS = (
    "Error",
    "Exponent splits",
    "Integer or float",
    "Other tensors",
    "Transforms",
    "Arithmetic",
    "Functions",
    "Storage",
    "A checkpoint",
    "For training",
)
# What papers claim about what a tab shows; tabs that are not here have theirs inside.
CLAIMED = {
    "Error": ("fp8_formats_2022", "fp8_accelerators_2025", "bitmod_2024", "afpq_2023", "ptq_impact_2023"),
    "Exponent splits": ("llm_fp4_2023", "minifloat_fpga_2023", "fp8_power_exponent_2022", "zeroquant_fp_2023",
                        "fp_diffusion_2024", "int_fp_qsim_2023"),
    "Integer or float": ("fp8_vs_int8_2023", "integer_quant_principles_2020"),
    "Transforms": ("bfp_outlier_sorting_2024", "fp4_design_space_2025", "quartet_2025", "int16_dfp_cnn_2018"),
}  # fmt: skip

panels.header(
    "Formats",
    "What does a number format do to a tensor? Compare up to six: the values they hold, every code, and the error "
    "they leave on a distribution or on your own tensor.",
)

wanted = st.multiselect(
    "Formats side by side",
    TENSOR_FORMATS,
    default=["e2m1", "e4m3", "int4", "mxfp4", "nvfp4"],
    max_selections=6,
    key="formats.chosen",
    bind="query-params",
    help="Elements (e2m1, e4m3, int4 …) are bare values; block formats (mxfp4, nvfp4, int4_g128 …) share a scale "
    "between neighbours. EaMb: a exponent and b mantissa bits. Others by typing their name: e4m3_g64, e2m1_g32_ue5m3 "
    "(element, group, scale format), int4_g64_zp (with zero points), e3m2_row.",
    accept_new_options=True,
)
refused = {name: reason for name in wanted if (reason := format_codes.why_not(name))}
for reason in refused.values():
    st.warning(panels.plain(reason), icon=":material/error:")
chosen = [name for name in wanted if name not in refused]
if not chosen:
    panels.empty_state("No format is chosen: pick one to six above.")
    st.stop()

lines = format_codes.line_frame(chosen)
reaches = {name: reach for name in chosen if (reach := format_codes.scale_reach(name)) is not None}
panels.show_figure(
    figures_formats.number_lines(lines, reaches, chosen, "The values each format holds, largest values aligned"),
    "Number lines of " + ", ".join(chosen) + ": linear and logarithmic",
    lines.drop(columns="words"),
    "formats.lines",
    "Values over the largest value, left as they are, right in powers of two below it. Each tick is one code; hover "
    "shows its bits. Dotted: magnitudes that blocks of the same tensor reach through their scales. 16-bit formats are "
    "thinned to about a thousand ticks. Sources: "
    + "; ".join(dict.fromkeys(format_codes.element_of(name).source for name in chosen))
    + ".",
)

st.subheader("One code at a time")
bits, table = st.columns([3, 2], gap="large")
with bits:
    left, right = st.columns(2)
    own = [format_codes.element_of(name).name for name in chosen]
    elements = list(dict.fromkeys([name for name in own if name in USED_ELEMENTS] + list(ELEMENTS)))
    name = left.selectbox(
        "Element format",
        elements,
        format_func=lambda key: f"{key} ({USED_ELEMENTS[key].title})",
        key="formats.element",
        help="Block formats use the codes of their element: mxfp4 and nvfp4 those of e2m1.",
    )
    element = USED_ELEMENTS[name]
    typed = right.number_input(
        "Round a number",
        value=0.3,
        format="%.6g",
        step=0.1,
        key="formats.number",
        on_change=format_codes.set_code,
        args=(name, "formats.number"),
        help="The bits below jump to its nearest code.",
    )
    st.markdown(format_codes.rounding_words(element, float(typed)))
    code = format_codes.toggle_bits(element, float(typed))
    st.markdown(format_codes.code_words(element, code))
    st.caption(f"Click a bit to flip it. Largest value {format_codes.number(element.max)}; source: {element.source}.")
with table:
    panels.show_table(
        format_codes.code_table(element, code),
        "formats.codes",
        f"Codes of {name}" + ("" if element.bits <= 8 else ", the 256 around the bits on the left"),
        format_codes.TABLE_COLUMNS,
        height=300,
    )

st.subheader("On tensors")
controls, main = st.columns([1, 3], gap="large")
with controls:
    study = format_tensors.choose_tensor()
    scaled = st.toggle(
        "Scale bare elements",
        True,
        key="formats.scaled",
        bind="query-params",
        help="One float32 scale brings the tensor's largest magnitude to the format's largest value, as training code "
        "does for 8 bits and below. Off: values are cast as they are.",
    )
    rounding = st.selectbox("Rounding", list(ROUNDINGS), key="formats.rounding", bind="query-params")
    transform = st.selectbox(
        "Transform",
        list(TRANSFORMS),
        format_func=lambda key: TRANSFORMS[key].title,
        key="formats.transform",
        bind="query-params",
        help="Applied before quantizing and undone after it, so that an outlier is spread over its block.",
    )
drawn: dict[str, Callable[[], None]] = {
    "A checkpoint": partial(format_checkpoints.whole_checkpoint, chosen, scaled, rounding),
    "For training": partial(format_law.to_law, chosen),
    "Transforms": partial(format_transforms.transforms, chosen),
    "Arithmetic": format_sums.sums_and_products,
    "Functions": format_functions.functions,
}
if study is not None:
    drawn |= {
        "Error": partial(format_tensors.errors, study, chosen, scaled, rounding, transform),
        "Exponent splits": partial(format_splits.exponent_splits, study, rounding),
        "Integer or float": partial(format_splits.integer_or_float, study, rounding),
        "Storage": partial(format_stored.stored, study, name, float(typed)),
        "Other tensors": partial(format_splits.across_tensors, study, chosen, scaled, rounding, transform),
    }
no_tensor = partial(panels.empty_state, "Drop a tensor file on the left to see what each format does to it.")
with main:
    for name, tab in zip(TABS, st.tabs(TABS, key="formats.tab", bind="query-params"), strict=True):
        if tab.open:
            with tab:
                drawn.get(name, no_tensor)()
                claims_beside.published("formats.claims", CLAIMED.get(name, ()))
