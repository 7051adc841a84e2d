"""How numbers lie in memory: planes of bits, one checkpoint for many widths, narrower storage, and what rounding twice
or at random leaves, as frames.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.formats.affine import AffineFormat
from analysis.formats.arrays import as_codes, as_tensor
from analysis.formats.block import BlockFormat
from analysis.formats.double_rounding import double_rounding
from analysis.formats.elements import ELEMENTS
from analysis.formats.error import trial
from analysis.formats.nested import NestedFormat
from analysis.formats.packing import pack_4_2, unpack_4_2
from analysis.formats.schemes import SEARCHED
from analysis.formats.table import USED_ELEMENTS, get_format

if TYPE_CHECKING:
    from analysis.formats.arrays import Array

PARENT_BITS, SERVED = 8, (3, 4, 5, 6, 7, 8)
STORED = ("bf16", "fp16", "posit16", "posit8", "e5m2", "e4m3")
DETOURS = (("bf16", "e4m3"), ("fp16", "e4m3"), ("bf16", "e5m2"), ("bf16", "e2m1"), ("e4m3", "e2m1"))
MULTIPLIED = ("ternary", "pot4", "shift4", "int4", "e2m1", "int8")
COPIES = 10**6


def planes_of_six_bits(name: str = "e3m2") -> pd.DataFrame:
    """A row a code of a 6-bit format: bits and value, the plane of its upper 4 bits and that of its lower 2, the code
    that comes back from both planes packed, and bytes: what the packed planes of all codes take.
    """
    fmt = ELEMENTS[name]
    codes = np.arange(2**fmt.bits)
    upper, lower = pack_4_2(codes)
    rows = {"code": codes, "bits": [f"{code:06b}" for code in codes], "value": fmt.values}
    rows |= {"upper": [f"{code >> 2:04b}" for code in codes], "lower": [f"{code & 3:02b}" for code in codes]}
    return pd.DataFrame(rows | {"back": unpack_4_2(upper, lower, len(codes)), "bytes": upper.nbytes + lower.nbytes})


def nested_widths(x: Array) -> pd.DataFrame:
    """A row a width that an 8-bit parent with a scale and a zero point a row serves: SQNR of its codes' top bits,
    rounded (MatQuant) and cut off (any-precision), and of a model quantized to that width alone.

    stored: bits a weight that one file takes for this width and all above it; apart: those of separate files.
    """
    parent = get_format(f"int{PARENT_BITS}_row_zp")
    assert isinstance(parent, AffineFormat)
    codes, rows = parent.quantize(x), []
    for bits in sorted(SERVED, reverse=True):
        cut = NestedFormat(f"int{bits}", ELEMENTS[f"int{bits}"], "row", None, "affine", "", parent=parent)
        served = {"rounded_db": cut, "cut_off_db": replace(cut, truncate=True)}
        found = {column: _sqnr(x, one.dequantize(one.cut(codes))) for column, one in served.items()}
        alone = trial(get_format(f"int{bits}_row_zp"), x).errors.sqnr_db
        rows.append({"bits": bits} | found | {"alone_db": alone, "stored": PARENT_BITS})
    frame = pd.DataFrame(rows)
    return frame.assign(apart=frame["bits"].cumsum())


def _sqnr(x: Array, values: Array) -> float:
    exact, found = (as_tensor(part)[0].double() for part in (x, values))
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(float(exact.square().sum()) / float((found - exact).square().sum())))


def narrow_storage(x: Array) -> pd.DataFrame:
    """A row a format that float32 numbers are rounded to for storage, unscaled: how many times fewer bytes, what
    comes back of 1e38, what share of the tensor overflows, SQNR, and the bytes of the table that decodes it (0 where a
    shift does).
    """
    rows = []
    for name in STORED:
        fmt = ELEMENTS[name]
        large = float(fmt.decode(fmt.encode(np.array([1e38])))[0])
        beyond = float((as_tensor(x)[0].abs() > fmt.max).double().mean())
        shift = fmt.fields == ELEMENTS["bf16"].fields
        rows.append(
            {
                "format": name,
                "bits": fmt.bits,
                "fewer_bytes": 32 / fmt.bits,
                "of_1e38": large,
                "beyond": beyond,
                "sqnr_db": trial(fmt, x).errors.sqnr_db,
                "table_bytes": 0 if shift else 4 * 2**fmt.bits,
            }
        )
    return pd.DataFrame(rows)


def detours(x: Array) -> pd.DataFrame:
    """A row a way to a narrow format by a wider one: the share of elements that change by it, and the SQNR of either
    way; the tensor is scaled so that its largest magnitude is the narrow format's.
    """
    rows, tensor = [], as_tensor(x)[0].double()
    for through, name in DETOURS:
        wide, narrow = ELEMENTS[through], ELEMENTS[name]
        scaled = tensor * (narrow.max / float(tensor.abs().max().clamp(min=1e-300)))
        found = double_rounding(scaled, wide, narrow)
        rows.append((name, through, found.changed, found.direct.sqnr_db, found.twice.sqnr_db))
    return pd.DataFrame(rows, columns=["format", "through", "changed", "direct_db", "twice_db"])


def work_of_a_weight(x: Array) -> pd.DataFrame:
    """A row a format of weights x, one scale for all, clipped for the least squared error: codes that are not zero,
    and the shares of weights that take a multiplication, a shift (powers of two) and an addition (all but zeros).
    """
    rows = []
    for name in MULTIPLIED:
        fmt = get_format(f"{name}_tensor")
        assert isinstance(fmt, BlockFormat)
        fmt = replace(fmt, scale_choices=SEARCHED[::5])
        used = as_codes(fmt.quantize(x).codes)[0].long().numpy()
        sizes = np.abs(ELEMENTS[name].values)[used]
        power = np.frexp(sizes)[0] == 0.5
        share = {"multiplies": (sizes > 0) & ~power, "shifts": power & (sizes != 1), "adds": sizes > 0}
        counts = {column: float(flags.mean()) for column, flags in share.items()}
        nonzero = int((ELEMENTS[name].values != 0).sum())
        rows.append({"format": name, "codes": 2 ** ELEMENTS[name].bits, "nonzero": nonzero} | counts)
    return pd.DataFrame(rows)


def rounded_at_random(name: str, number: float, seed: int = 0, copies: int = COPIES) -> tuple[float, float, bool]:
    """The mean of `copies` of a number rounded stochastically in an element format, its standard error, and whether
    the second half alone, rounded by its positions, gets the same codes as within the whole.

    Source: squares_rng_2020 for the random numbers.
    """
    fmt = USED_ELEMENTS[name]
    x = np.full(copies, number, np.float32)
    codes = fmt.encode(x, "stochastic", saturate=True, seed=seed)
    values = fmt.values[codes]
    half = copies // 2
    same = np.array_equal(fmt.encode(x[half:], "stochastic", saturate=True, seed=seed, offset=half), codes[half:])
    return float(values.mean()), float(values.std() / copies**0.5), same


def everything(x: Array, name: str, number: float) -> tuple[dict[str, pd.DataFrame], tuple[float, float, bool]]:
    """The frames of a tensor by the name of their function, and `number` in the element `name` rounded at random."""
    frames = {function.__name__: function(x) for function in (nested_widths, narrow_storage, detours, work_of_a_weight)}
    return frames | {"planes_of_six_bits": planes_of_six_bits()}, rounded_at_random(name, number)
