"""The table of formats: one row each."""

from __future__ import annotations

import difflib

import numpy as np

from analysis.formats import codebooks
from analysis.formats.affine import AffineFormat
from analysis.formats.block import BlockFormat
from analysis.formats.codebooks import codebook, mirrored, posit, shift, with_special
from analysis.formats.format import Format
from analysis.formats.minifloat import integer, minifloat, power_of_two
from analysis.formats.names import named_minifloat

OCP_MX = "OCP Microscaling Formats (MX) v1.0"
OCP_FP8 = "OCP 8-bit Floating Point (OFP8); arXiv 2209.05433"
IEEE = "IEEE 754-2019"
COMMON = "standard integer quantization"
FNUZ = "arXiv 2206.02915; ml_dtypes"
ML_DTYPES = "IEEE 754 rules at 8 bits; ml_dtypes"
BITSANDBYTES = "bitsandbytes"
POSIT = "Posit Standard (2022)"
BFP = "block floating point with a shared exponent (MSFP)"
BITMOD = "BitMoD, arXiv 2411.11745"
NVFP4 = "NVFP4 as in Transformer Engine and torchao"

#                   name, exponent, mantissa, bias, specials, source, title
_FLOATS = (
    minifloat("e2m1", 2, 1, 1, "none", OCP_MX, "FP4 E2M1"),
    minifloat("e2m3", 2, 3, 1, "none", OCP_MX, "FP6 E2M3"),
    minifloat("e3m2", 3, 2, 3, "none", OCP_MX, "FP6 E3M2"),
    minifloat("e4m3", 4, 3, 7, "nan", OCP_FP8, "FP8 E4M3"),
    minifloat("e5m2", 5, 2, 15, "ieee", OCP_FP8, "FP8 E5M2"),
    minifloat("e3m0", 3, 0, 3, "none", "e2m1's rules", "FP4 E3M0"),
    minifloat("e2m2", 2, 2, 1, "none", "FP6-LLM, arXiv 2401.14112", "FP5 E2M2"),
    minifloat("e4m3fnuz", 4, 3, 8, "fnuz", FNUZ, "FP8 E4M3 without -0 and infinity"),
    minifloat("e5m2fnuz", 5, 2, 16, "fnuz", FNUZ, "FP8 E5M2 without -0 and infinity"),
    minifloat("e4m3b11fnuz", 4, 3, 11, "fnuz", ML_DTYPES, "FP8 E4M3, bias 11"),
    minifloat("e4m3ieee", 4, 3, 7, "ieee", ML_DTYPES, "FP8 E4M3 with infinity"),
    minifloat("e3m4", 3, 4, 3, "ieee", ML_DTYPES, "FP8 E3M4"),
    minifloat("tf32", 8, 10, 127, "ieee", "NVIDIA TensorFloat-32", "TF32"),
    minifloat("fp16", 5, 10, 15, "ieee", IEEE, "FP16"),
    minifloat("bf16", 8, 7, 127, "ieee", "Google Brain bfloat16", "BF16"),
)
_INTEGERS = (
    *(integer(f"int{bits}", bits, COMMON, f"INT{bits}") for bits in range(2, 9)),
    integer("int8_mx", 8, OCP_MX, "MX INT8 element", step=2.0**-6),
)
_SCALES = (
    power_of_two("e8m0", 8, 127, OCP_MX, "power-of-two scale E8M0"),
    minifloat("ue4m3", 4, 3, 7, "nan", OCP_FP8, "scale E4M3 without sign", signed=False),
    minifloat("ue5m3", 5, 3, 15, "nan", "arXiv 2509.17791", "scale E5M3 without sign", signed=False),
)
_CODEBOOKS = (
    mirrored("ternary", (0, 1), "BitNet b1.58", "Ternary"),
    shift("pot4", 4, "standard power-of-two quantization", "Signed powers of two, 4 bits", zero=True),
    shift("shift4", 4, "DenseShift, arXiv 2208.09708", "Signed powers of two without zero, 4 bits", zero=False),
    codebook("nf4", codebooks.NF4, BITSANDBYTES, "NF4"),
    mirrored("fp4_bnb", [n / 12 for n in codebooks.FP4_TWELFTHS], BITSANDBYTES, "FP4 of bitsandbytes", ties="zero"),
    codebook("af4", codebooks.AF4, BITSANDBYTES, "AF4"),
    posit("posit8", 8, POSIT, "Posit8"),
    posit("posit16", 16, POSIT, "Posit16"),
)
ELEMENTS: dict[str, Format] = {fmt.name: fmt for fmt in (*_FLOATS, *_INTEGERS, *_CODEBOOKS, *_SCALES)}

