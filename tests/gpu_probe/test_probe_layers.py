"""Passes through a linear layer: gradients against autograd, a wrong one refused, scales that are not mixed up."""

from __future__ import annotations

import pytest
import torch

from gpu_probe.check import check, why_unchecked
from gpu_probe.kernels import KERNELS
from gpu_probe.kernels.kernel import Place
from gpu_probe.shapes import LAYERS, SHAPE_SETS, Shape

SHAPE = Shape(128, 256, 384)
# What quantizing both operands changes of a product of normal values, in norm: twice the mean square of one.
LARGEST_LOSS = {"bf16": 5e-3, "fp8": 0.045, "mxfp4": 0.18, "nvfp4": 0.15}
ON_CPU = [name for name in LAYERS if "cpu" in KERNELS[name].runs_on]


def called(name):
    kernel = KERNELS[name]
    operands = kernel.operands(SHAPE, Place("cpu", "cpu"), 3)
    return kernel, operands, kernel.launch("cpu", operands.tensors, None)


@pytest.mark.parametrize("name", ON_CPU)
def test_a_pass_is_what_autograd_makes_of_the_layer_but_for_the_formats_rounding(name):
    kernel, operands, made = called(name)
    values = [tensor.double() for tensor in operands.tensors[::3]]
    if kernel.phase == "forward":
        x, w = values
        pairs = [(made, torch.nn.functional.linear(x, w))]
    else:
        dy, x, w = (value.requires_grad_() for value in values)
        pairs = list(zip(made, torch.autograd.grad(torch.nn.functional.linear(x, w), (x, w), dy), strict=True))
    for got, wanted in pairs:
        error = float((got.double() - wanted).norm() / wanted.norm())
        assert error < LARGEST_LOSS[kernel.format], error
        assert error > LARGEST_LOSS[kernel.format] / 4, "nothing was quantized"
    found = check(kernel, SHAPE, operands, made, "cpu", 0)
    assert found.failure is None
    assert found.checked == sum(got.numel() for got, _ in pairs)


SPOILED = {
    "swapped gradients": lambda first, second: (second, first),
    "a weights' gradient of half the size": lambda first, second: (first, second / 2),
    "a weights' gradient turned": lambda first, second: (first, second.t().contiguous()),
    "an input's gradient of another token": lambda first, second: (first.roll(1, 0), second),
}


@pytest.mark.parametrize("what", SPOILED)
@pytest.mark.parametrize("name", [name for name in ON_CPU if KERNELS[name].phase == "backward"])
def test_a_wrong_gradient_is_named(name, what):
    kernel, operands, made = called(name)
    failure = check(kernel, SHAPE, operands, SPOILED[what](*made), "cpu", 0).failure
    assert failure is not None
    assert failure.startswith("the weights' gradient: " if "weights'" in what else "the input's gradient: ")


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_measured_on_the_tokens_outputs_and_inputs_of_the_planners_models(name):
    kernel = KERNELS[name]
    for kind, count in (("cpu", 4), ("cuda", 12)):
        shapes = kernel.shapes((), kind)
        assert len(shapes) == count
        assert set(shapes) <= set(SHAPE_SETS["planner"].on(kind))
        assert len({shape.m for shape in shapes}) == 1
        assert [kernel.why_not_shape(shape, kind) for shape in shapes] == [None] * count


def test_a_backward_pass_sums_along_tokens_and_outputs():
    """87,381 terms are the most of FP8 on a GPU; a forward pass has k of them, a backward pass m and n."""
    long = Shape(131_072, 256, 128)
    assert why_unchecked(KERNELS["forward_fp8"], long, "cuda") is None
    assert str(why_unchecked(KERNELS["backward_fp8"], long, "cuda")).startswith("m is 131072; beyond 87381")
