"""Formats: what does this format do to my tensor?"""

import streamlit as st

from analysis.formats import ROUNDINGS, TRANSFORMS
from analysis.formats.survey import TENSOR_FORMATS
from analysis.formats.table import ELEMENTS
from pages.ui import figures_formats, format_codes, format_tensors, panels

panels.header(
    "Formats",
    "What does a number format do to a tensor? Compare up to six: the values they hold, every code, and the error "
    "they leave on a distribution or on your own tensor.",
)

chosen = st.multiselect(
    "Formats side by side",
    TENSOR_FORMATS,
    default=["e2m1", "e4m3", "int4", "mxfp4", "nvfp4"],
    max_selections=6,
    key="formats.chosen",
    bind="query-params",
    help="Elements (e2m1, e4m3, int4 …) are bare values; block formats (mxfp4, nvfp4, int4_g128 …) share a scale "
    "between neighbours. EaMb: a exponent and b mantissa bits.",
)
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
    "Each tick is one code; hover shows its bits. Dotted: magnitudes that blocks of the same tensor reach through "
    "their scales. 16-bit formats are thinned to about a thousand ticks. Sources: "
    + "; ".join(dict.fromkeys(format_codes.element_of(name).source for name in chosen))
    + ".",
)

st.subheader("One code at a time")
bits, table = st.columns([3, 2], gap="large")
with bits:
    left, right = st.columns(2)
    elements = list(dict.fromkeys([format_codes.element_of(name).name for name in chosen] + list(ELEMENTS)))
    name = left.selectbox(
        "Element format",
        elements,
        format_func=lambda key: f"{key} ({ELEMENTS[key].title})",
        key="formats.element",
        help="Block formats use the codes of their element: mxfp4 and nvfp4 those of e2m1.",
    )
    element = ELEMENTS[name]
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

st.subheader("On a tensor")
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
        help="Every 32 neighbours are mixed by an orthonormal matrix before quantizing and separated again after; an "
        "outlier is spread over its block.",
    )
if study is None:
    with main:
        panels.empty_state("Drop a tensor file on the left to see what each format does to it.")
    st.stop()

with main:
    try:
        after = format_tensors.surveyed(study.x, chosen, scaled, rounding, transform)
        before = None if transform == "none" else format_tensors.surveyed(study.x, chosen, scaled, rounding, "none")
    except ValueError as problem:
        st.error(str(problem), icon=":material/broken_image:")
        st.stop()
    errors = format_tensors.error_table(after, before, chosen)
    panels.show_figure(
        figures_formats.error_figure(after, chosen, before, format_tensors.finding(errors)),
        "SQNR against bits per element, the chosen formats bold and one of each other kind faint",
        after,
        "formats.errors",
        f"{study.words}; {rounding} rounding"
        + ("" if before is None else f", {TRANSFORMS[transform].title} (hollow: without it)")
        + f". {len(after)} formats; SQNR = 10 log10(sum x² / sum (Q(x) − x)²).",
    )
    panels.show_table(
        errors,
        "formats.table",
        "Saturated: beyond the largest value of the block. Flushed: not zero before, zero after. MSE in the "
        "tensor's units squared, the largest error in its units.",
        format_tensors.COLUMNS,
    )
    name = st.segmented_control(
        "On the grid of", chosen, default=chosen[-1], required=True, key="formats.grid", bind="query-params"
    )
    usage = format_tensors.used(study.x, str(name), scaled, rounding, transform)
    beyond = f"; {100 * usage.beyond:.2g}% of the tensor lies outside the plot" if usage.beyond > 1e-9 else ""
    panels.show_figure(
        figures_formats.usage_figure(usage, str(name), format_tensors.usage_words(usage, str(name))),
        f"Histogram of the tensor and of its values in {name}",
        format_tensors.usage_frame(usage),
        "formats.usage",
        f"{study.words}, divided by the scales of {name}{beyond}.",
    )
