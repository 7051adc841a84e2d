"""The table of formats: one row each."""

from __future__ import annotations

import difflib
from dataclasses import replace

from analysis.formats.block import BlockFormat
from analysis.formats.codebooks import with_special
from analysis.formats.elements import BITSANDBYTES, ELEMENTS, OCP_MX, get_element
from analysis.formats.format import Format
from analysis.formats.groups import named_groups
from analysis.formats.schemes import SCHEMES

BFP = "block floating point with a shared exponent (MSFP)"
BITMOD = "BitMoD, arXiv 2411.11745"
NVFP4 = "NVFP4 as in Transformer Engine and torchao"
MX_RULES = "torchao MX scale rule"

#         name, element, block size, scale, scale rule, source, title
_BLOCK_ROWS = (
    ("mxfp4", "e2m1", 32, "e8m0", "floor", OCP_MX, "MXFP4"),
    ("mxfp6_e2m3", "e2m3", 32, "e8m0", "floor", OCP_MX, "MXFP6 E2M3"),
    ("mxfp6_e3m2", "e3m2", 32, "e8m0", "floor", OCP_MX, "MXFP6 E3M2"),
    ("mxfp8", "e4m3", 32, "e8m0", "floor", OCP_MX, "MXFP8 E4M3"),
    ("mxfp8_e5m2", "e5m2", 32, "e8m0", "floor", OCP_MX, "MXFP8 E5M2"),
    ("mxint8", "int8_mx", 32, "e8m0", "floor", OCP_MX, "MXINT8"),
    ("mxfp4_ceil", "e2m1", 32, "e8m0", "ceil", MX_RULES, "MXFP4, scale rounded up"),
    ("mxfp4_rceil", "e2m1", 32, "e8m0", "rceil", MX_RULES, "MXFP4, smallest scale without clipping"),
    ("mxfp4_even", "e2m1", 32, "e8m0", "even", MX_RULES, "MXFP4, scale of the rounded maximum"),
    ("fp4_ue5m3", "e2m1", 16, "ue5m3", "amax", "arXiv 2509.17791", "FP4 E2M1, scale E5M3"),
    ("bfp4", "int4", 16, "e8m0", "floor", BFP, "Block floating point, 4 bits"),
    ("bfp8", "int8", 16, "e8m0", "floor", BFP, "Block floating point, 8 bits"),
    ("nf4_b64", "nf4", 64, None, "amax", BITSANDBYTES, "NF4, blocks of 64"),
    ("fp4_bnb_b64", "fp4_bnb", 64, None, "amax", BITSANDBYTES, "FP4 of bitsandbytes, blocks of 64"),
    ("af4_b64", "af4", 64, None, "amax", BITSANDBYTES, "AF4, blocks of 64"),
)
# Of what named_groups can spell, the ones that lists show.
_GROUPS = (
    *("int3_g128", "int4_g32", "int4_g128", "int8_g128", "int4_row", "int8_row", "e4m3_row", "pot4_row"),
    *("int4_g32_zp", "int4_g128_zp", "int8_row_zp", "int8_tensor_zp"),
    *("e2m1_tensor", "e4m3_tensor", "e5m2_tensor", "int4_tensor", "int8_tensor"),
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


def _nvfp4_recipes() -> tuple[BlockFormat, ...]:
    plain = BlockFormat("nvfp4", ELEMENTS["e2m1"], 16, ELEMENTS["e4m3"], "nvfp4", NVFP4, True, "NVFP4")
    return (
        plain,
        replace(plain, name="nvfp4_16x16", block_size=(16, 16), title="NVFP4, tiles"),
        replace(
            plain,
            name="nvfp4_46",
            source="four over six, Quartet II",
            title="NVFP4, 4 or 6 the largest value of a block",
            scale_choices=(1.0, 1.5),
            scale_top=256.0,
        ),
    )


def _block_formats() -> dict[str, BlockFormat]:
    rows = [
        BlockFormat(name, ELEMENTS[element], size, ELEMENTS[scale] if scale else None, rule, source, title=title)
        for name, element, size, scale, rule, source, title in _BLOCK_ROWS
    ]
    nvfp4, *recipes = _nvfp4_recipes()
    groups = [spelled for name in _GROUPS if (spelled := named_groups(name))]
    bitmod = [_bitmod(*row) for row in _BITMOD]
    return {row.name: row for row in (rows[0], nvfp4, *rows[1:], *recipes, *bitmod, *groups, *SCHEMES)}


BLOCK_FORMATS: dict[str, BlockFormat] = _block_formats()
FORMATS: dict[str, Format | BlockFormat] = {**ELEMENTS, **BLOCK_FORMATS}
# The elements of every row, those that only a block format has among them.
USED_ELEMENTS = {fmt.name: fmt for row in BLOCK_FORMATS.values() for fmt in row.elements} | ELEMENTS

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


def get_format(name: str) -> Format | BlockFormat:
    """The format of that name: a row of FORMATS, a float spelled by its split (names.named_minifloat) or an element
    with scales (groups.named_groups).

    Raises ValueError that names the nearest ones.
    """
    found = FORMATS.get(name) or get_element(name) or named_groups(name)
    if found:
        return found
    wanted = name.strip().lower()
    near = _FAMILIES.get(wanted) or difflib.get_close_matches(wanted, FORMATS, n=3, cutoff=0.5)
    if near:
        *first, last = near
        hint = f"did you mean {', '.join(first) + ' or ' if first else ''}{last}?"
    else:
        hint = f"choose one of {', '.join(FORMATS)}"
    raise ValueError(f"unknown format '{name}'; {hint}")
