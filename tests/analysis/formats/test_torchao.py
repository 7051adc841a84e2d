"""MX and NVFP4 against torchao: equal codes and scales, but for the differences that docs/formats.md lists."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.formats import FORMATS, get_format
from analysis.formats.elements import ELEMENTS

pytest.importorskip("torchao", reason="torchao is not installed; the dev group of pyproject.toml has it")

from torchao.prototype.mx_formats.config import ScaleCalculationMode as Mode
from torchao.prototype.mx_formats.constants import DTYPE_FP6_E2M3, DTYPE_FP6_E3M2
from torchao.prototype.mx_formats.mx_tensor import to_mx
from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize, per_tensor_amax_to_scale

ELEMENT_TYPES = {
    "e2m1": torch.float4_e2m1fn_x2,
    "e2m3": DTYPE_FP6_E2M3,
    "e3m2": DTYPE_FP6_E3M2,
    "e4m3": torch.float8_e4m3fn,
    "e5m2": torch.float8_e5m2,
}
RULES = {"floor": Mode.FLOOR, "ceil": Mode.CEIL, "rceil": Mode.RCEIL, "even": Mode.EVEN}
SHAPE = (160, 256)  # enough elements for the compiled path
SMALLEST_NORMAL = 2.0**-6


def samples():
    """Tensors by what is odd about them."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal(SHAPE)
    rows = normal * np.exp(rng.normal(0, 6, (SHAPE[0], 1)))
    grid = rng.choice(ELEMENTS["e2m1"].finite, SHAPE) * 2.0 ** rng.integers(-9, 9, (SHAPE[0], 1))
    middles = rng.choice([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 6, 7, 7.9], SHAPE) * rng.choice([-1, 1], SHAPE)
    powers = 2.0 ** rng.integers(-120, 120, SHAPE)
    zeros = np.where(rng.random(SHAPE) < 0.9, 0, normal)
    zeros[:8] = 0
    kinds = {"normal": normal, "rows": rows, "grid": grid, "middles": middles, "powers": powers, "zeros": zeros}
    return {name: torch.from_numpy(x.astype(np.float32)) for name, x in kinds.items()}


SAMPLES = samples()


def unpacked(codes):
    """One 4-bit code an element from two a byte, the low half first."""
    codes = codes.view(torch.uint8)
    return torch.stack([codes & 15, codes >> 4], dim=-1).flatten(-2)


def theirs_mx(x, element, rule):
    scales, codes = to_mx(x, ELEMENT_TYPES[element], 32, RULES[rule])
    return scales.view(torch.uint8), unpacked(codes) if element == "e2m1" else codes.view(torch.uint8)


def ours_mx(x, element, rule):
    fmt = replace(FORMATS["mxfp4"], element=ELEMENTS[element], scale_rule=rule)
    quantized = fmt.quantize(x)
    return quantized.scales, quantized.codes


def require_equal(found, expected, what):
    different = (found != expected).nonzero()
    assert len(different) == 0, f"{len(different)} {what} differ, first at {different[0].tolist()}"


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("element", ELEMENT_TYPES)
def test_mx_scales_and_codes_equal_those_of_torchao(element, rule, kind):
    x = SAMPLES[kind]
    scales, codes = ours_mx(x, element, rule)
    their_scales, their_codes = theirs_mx(x, element, rule)
    require_equal(scales, their_scales, "scales")
    require_equal(codes, their_codes, "codes")


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("name", ["nvfp4_torchao", "nvfp4_single"])
def test_nvfp4_scales_and_codes_equal_those_of_torchao(name, kind):
    x = SAMPLES[kind]
    ours = FORMATS[name].quantize(x)
    scale = per_tensor_amax_to_scale(x.abs().max()) if name == "nvfp4_torchao" else None
    scales, codes = nvfp4_quantize(x, 16, scale)
    require_equal(ours.scales, scales.view(torch.uint8), "scales")
    require_equal(ours.codes, unpacked(codes), "codes")
    if scale is not None:
        assert float(ours.tensor_scale) == float(scale)


def test_the_recipe_of_transformer_engine_differs_only_where_scales_are_tiny_or_rounded_once_more():
    x = SAMPLES["rows"]
    te, ao = (FORMATS[name].quantize(x) for name in ("nvfp4", "nvfp4_torchao"))
    scales = [ELEMENTS["e4m3"].decode(q.scales) for q in (te, ao)]
    tiny = scales[0] < SMALLEST_NORMAL
    assert tiny.any()
    assert (scales[1][tiny] == SMALLEST_NORMAL).all()
    neighbours = (te.scales.int() - ao.scales.int()).abs() <= 1
    assert (neighbours | tiny).all()


# --- the documented differences


def test_torchao_keeps_an_infinite_block_finite_where_ours_is_nan():
    x = torch.ones(1, 32)
    x[0, 3] = torch.inf
    scales, codes = theirs_mx(x, "e2m1", "floor")
    assert (scales.item(), codes[0, 3].item()) == (253, 7)  # 2^126 and the largest value
    assert np.isnan(get_format("mxfp4").dequantize(get_format("mxfp4").quantize(x.numpy()))).all()


def test_a_nan_spoils_the_scale_of_its_mx_block_in_both():
    x = torch.ones(1, 32)
    x[0, 3] = torch.nan
    assert theirs_mx(x, "e4m3", "floor")[0].item() == ours_mx(x, "e4m3", "floor")[0].item() == 255


def test_torchao_divides_by_2_to_minus_126_where_the_scale_is_2_to_minus_127():
    x = torch.full((1, 32), 2.0**-126)
    scales, codes = theirs_mx(x, "e2m1", "floor")
    our_scales, our_codes = ours_mx(x, "e2m1", "floor")
    assert scales.item() == our_scales.item() == 0
    values = ELEMENTS["e2m1"].values
    assert (values[codes[0, 0]], values[our_codes[0, 0]]) == (1, 2)  # 2 x 2^-127 is exact


def test_an_all_zero_tensor_has_nan_scales_in_torchao_and_stays_zero_here():
    x = torch.zeros(1, 16)
    scales, _ = nvfp4_quantize(x, 16, per_tensor_amax_to_scale(x.abs().max()))
    assert scales.float().isnan().all()
    fmt = FORMATS["nvfp4_torchao"]
    assert not fmt.dequantize(fmt.quantize(x)).any()
