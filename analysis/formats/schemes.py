"""Published schemes with a rule of their own: one row each."""

from __future__ import annotations

from dataclasses import replace

from analysis.formats.affine import AffineFormat
from analysis.formats.block import BlockFormat
from analysis.formats.clamped_scales import ClampedScalesFormat
from analysis.formats.double_quant import DoubleFormat
from analysis.formats.eden import EdenFormat
from analysis.formats.elements import BITSANDBYTES, ELEMENTS, get_element
from analysis.formats.fixed_point import DynamicFixedPoint
from analysis.formats.format import Format
from analysis.formats.groups import named_groups
from analysis.formats.nested import NestedFormat
from analysis.formats.row_ratios import RowRatioFormat
from analysis.formats.sign_scales import SignScalesFormat

QLORA = f"QLoRA, arXiv 2305.14314; {BITSANDBYTES}"
AFPQ = "AFPQ, arXiv 2311.01792"
LLM_FP4 = "LLM-FP4, arXiv 2310.16836"
ZEROQUANT_FP = "ZeroQuant-FP, arXiv 2307.09782"
FIXED_POINT = "dynamic fixed point, arXiv 1412.7024"
MATQUANT = "MatQuant, arXiv 2502.06786"
TORCHAO = "torchao nvfp4_quantize"
QUARTET_II = "Quartet II, arXiv 2601.22813"

# The largest value of a channel after its exponent bias is searched, over the largest one there is.
SEARCHED = tuple(n / 50 for n in range(60, 9, -1))
# Quartet II divides by 6 / (0.93 x 17/16) and keeps block scales to 256, so that corrected ones still fit.
EDEN_REACH, EDEN_TOP = 6 / (0.93 * 17 / 16), 255.99


def element(name: str) -> Format:
    """The element of that name, which must be one."""
    found = get_element(name)
    assert found is not None, name
    return found


def _double() -> BlockFormat:
    inner = BlockFormat("dynamic8_b256", element("dynamic8"), 256, None, "amax", BITSANDBYTES)
    title = "NF4, blocks of 64, scales quantized"
    return DoubleFormat("nf4_double", element("nf4"), 64, None, "amax", QLORA, title=title, inner=inner)


def _nested(bits: int) -> BlockFormat:
    parent = named_groups("int8_row_zp")
    assert isinstance(parent, AffineFormat)
    title = f"INT{bits}, the top bits of INT8"
    return NestedFormat(
        f"int{bits}_of_8", element(f"int{bits}"), "row", None, "affine", MATQUANT, title=title, parent=parent
    )


def _eden() -> BlockFormat:
    e2m1 = replace(element("e2m1"), scaled_to=EDEN_REACH)
    title = "NVFP4 with MS-EDEN scales"
    return EdenFormat("nvfp4_mseden", e2m1, 16, ELEMENTS["e4m3"], "amax", QUARTET_II, True, title, scale_top=EDEN_TOP)


def _torchao() -> tuple[BlockFormat, ...]:
    single = ClampedScalesFormat("nvfp4_single", element("e2m1"), 16, ELEMENTS["e4m3"], "amax", TORCHAO)
    return (
        replace(single, name="nvfp4_torchao", tensor_scale=True, title="NVFP4, scales of 2^-6 or more"),
        replace(single, title="NVFP4 without a tensor scale"),
    )


def _schemes() -> tuple[BlockFormat, ...]:
    e2m1, fp16, e8m0 = element("e2m1"), ELEMENTS["fp16"], ELEMENTS["e8m0"]
    afpq = SignScalesFormat("fp4_afpq", e2m1, 128, fp16, "amax", AFPQ, title="FP4, a scale for each sign")
    llm_fp4 = BlockFormat("llm_fp4", e2m1, "row", None, "amax", LLM_FP4, title="LLM-FP4, exponent bias a row")
    return (
        _double(),
        afpq,
        replace(afpq, name="fp3_afpq", element=element("e2m0"), title="FP3, a scale for each sign"),
        replace(afpq, name="nf4_afpq", element=element("nf4"), title="NF4, a scale for each sign"),
        replace(llm_fp4, scale_choices=SEARCHED),
        replace(llm_fp4, name="llm_fp4_tensor", block_size="tensor", scale_choices=SEARCHED, title="LLM-FP4, one bias"),
        BlockFormat("fp4_zq_m1", e2m1, 256, e8m0, "rceil", ZEROQUANT_FP, title="FP4, power-of-two scales (M1)"),
        RowRatioFormat("fp4_zq_m2", e2m1, 256, e8m0, "amax", ZEROQUANT_FP, title="FP4, scales by the row's (M2)"),
        DynamicFixedPoint("dfp8", element("int8"), "tensor", e8m0, "rceil", FIXED_POINT, title="Dynamic fixed point"),
        _nested(4),
        _nested(2),
        _eden(),
        *_torchao(),
    )


SCHEMES = _schemes()