#         name, element, block size, scale, scale rule, source, title
_BLOCK_ROWS = (
    ("mxfp4", "e2m1", 32, "e8m0", "floor", OCP_MX, "MXFP4"),
    ("mxfp6_e2m3", "e2m3", 32, "e8m0", "floor", OCP_MX, "MXFP6 E2M3"),
    ("mxfp6_e3m2", "e3m2", 32, "e8m0", "floor", OCP_MX, "MXFP6 E3M2"),
    ("mxfp8", "e4m3", 32, "e8m0", "floor", OCP_MX, "MXFP8 E4M3"),
    ("mxfp8_e5m2", "e5m2", 32, "e8m0", "floor", OCP_MX, "MXFP8 E5M2"),
    ("mxint8", "int8_mx", 32, "e8m0", "floor", OCP_MX, "MXINT8"),
    ("mxfp4_ceil", "e2m1", 32, "e8m0", "ceil", "torchao MX scale rule", "MXFP4, scale rounded up"),
    ("mxfp4_rceil", "e2m1", 32, "e8m0", "rceil", "torchao MX scale rule", "MXFP4, smallest scale without clipping"),
    ("mxfp4_even", "e2m1", 32, "e8m0", "even", "torchao MX scale rule", "MXFP4, scale of the rounded maximum"),
    ("int4_g32", "int4", 32, "fp16", "amax", COMMON, "INT4, groups of 32"),
    ("int4_g128", "int4", 128, "fp16", "amax", COMMON, "INT4, groups of 128"),
    ("int8_g128", "int8", 128, "fp16", "amax", COMMON, "INT8, groups of 128"),
    ("int4_row", "int4", "row", None, "amax", COMMON, "INT4, a scale a row"),
    ("fp4_ue5m3", "e2m1", 16, "ue5m3", "amax", "arXiv 2509.17791", "FP4 E2M1, scale E5M3"),
    ("bfp4", "int4", 16, "e8m0", "floor", BFP, "Block floating point, 4 bits"),
    ("bfp8", "int8", 16, "e8m0", "floor", BFP, "Block floating point, 8 bits"),
    ("nf4_b64", "nf4", 64, None, "amax", BITSANDBYTES, "NF4, blocks of 64"),
    ("fp4_bnb_b64", "fp4_bnb", 64, None, "amax", BITSANDBYTES, "FP4 of bitsandbytes, blocks of 64"),
    ("af4_b64", "af4", 64, None, "amax", BITSANDBYTES, "AF4, blocks of 64"),
    ("pot4_row", "pot4", "row", None, "amax", COMMON, "Signed powers of two, a scale a row"),
    ("int3_g128", "int3", 128, "fp16", "amax", COMMON, "INT3, groups of 128"),
    ("int8_row", "int8", "row", None, "amax", COMMON, "INT8, a scale a row"),
    ("e4m3_row", "e4m3", "row", None, "amax", "arXiv 2209.05433", "FP8 E4M3, a scale a row"),
)


#         name, element, block size, scale, title
_AFFINE_ROWS = (
    ("int4_g128_zp", "int4", 128, "fp16", "INT4 with zero points, groups of 128"),
    ("int4_g32_zp", "int4", 32, "fp16", "INT4 with zero points, groups of 32"),
    ("int8_row_zp", "int8", "row", None, "INT8 with zero points, a scale a row"),
    ("int8_tensor_zp", "int8", "tensor", None, "INT8 with a zero point, one scale"),
)

# bits, magnitudes of the codes with a sign, special values of which a group chooses one
_BITMOD = (
    (3, (0, 1, 2, 4), (3, -3, 6, -6)),
    (4, (0, 1, 2, 3, 4, 6, 8, 12), (10, -10, 16, -16)),
)


