"""A linear layer in one format as one call: both operands of each product quantized, then multiplied.

Forward makes y = x w', backward dx = dy w and dw = dy' x, each operand quantized along the sum that it goes into. A
scheme such as fp4:fp8 is the forward of one format and the backward of another, which share nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from gpu_probe.kernels.dense import normal
from gpu_probe.kernels.kernel import Kernel, Multiples, Operands, Part, Place, exact
from gpu_probe.kernels.program import assembly
from gpu_probe.kernels.quantizing import Recipe
from gpu_probe.kernels.rules import both, triton_here
from gpu_probe.layers import layers_on
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

GPUS = ("cuda", "rocm")
GRADIENT_SIZE = 1e-3  # of a gradient beside the activations': what shares a scale with the wrong tensor shows


class Side(NamedTuple):
    """An operand of a layer in bfloat16, the factor that its recipe multiplies it by, and the factor's inverse."""

    values: Tensor
    factor: Tensor
    inverse: Tensor


@dataclass(frozen=True)
class Way:
    """How a layer multiplies: `product` is the kernel whose rules and call it takes, on quantized operands.

    `multiply(kind, a, w)` takes what `quantize` made of both operands, each with its inverse factor, and returns
    a w' in bfloat16. `recipe` is None where nothing is quantized. `tiled` says that scales lie in tiles of 128 x 4.
    """

    product: Kernel
    multiply: Callable[[str, tuple, tuple], Tensor]
    recipe: Recipe | None = None
    tiled: bool = False

    def quantize(self, kind: str, side: Side, turned: bool = False) -> tuple[Tensor, ...]:
        """Codes, scales and inverse factor of the rows of an operand, or of its columns when turned."""
        if self.recipe is None:
            return ((side.values.t() if turned else side.values),)
        if kind not in GPUS:
            rows = side.values.t().contiguous() if turned else side.values
            return *self.recipe.in_torch(rows, side.factor)[:2], side.inverse
        program = quantizer(self.recipe, turned, self.tiled)
        outs = program.outputs(side.values)
        program.run(kind, (side.values, side.factor), outs)
        return *outs, side.inverse

    def decoded(self, side: Side, turned: bool = False) -> Callable[[Tensor], Tensor]:
        """What the rows of an operand (or its columns) stand for once quantized, in float64, by torch alone."""
        rows = side.values.t() if turned else side.values
        recipe = self.recipe
        if recipe is None:
            return lambda index: exact(rows[index])
        return lambda index: recipe.decoded(recipe.in_torch(rows[index].contiguous(), side.factor)).double()


@cache
def quantizer(recipe: Recipe, turned: bool, tiled: bool):
    """The program that quantizes an operand of a layer."""
    return recipe.program(turned, tiled)


def forward_kernel(name: str, way: Way) -> Kernel:
    """The forward pass of a linear layer: m tokens, n outputs, k inputs."""

    def operands(shape: Shape, place: Place, seed: int) -> Operands:
        x, w = _side(way, shape.m, shape.k, place, seed, 1.0), _side(way, shape.n, shape.k, place, seed + 1, 0.02)
        return Operands((*x, *w), way.decoded(x), way.decoded(w))

    def pair(kind: str, tensors: tuple) -> tuple[tuple, tuple]:
        return way.quantize(kind, Side(*tensors[:3])), way.quantize(kind, Side(*tensors[3:]))

    def launch(kind: str, tensors: tuple, out: Tensor | None) -> Tensor:
        return way.multiply(kind, *pair(kind, tensors))

    return _layer(name, "forward", way, operands, launch, pair)


def backward_kernel(name: str, way: Way) -> Kernel:
    """The backward pass of a linear layer: the gradients of its input and of its weights."""

    def operands(shape: Shape, place: Place, seed: int) -> Operands:
        dy = _side(way, shape.m, shape.n, place, seed, GRADIENT_SIZE)
        x, w = _side(way, shape.m, shape.k, place, seed + 1, 1.0), _side(way, shape.n, shape.k, place, seed + 2, 0.02)
        return Operands((*dy, *x, *w), way.decoded(dy), way.decoded(w, turned=True))

    def pair(kind: str, tensors: tuple) -> tuple[tuple, tuple]:
        return way.quantize(kind, Side(*tensors[:3])), way.quantize(kind, Side(*tensors[6:]), turned=True)

    def launch(kind: str, tensors: tuple, out: Tensor | None) -> tuple[Tensor, Tensor]:
        of_input = way.multiply(kind, *pair(kind, tensors))
        turned = (way.quantize(kind, Side(*tensors[at : at + 3]), turned=True) for at in (0, 3))
        return of_input, way.multiply(kind, *turned)

    def parts(shape: Shape, operands: Operands, output: tuple[Tensor, Tensor]) -> tuple[Part, Part]:
        m, n, k = shape
        dy, x = Side(*operands.tensors[:3]), Side(*operands.tensors[3:6])
        of_weights = Operands((), way.decoded(dy, turned=True), way.decoded(x, turned=True))
        first = Part("the input's gradient", Shape(m, k, n), operands, output[0])
        return first, Part("the weights' gradient", Shape(n, k, m), of_weights, output[1])

    return _layer(name, "backward", way, operands, launch, pair, parts)


def _layer(name: str, phase: str, way: Way, operands, launch, pair, parts=None) -> Kernel:
    product, recipe, ours = way.product, way.recipe, way.product.program

    def code(kind: str, tensors: tuple, out: Tensor | None) -> str:
        a, w = pair(kind, tensors)
        result = tensors[0].new_empty(a[0].shape[0], w[0].shape[0])
        assert ours is not None
        return assembly(ours.run(kind, (*a, *w), (result,)))

    quantizing = "" if recipe is None else f", both operands quantized to {product.format}"
    made = {"forward": "the result", "backward": "both gradients"}[phase]
    rules = dict(product.runs_on)
    if recipe is not None:
        rules = {kind: both(rule, triton_here) if kind in GPUS else rule for kind, rule in rules.items()}
    turned = (False, True) if phase == "backward" else (False,)
    return Kernel(
        name=name,
        format=product.format,
        about=f"{phase} pass of a linear layer: {made} by {product.name}{quantizing}",
        operands=operands,
        launch=launch,
        code=code if ours is not None else None,
        runs_on=rules,
        elsewhere=product.elsewhere,
        multiples={kind: _multiples(product.multiples.get(kind, Multiples()), phase, recipe) for kind in rules},
        on_cpu=product.on_cpu,
        loss_per_term=product.loss_per_term,
        own_shapes={kind: tuple(Shape(*sizes) for sizes in layers_on(kind)) for kind in ("cpu", "accelerator")},
        phase=phase,
        parts=parts,
        programs=tuple(quantizer(recipe, side, way.tiled) for side in turned) if recipe is not None else (),
    )


def _multiples(product: Multiples, phase: str, recipe: Recipe | None) -> Multiples:
    """What a layer demands of its sizes: every side along which a product sums must be whole steps."""
    along = max(product.k, 128 if recipe is not None else 1)
    beside = max(product.n, 16 if recipe is not None else 1)
    return Multiples(n=beside, k=along) if phase == "forward" else Multiples(m=along, n=along, k=beside)


def _side(way: Way, rows: int, columns: int, place: Place, seed: int, size: float) -> Side:
    import torch

    values = (normal(rows, columns, place, seed) * size).to(torch.bfloat16)
    factor = way.recipe.factor(values) if way.recipe else torch.ones(1, device=values.device)
    return Side(values, factor, 1 / factor)
