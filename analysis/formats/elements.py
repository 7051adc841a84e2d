"""The table of element formats: one row each."""

from __future__ import annotations

import numpy as np

from analysis.formats import codebooks
from analysis.formats.codebooks import codebook, dynamic, mirrored, posit, shift
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

#                   name, exponent, mantissa, bias, specials, source, title
_FLOATS = (
    minifloat("e2m1", 2, 1, 1, "none", OCP_MX, "FP4 E2M1"),
    minifloat("e2m3", 2, 3, 1, "none", OCP_MX, "FP6 E2M3"),
    minifloat("e3m2", 3, 2, 3, "none", OCP_MX, "FP6 E3M2"),
    minifloat("e4m3", 4, 3, 7, "nan", OCP_FP8, "FP8 E4M3"),
    minifloat("e5m2", 5, 2, 15, "ieee", OCP_FP8, "FP8 E5M2"),
    minifloat("e3m0", 3, 0, 3, "none", "e2m1's rules", "FP4 E3M0"),
    minifloat("e2m0", 2, 0, 1, "none", "AFPQ, arXiv 2311.01792", "FP3 E2M0"),
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
    dynamic("dynamic8", 8, BITSANDBYTES, "Dynamic 8-bit of bitsandbytes"),
    posit("posit8", 8, POSIT, "Posit8"),
    posit("posit16", 16, POSIT, "Posit16"),
)
ELEMENTS: dict[str, Format] = {fmt.name: fmt for fmt in (*_FLOATS, *_INTEGERS, *_CODEBOOKS, *_SCALES)}


def get_element(name: str) -> Format | None:
    """The row of that name, or the float that a name spells (names.named_minifloat); None for any other name.

    A spelled float with the values of a row is that row: e4m3fn is e4m3. Raises ValueError as named_minifloat does.
    """
    if name in ELEMENTS:
        return ELEMENTS[name]
    spelled = named_minifloat(name)
    for row in (*_FLOATS, *_SCALES):
        if spelled and row.fields == spelled.fields and np.array_equal(row.values, spelled.values, equal_nan=True):
            return row
    return spelled
