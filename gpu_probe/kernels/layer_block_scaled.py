"""How layers in MXFP4 and NVFP4 multiply what they quantized: by torch's scaled_mm, by our program, or on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from gpu_probe.kernels.kernel import CpuRule, Kernel, Multiples
from gpu_probe.kernels.quantizing import HADAMARD_SIZE, Recipe
from gpu_probe.kernels.rules import anywhere

if TYPE_CHECKING:
    from torch import Tensor

Multiply = Callable[[str, tuple, tuple], "Tensor"]
_WIDENED = CpuRule(
    native=r"(?!)",
    emulated=r"",
    meaning="no CPU multiplies 4-bit floats: their codes are widened and multiplied in float32",
)


def by_library(product: Kernel, recipe: Recipe) -> Multiply:
    """A caller of the product's library on quantized operands; powers of two need no scale of the tensor."""

    def multiply(kind: str, a: tuple, w: tuple) -> Tensor:
        a, w = (side[:2] if recipe.powers else side for side in (a, w))
        return product.launch(kind, (*a, *w), None)

    return multiply


def by_ours(product: Kernel, recipe: Recipe) -> Multiply:
    """A caller of our own program on quantized operands, or of float32 on what they stand for where that is a CPU."""

    def multiply(kind: str, a: tuple, w: tuple) -> Tensor:
        import torch

        if kind == "cpu":
            left, right = (recipe.decoded((codes, scales, 1 / inverse)) for codes, scales, inverse in (a, w))
            return torch.mm(left, right.t()).to(torch.bfloat16)
        out = torch.empty(a[0].shape[0], w[0].shape[0], dtype=torch.bfloat16, device=a[0].device)
        return product.launch(kind, (*a, *w), out)

    return multiply


def with_cpu(product: Kernel) -> Kernel:
    """The product with the CPU as a place that emulates it."""
    return replace(
        product,
        runs_on={**product.runs_on, "cpu": anywhere},
        multiples={**product.multiples, "cpu": Multiples(k=HADAMARD_SIZE)},
        loss_per_term={**product.loss_per_term, "cpu": 2.0**-23},
        on_cpu=_WIDENED,
    )
