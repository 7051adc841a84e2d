"""Codes as people read them: number lines as frames, the code table, and the bit toggler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from analysis.formats import BlockFormat, Format, get_format
from analysis.formats.survey import nearest_code
from pages.ui.session import in_worker

DRAWN = 1024
LISTED = 256
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

TABLE_COLUMNS = {
    "code": st.column_config.TextColumn("code"),
    "bits": st.column_config.TextColumn("bits"),
    "value": st.column_config.TextColumn("value", alignment="right"),
    "gap": st.column_config.TextColumn("gap to the next", alignment="right"),
}


def element_of(name: str) -> Format:
    """The element of a block format, or the element itself."""
    fmt = get_format(name)
    return fmt.element if isinstance(fmt, BlockFormat) else fmt


def why_not(name: str) -> str:
    """Why a name that a person typed cannot be compared; '' when it can."""
    try:
        element = element_of(name)
    except ValueError as problem:
        return str(problem)
    return "" if element.signed else f"{name} is a scale format, which holds no negative values"


def bits_of(fmt: Format, code: int) -> str:
    """The bits of a code, a space between the fields: 5 in e2m1 -> '0 10 1'."""
    text, parts = f"{code:0{fmt.bits}b}", []
    for _, width in fmt.fields:
        parts, text = [*parts, text[:width]], text[width:]
    return " ".join(parts)


def line_frame(names: Sequence[str]) -> pd.DataFrame:
    """The rows of the number lines: format, code, bits, value, relative, words; 16-bit formats are thinned."""
    frames = []
    for name in names:
        fmt = element_of(name)
        codes = np.flatnonzero(np.isfinite(fmt.values))
        codes = codes[:: max(1, len(codes) // DRAWN)]
        values = fmt.values[codes]
        frame = pd.DataFrame({"format": name, "code": codes, "value": values, "relative": values / fmt.max})
        frame["bits"] = [bits_of(fmt, code) for code in codes]
        scale = " × scale" if isinstance(get_format(name), BlockFormat) else ""
        frame["words"] = [f"{name}<br>{b} = {v:.6g}{scale}" for b, v in zip(frame["bits"], frame["value"], strict=True)]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def scale_reach(name: str) -> float | None:
    """log2 of the smallest magnitude that the blocks of one tensor can hold, relative to the largest; None without
    block scales. A float32 scale reaches further than any axis.
    """
    fmt = get_format(name)
    if not isinstance(fmt, BlockFormat) or fmt.block_size == "tensor":
        return None
    smallest = fmt.element.finite[fmt.element.finite > 0][0] / fmt.element.max
    if fmt.scale is None:
        return float(np.log2(smallest)) - 250
    scales = fmt.scale.finite[fmt.scale.finite > 0]
    return float(np.log2(smallest) + np.log2(scales[0]) - np.log2(scales[-1]))


def code_table(fmt: Format, around: int) -> pd.DataFrame:
    """Code, bits, value and the gap to the next value; of a 16-bit format the 256 codes around one."""
    first = 0 if fmt.bits <= 8 else int(np.clip(around - LISTED // 2, 0, 2**fmt.bits - LISTED))
    codes = np.arange(first, min(first + LISTED, 2**fmt.bits))
    values = fmt.values[codes]
    place = np.searchsorted(fmt.finite, values)
    gaps = np.append(np.diff(fmt.finite), np.nan)
    return pd.DataFrame(
        {
            "code": [f"0x{code:0{-(-fmt.bits // 4)}X}" for code in codes],
            "bits": [bits_of(fmt, code) for code in codes],
            "value": [number(value) for value in values],
            "gap": [
                number(gap) if np.isfinite(value) and np.isfinite(gap) else ""
                for value, gap in zip(values, gaps[np.clip(place, 0, len(gaps) - 1)], strict=True)
            ],
        }
    )


def number(value: float) -> str:
    """A value as people read it; NaN, infinity and the sign of zero are written out."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "−∞"
    return f"{value:.6g}".replace("-", "−")


@st.cache_data(show_spinner=False, max_entries=512)
def rounded(name: str, value: float) -> int:
    """The code of the nearest value of an element format."""
    return in_worker(nearest_code, name, value)


def toggle_bits(fmt: Format, start: float) -> int:
    """Draws the bits of one code as buttons and returns the code, at first that of `start`; a click flips its bit."""
    key = f"formats.code.{fmt.name}"
    code = st.session_state.setdefault(key, rounded(fmt.name, start))
    place = fmt.bits
    with st.container(horizontal=True, gap="medium"):
        for field, width in fmt.fields:
            with st.container(width="content", gap="xsmall"):
                st.caption(field)
                with st.container(horizontal=True, gap="xxsmall"):
                    for _ in range(width):
                        place -= 1
                        st.button(
                            str(code >> place & 1),
                            key=f"formats.bit.{fmt.name}.{place}",
                            type="primary" if code >> place & 1 else "secondary",
                            on_click=_flip,
                            args=(key, place),
                            help=f"{field}, bit {place}",
                        )
    return code


def _flip(key: str, place: int) -> None:
    st.session_state[key] ^= 1 << place


def set_code(name: str, number_key: str) -> None:
    """Callback: the bits become the code nearest to the typed number."""
    st.session_state[f"formats.code.{name}"] = rounded(name, float(st.session_state[number_key]))


def code_words(fmt: Format, code: int) -> str:
    """What a code is worth: '0x5, 3 = 1.5 × 2¹; below it 2, above it 4' as Markdown."""
    value = float(fmt.values[code])
    head = f"`0x{code:0{-(-fmt.bits // 4)}X}` **{number(value)}**"
    if not np.isfinite(value):
        return f"{head}, no finite value"
    if value:
        mantissa, exponent = np.frexp(abs(value))
        power = str(exponent - 1).translate(SUPERSCRIPTS)
        head += f" = {'−' if value < 0 else ''}{2 * mantissa:.6g} × 2{power}"
    place = int(np.searchsorted(fmt.finite, value))
    below = number(fmt.finite[place - 1]) if place else "nothing"
    above = number(fmt.finite[place + 1]) if place + 1 < len(fmt.finite) else "nothing"
    return f"{head}; below it {below}, above it {above}"


def rounding_words(fmt: Format, value: float) -> str:
    """How a typed number rounds: its neighbours, the nearest, the error and the odds of stochastic rounding."""
    if not fmt.signed and (value < 0 or value == 0 < fmt.min):
        return f"{fmt.name} is a scale format and cannot hold {number(value)}: it becomes NaN."
    nearest = float(fmt.values[rounded(fmt.name, value)])
    if not fmt.min <= value <= fmt.max:
        limits = f"{number(fmt.min)} to {number(fmt.max)}"
        return f"{number(value)} lies outside {limits}; with saturation it becomes **{number(nearest)}**."
    upper = int(np.searchsorted(fmt.finite, value))
    high = float(fmt.finite[upper])
    if high == value:
        return f"{number(value)} is one of its values."
    low = float(fmt.finite[upper - 1])
    odds = (value - low) / (high - low)
    error = f"{abs(nearest - value) / abs(value):.2%}"
    toward_zero = number(low if value > 0 else high)
    return (
        f"{number(value)} lies between {number(low)} and {number(high)}. Nearest: **{number(nearest)}** "
        f"(error {error}). Stochastic: up with probability {odds:.3g}. Toward zero: {toward_zero}."
    )
