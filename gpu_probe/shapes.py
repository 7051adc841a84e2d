"""GEMM shapes as data: c[m, n] = a[m, k] @ w[n, k].T, as in a linear layer with m tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from gpu_probe.layers import Models, models_on, step_work

LARGEST_SIDE = 2**24  # one side beyond this is a typing error, not a layer
BYTES_WHILE_PREPARING = 12  # an element is drawn and scaled in float32 before it is stored in fewer bits


class Shape(NamedTuple):
    """Sizes of one matrix product; a copy uses (rows, 1, columns)."""

    m: int
    n: int
    k: int

    @property
    def elements(self) -> int:
        """Elements of both operands and of the result together."""
        return self.m * self.k + self.n * self.k + self.m * self.n

    def __str__(self) -> str:
        return f"{self.m} x {self.n} x {self.k}"


@dataclass(frozen=True)
class ShapeSet:
    """Shapes under one name, chosen per kind of device so that a run stays within its promise.

    `kernels` are those that a run of all kernels is held to; when empty all but those that other sets are made for.
    """

    name: str
    about: str
    cpu: tuple[Shape, ...]
    accelerator: tuple[Shape, ...]
    kernels: tuple[str, ...] = ()

    def on(self, kind: str) -> tuple[Shape, ...]:
        """The shapes for a device of that kind (cpu, cuda, rocm, mps)."""
        return self.cpu if kind == "cpu" else self.accelerator


def _linear_layers(tokens: int) -> tuple[Shape, ...]:
    hidden, attention, feed_forward = 4096, 6144, 14336
    return (
        Shape(tokens, attention, hidden),
        Shape(tokens, hidden, hidden),
        Shape(tokens, 2 * feed_forward, hidden),
        Shape(tokens, hidden, feed_forward),
    )


def _of_a_step(models: Models) -> tuple[Shape, ...]:
    return tuple(dict.fromkeys(Shape(work.m, work.n, work.k) for work in step_work(models)))


# What a speed-up in training is made of: products per tensor or block, and quantizing for them.
TRAINING = (
    "mm_bf16", "mm_fp8", "mm_mxfp8", "mm_mxfp4", "mm_nvfp4",
    "triton_fp8", "triton_mxfp8", "triton_mxfp4", "triton_nvfp4",
    "triton_mxfp8_tma", "triton_mxfp4_tma", "triton_nvfp4_tma",
    "quantize_fp8", "quantize_mxfp8", "quantize_mxfp4", "quantize_mxfp4_hadamard", "quantize_nvfp4",
)  # fmt: skip
_WAYS = ("bf16", "fp8", "mxfp4", "nvfp4", "triton_mxfp4", "triton_nvfp4")
LAYERS = tuple(f"{phase}_{way}" for phase in ("forward", "backward") for way in _WAYS)
LOOKUPS = tuple(f"{way}_int{bits}_weight" for way in ("lookup", "widened") for bits in (1, 2, 3, 4))
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
FEW_BITS = ("mm_bf16", "mm_int4_weight", "mm_int8_weight", "triton_int4_weight", "triton_fp8_int4", "gemv_int4_weight")

SHAPE_SETS = {
    chosen.name: chosen
    for chosen in (
        ShapeSet(
            "quick",
            "one shape as in decoding, one as in training",
            cpu=(Shape(32, 2048, 2048), Shape(768, 1024, 1024)),
            accelerator=(Shape(32, 8192, 8192), Shape(4096, 4096, 4096), Shape(8192, 8192, 8192)),
        ),
        ShapeSet(
            "decode",
            "one token and 16 tokens through large layers, bound by reading the weights",
            cpu=(Shape(1, 4096, 4096), Shape(16, 4096, 4096)),
            accelerator=(Shape(1, 8192, 8192), Shape(1, 28672, 8192), Shape(16, 8192, 8192)),
        ),
        ShapeSet(
            "llm",
            "the four linear layers of Llama-3 8B at 32 and at 2048 tokens",
            cpu=_linear_layers(32) + _linear_layers(2048),
            accelerator=_linear_layers(32) + _linear_layers(2048),
        ),
        ShapeSet(
            "planner",
            "a training step's linear layers in the planner's model sizes: calibrates the planner",
            cpu=_of_a_step(models_on("cpu")),
            accelerator=_of_a_step(models_on("cuda")),
            kernels=(*TRAINING, *LAYERS),
        ),
        ShapeSet(
            "batch",
            "1 to 256 tokens through one layer: where weights of few bits stop paying",
            cpu=tuple(Shape(batch, 4096, 4096) for batch in BATCHES),
            accelerator=tuple(Shape(batch, 8192, 8192) for batch in BATCHES),
            kernels=FEW_BITS,
        ),
        ShapeSet(
            "lookup",
            "one token through weights of 1 to 4 bits on a CPU: tables of sums or multiplying",
            cpu=(Shape(1, 4096, 4096),),
            accelerator=(Shape(1, 4096, 4096),),
            kernels=("mm_bf16", "mm_int4_weight", *LOOKUPS),
        ),
    )
}
# Made for one set of shapes each, and left out of a run of all kernels on others.
SPECIAL = frozenset((*LAYERS, *LOOKUPS))


def kernels_for(text: str, names: Iterable[str]) -> list[str]:
    """Those of the kernels that a run of all kernels on the shapes of that name is made of."""
    wanted = SHAPE_SETS[text].kernels if text in SHAPE_SETS else ()
    return [name for name in names if (name in wanted if wanted else name not in SPECIAL)]


def parse_shapes(text: str, kind: str) -> tuple[Shape, ...]:
    """The shapes that `quick`, `llm` or `M,N,K` names on a device of that kind; ValueError says what is wrong."""
    if text in SHAPE_SETS:
        return SHAPE_SETS[text].on(kind)
    parts = text.replace("x", ",").split(",")
    accepted = f"write {', '.join(SHAPE_SETS)} or three whole numbers M,N,K such as 4096,4096,4096"
    try:
        sides = [int(part) for part in parts]
    except ValueError:
        raise ValueError(f"shapes '{text}' is neither a known set nor three numbers; {accepted}") from None
    if len(sides) != 3:
        raise ValueError(f"shapes '{text}' has {len(sides)} numbers; {accepted}")
    for letter, side in zip("MNK", sides, strict=True):
        if not 1 <= side <= LARGEST_SIDE:
            raise ValueError(f"{letter} is {side} in shapes '{text}'; {letter} must be from 1 to {LARGEST_SIDE}")
    return (Shape(*sides),)


def why_too_big(shape: Shape, memory_bytes: int) -> str | None:
    """A sentence when operands and result of that shape cannot be made in the memory, else None."""
    needed = shape.elements * BYTES_WHILE_PREPARING
    if memory_bytes <= 0 or needed <= memory_bytes:
        return None
    return (
        f"{shape} needs about {needed / 1e9:.3g} GB while its operands are made and the device has "
        f"{memory_bytes / 1e9:.3g} GB; choose smaller M, N or K"
    )