def _bitmod(bits: int, magnitudes: tuple[float, ...], specials: tuple[float, ...]) -> BlockFormat:
    """Groups of 128 that choose by squared error what the code of -0 holds."""
    first, *others = (
        with_special(f"bitmod{bits}_{special:+}", magnitudes, special, BITMOD, f"FP{bits} with {special:+}")
        for special in specials
    )
    title = f"BitMoD FP{bits}, groups of 128"
    scale = ELEMENTS["fp16"]
    return BlockFormat(f"bitmod{bits}", first, 128, scale, "amax", BITMOD, title=title, variants=tuple(others))


def per_tensor(element: Format) -> BlockFormat:
    """The element with one float32 scale that brings the tensor's largest magnitude to the element's maximum."""
    return BlockFormat(
        f"{element.name}_tensor", element, "tensor", None, "amax", element.source, title=f"{element.title}, one scale"
    )


def _block_formats() -> dict[str, BlockFormat]:
    rows = [
        BlockFormat(name, ELEMENTS[element], size, ELEMENTS[scale] if scale else None, rule, source, title=title)
        for name, element, size, scale, rule, source, title in _BLOCK_ROWS
    ]
    nvfp4 = BlockFormat("nvfp4", ELEMENTS["e2m1"], 16, ELEMENTS["e4m3"], "nvfp4", NVFP4, True, "NVFP4")
    recipes = [
        BlockFormat("nvfp4_16x16", ELEMENTS["e2m1"], (16, 16), ELEMENTS["e4m3"], "nvfp4", NVFP4, True, "NVFP4, tiles"),
        BlockFormat(
            "nvfp4_46",
            ELEMENTS["e2m1"],
            16,
            ELEMENTS["e4m3"],
            "nvfp4",
            "four over six, Quartet II",
            True,
            "NVFP4, 4 or 6 the largest value of a block",
            scale_choices=(1.0, 1.5),
            scale_top=256.0,
        ),
        *(_bitmod(bits, magnitudes, specials) for bits, magnitudes, specials in _BITMOD),
    ]
    affine = [
        AffineFormat(name, ELEMENTS[element], size, ELEMENTS[scale] if scale else None, "affine", COMMON, title=title)
        for name, element, size, scale, title in _AFFINE_ROWS
    ]
    scaled = [per_tensor(ELEMENTS[name]) for name in ("e2m1", "e4m3", "e5m2", "int4", "int8")]
    return {row.name: row for row in (rows[0], nvfp4, *rows[1:], *recipes, *affine, *scaled)}


BLOCK_FORMATS: dict[str, BlockFormat] = _block_formats()
FORMATS: dict[str, Format | BlockFormat] = {**ELEMENTS, **BLOCK_FORMATS}

# What people call a family; a family is not one format, so it is only ever suggested from.
_FAMILIES = {
    "fp4": ("e2m1", "mxfp4", "nvfp4"),
    "fp6": ("e2m3", "e3m2", "mxfp6_e2m3"),
    "mxfp6": ("mxfp6_e2m3", "mxfp6_e3m2"),
    "fp8": ("e4m3", "e5m2", "mxfp8"),
    "e8m0fnu": ("e8m0",),
    "posit": ("posit8", "posit16"),
    "bfloat16": ("bf16",),
    "float16": ("fp16",),
    "half": ("fp16",),
}


def _same_rows(spelled: Format) -> Format:
    """The row of the table with these values (e4m3fn is e4m3), else the format as spelled."""
    for row in (*_FLOATS, *_SCALES):
        if row.fields == spelled.fields and np.array_equal(row.values, spelled.values, equal_nan=True):
            return row
    return spelled


def get_format(name: str) -> Format | BlockFormat:
    """The format of that name: a row of FORMATS, or a float spelled by its split (names.named_minifloat).

    Raises ValueError that names the nearest ones.
    """
    if name in FORMATS:
        return FORMATS[name]
    spelled = named_minifloat(name)
    if spelled is not None:
        return _same_rows(spelled)
    wanted = name.strip().lower()
    near = _FAMILIES.get(wanted) or difflib.get_close_matches(wanted, FORMATS, n=3, cutoff=0.5)
    if near:
        *first, last = near
        hint = f"did you mean {', '.join(first) + ' or ' if first else ''}{last}?"
    else:
        hint = f"choose one of {', '.join(FORMATS)}"
    raise ValueError(f"unknown format '{name}'; {hint}")
