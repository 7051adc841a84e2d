"""What a kernel is: how its operands are made, how it is called, where it can run and how its output is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from gpu_probe.device import KIND_WORDS, DeviceInfo
from gpu_probe.shapes import Shape

if TYPE_CHECKING:
    from torch import Tensor

    from gpu_probe.kernels.program import Program


def exact(values: Tensor) -> Tensor:
    """The values in float64: on their device, or on the CPU where that is an Apple GPU, which has no float64."""
    return (values.cpu() if values.device.type == "mps" else values).double()


Rule = Callable[[DeviceInfo], str | None]


class Place(NamedTuple):
    """Where operands live (`torch_device`) and for which kind of device they are laid out (`kind`)."""

    torch_device: str
    kind: str


@dataclass(frozen=True)
class Operands:
    """Inputs of one call and what they stand for.

    `rows(index)` is a[index] as float64 (len(index), k) and `columns(index)` is w[index] as float64
    (len(index), k), both of the values that the stored codes and scales decode to.
    """

    tensors: tuple[Tensor, ...]
    rows: Callable[[Tensor], Tensor]
    columns: Callable[[Tensor], Tensor]


class Part(NamedTuple):
    """One product in what a call made, checked as a matrix product of its own."""

    name: str
    shape: Shape
    operands: Operands
    output: Tensor


@dataclass(frozen=True)
class Multiples:
    """What a library demands of m, n and k."""

    m: int = 1
    n: int = 1
    k: int = 1
    smallest_m: int = 1
    largest_m: int | None = None

    def why_not(self, shape: Shape) -> str | None:
        """A sentence naming the first size that does not fit, else None."""
        if shape.m < self.smallest_m:
            return f"m is {shape.m}; this call needs m of at least {self.smallest_m}"
        if self.largest_m is not None and shape.m > self.largest_m:
            return f"m is {shape.m}; this call is made for m of at most {self.largest_m}"
        for letter, size, step in zip("mnk", shape, (self.m, self.n, self.k), strict=True):
            if size % step:
                return f"{letter} is {size}; this call needs a multiple of {step}"
        return None


@dataclass(frozen=True)
class CpuRule:
    """How to read from what ran on a CPU whether its instructions for the format did the work.

    The patterns are searched in the names of the implementations that ran (`emulated` in those that are not
    native); `features` must all be among the device's (any one of each alternative separated by '|'). What GPU
    kernels are named is the same for all kernels: native.GPU_NAMES.
    """

    native: str
    meaning: str
    emulated: str = r"(?!)"
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """Buffers on the device: `run(i)` calls the kernel on operand set i (modulo their number).

    `code()` is the assembly text of a kernel of our own, None for a library's; `zero()` sets all operands to zero.
    """

    run: Callable[[int], Tensor]
    operands: Operands
    poison: Callable[[], None]
    buffers: int
    zero: Callable[[], None]
    code: Callable[[], str] | None = None


@dataclass(frozen=True)
class Kernel:
    """One way to multiply (or copy) in one format.

    `runs_on` maps a kind of device to the rule that says why a device of that kind cannot run it; a kind that
    is not there cannot, because of `elsewhere`. `launch(kind, tensors, out)` makes the call; `out` is None
    unless `writes_out`. `loss_per_term` bounds what one term of a sum loses in the accumulator, relative to
    the sum's scale: 2^-23 for float32 accumulators that truncate, 0 for integers. `pack` brings operands into
    the order that the library asks for, on the device, before any call. A kernel of our own has its `program`, and
    `code`, which makes the call and returns the assembly text that ran. A kernel that quantizes m x k numbers
    (n is 1) has `decoded`, the float32 values of what a call returned, and `emulated`, the float64 values that the
    format's emulator makes of some numbers. A pass through a linear layer has its `phase` (forward, backward), the
    `programs` of ours that it runs, and `parts`, the products in what a call returned, where there are several. A loop
    of ours on a CPU names itself and what it was compiled to in `ran`.
    """

    name: str
    format: str
    about: str
    operands: Callable[[Shape, Place, int], Operands]
    launch: Callable[[str, tuple, Tensor | None], Tensor]
    runs_on: Mapping[str, Rule]
    elsewhere: str
    output: str = "bfloat16"
    writes_out: bool = False
    multiples: Mapping[str, Multiples] = field(default_factory=dict)
    on_cpu: CpuRule | None = None
    loss_per_term: Mapping[str, float] = field(default_factory=dict)
    own_shapes: Mapping[str, tuple[Shape, ...]] = field(default_factory=dict)
    pack: Callable[[str, tuple], tuple] | None = None
    program: Program | None = None
    code: Callable[[str, tuple, Tensor | None], str] | None = None
    is_copy: bool = False
    decoded: Callable[[Any], Tensor] | None = None
    emulated: Callable[[Tensor], Tensor] | None = None
    phase: str = ""
    parts: Callable[[Shape, Operands, Any], tuple[Part, ...]] | None = None
    programs: tuple[Program, ...] = ()
    ran: Callable[[], tuple[str, ...]] | None = None

    @property
    def multiplies(self) -> bool:
        """Whether it multiplies matrices; a copy and a quantization do not."""
        return not self.is_copy and self.decoded is None

    @property
    def is_product(self) -> bool:
        """Whether it is one matrix product and nothing else; a pass through a layer is more."""
        return self.multiplies and not self.phase

    def longest_sum(self, shape: Shape) -> int:
        """The most terms of a sum in a call on that shape."""
        return max(shape.m, shape.n) if self.phase == "backward" else shape.k

    def why_not(self, device: DeviceInfo) -> str | None:
        """Why this kernel cannot run on the device, as a sentence, or None when it can."""
        rule = self.runs_on.get(device.kind)
        if rule is None:
            return f"{self.elsewhere}; {device.name} is {KIND_WORDS[device.kind]}"
        return rule(device)

    def why_not_shape(self, shape: Shape, kind: str) -> str | None:
        """Why this kernel refuses the shape on that kind of device, or None."""
        return self.multiples.get(kind, Multiples()).why_not(shape)

    def shapes(self, asked: tuple[Shape, ...], kind: str) -> tuple[Shape, ...]:
        """The shapes to run of those asked for; a kernel that is no GEMM brings its own."""
        return self.own_shapes.get("cpu" if kind == "cpu" else "accelerator", asked)

    def prepare(self, shape: Shape, device: DeviceInfo, seed: int) -> Prepared:
        """Operands on the device in as many copies as keep its cache cold, ready to run and to check."""
        from gpu_probe.buffers import rotating, zero

        place = Place(device.id, device.kind)
        operands = self.operands(shape, place, seed)
        tensors = self.pack(device.kind, operands.tensors) if self.pack else operands.tensors
        sets, outs = rotating(tensors, self.result(shape), device, self.writes_out)

        def run(turn: int) -> Tensor:
            chosen = turn % len(sets)
            return self.launch(device.kind, sets[chosen], outs[chosen])

        compiled = self.code if self.multiplies and device.kind != "cpu" else None
        code = (lambda: compiled(device.kind, sets[0], outs[0])) if compiled else None
        return Prepared(
            run, operands, lambda: self._poison(outs, shape, device), len(sets), lambda: zero(sets), code
        )  # fmt: skip

    def result(self, shape: Shape) -> tuple[tuple[int, int], str]:
        """Size and torch dtype of what a call on that shape returns."""
        return ((shape.m, shape.n) if self.multiplies else (shape.m, shape.k)), self.output

    def _poison(self, outs: list, shape: Shape, device: DeviceInfo) -> None:
        from gpu_probe.buffers import poison

        poison(outs, self.result(shape), device.id)
