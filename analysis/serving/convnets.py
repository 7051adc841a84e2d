"""What convolutional networks compute and hold: multiply-adds, parameters and activations of an image, layer by layer.

Counted as pycls does, the library behind "Fast and Accurate Model Scaling": FLOPs are multiply-adds, activations are
the outputs of convolutions and of the classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

COLORS = 3
DIVISOR = 8  # widths are multiples of it


@dataclass(frozen=True)
class Layer:
    """A layer at one image: multiply-adds, parameters, elements that it reads and elements that it writes."""

    flops: float
    params: float
    read: float
    written: float


@dataclass(frozen=True)
class Stage:
    """Blocks of one kind (BLOCKS) and width; the first one halves the image with a `stride` of 2.

    `ratio` is the width inside a block over that of its output (bottleneck) or its input (inverted). `group_width`
    channels are convolved together, 0: all. `squeeze` is the width of squeeze-and-excitation over that of the block's
    input, 0: none.
    """

    kind: str
    width: int
    depth: int
    stride: int
    kernel: int = 3
    ratio: float = 1.0
    group_width: int = 0
    squeeze: float = 0.0


@dataclass(frozen=True)
class ConvNet:
    """A network for images of `side` x `side` pixels: a stem, stages, an optional wide last convolution, a classifier.

    `stem_pool`: a pooling after the stem halves the image once more.
    """

    name: str
    side: int
    stem_width: int
    stages: tuple[Stage, ...]
    stem_kernel: int = 3
    stem_pool: bool = False
    head_width: int = 0
    classes: int = 1000

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer, from the image on."""
        return tuple(_layers(self))

    @property
    def flops(self) -> float:
        """Multiply-adds of an image."""
        return sum(layer.flops for layer in self.layers)

    @property
    def params(self) -> float:
        """Parameters."""
        return sum(layer.params for layer in self.layers)

    @property
    def activations(self) -> float:
        """Elements that the convolutions and the classifier write for an image."""
        return sum(layer.written for layer in self.layers)

    def seconds(self, flops_per_s: float, bytes_per_s: float, bytes_per_element: float, batch: int = 1) -> float:
        """Time of an image in batches of `batch` on the roofline [s]: a layer as its arithmetic or its memory allows.

        A multiply-add is two FLOPs; a layer reads and writes its activations once, and reads its weights once a batch.
        """
        time = 0.0
        for layer in self.layers:
            moved = (layer.read + layer.written + layer.params / batch) * bytes_per_element
            time += max(2 * layer.flops / flops_per_s, moved / bytes_per_s)
        return time


def _conv(
    w_in: float, w_out: float, kernel: int, side: int, stride: int = 1, groups: float = 1, bias: bool = False
) -> tuple[Layer, int]:
    """A convolution of a `side` x `side` input with its normalization, or with a bias instead; and the side after."""
    out = (side - 1) // stride + 1
    weights = kernel**2 * w_in * w_out / groups
    return Layer(weights * out**2, weights + (w_out if bias else 2 * w_out), w_in * side**2, w_out * out**2), out


def _squeezed(width: float, inner: float) -> Iterator[Layer]:
    yield _conv(width, inner, 1, 1, bias=True)[0]
    yield _conv(inner, width, 1, 1, bias=True)[0]


def _bottleneck(stage: Stage, w_in: int, side: int, stride: int) -> Iterator[Layer]:
    """1 x 1, k x k in groups, 1 x 1, and a projection where the shape changes (ResNet, RegNet)."""
    inner = stage.width * stage.ratio
    groups = inner / stage.group_width if stage.group_width else 1
    yield _conv(w_in, inner, 1, side)[0]
    middle, out = _conv(inner, inner, stage.kernel, side, stride, groups)
    yield middle
    if stage.squeeze:
        yield from _squeezed(inner, round(w_in * stage.squeeze))
    yield _conv(inner, stage.width, 1, out)[0]
    if w_in != stage.width or stride > 1:
        yield _conv(w_in, stage.width, 1, side, stride)[0]


def _inverted(stage: Stage, w_in: int, side: int, stride: int) -> Iterator[Layer]:
    """A wider 1 x 1, a k x k in each channel alone, and a narrow 1 x 1 (MobileNetV2, EfficientNet)."""
    inner = w_in * stage.ratio
    if stage.ratio != 1:
        yield _conv(w_in, inner, 1, side)[0]
    middle, out = _conv(inner, inner, stage.kernel, side, stride, inner)
    yield middle
    if stage.squeeze:
        yield from _squeezed(inner, max(1, int(w_in * stage.squeeze)))
    yield _conv(inner, stage.width, 1, out)[0]


BLOCKS: dict[str, Callable[[Stage, int, int, int], Iterator[Layer]]] = {
    "bottleneck": _bottleneck,
    "inverted": _inverted,
}


def _layers(net: ConvNet) -> Iterator[Layer]:
    stem, side = _conv(COLORS, net.stem_width, net.stem_kernel, net.side, 2)
    yield stem
    side = (side - 1) // 2 + 1 if net.stem_pool else side
    width = net.stem_width
    for stage in net.stages:
        for block in range(stage.depth):
            stride = stage.stride if block == 0 else 1
            yield from BLOCKS[stage.kind](stage, width, side, stride)
            width, side = stage.width, (side - 1) // stride + 1
    if net.head_width:
        yield _conv(width, net.head_width, 1, side)[0]
        width = net.head_width
    yield Layer(width * net.classes, (width + 1) * net.classes, width, net.classes)


def resized(net: ConvNet, name: str, depth: float, width: float, side: int, stem_too: bool = True) -> ConvNet:
    """The network with its depths and widths multiplied and images of that side; whole blocks, widths by eights.

    Channels convolved together become wider alike. With `stem_too`, so do the stem and the last convolution.
    """
    stages = tuple(_resized(stage, depth, width) for stage in net.stages)
    if not stem_too:
        return replace(net, name=name, side=side, stages=stages)
    head = _by_eights(net.head_width * width) if net.head_width else 0
    stem = _by_eights(net.stem_width * width)
    return replace(net, name=name, side=side, stages=stages, stem_width=stem, head_width=head)


def _resized(stage: Stage, depth: float, width: float) -> Stage:
    group = _by_eights(stage.group_width * width) if stage.group_width else 0
    wide = _by_eights(stage.width * width)
    if group:
        wide = max(1, round(wide * stage.ratio / group)) * group / stage.ratio
    return replace(stage, depth=max(1, int(np.floor(stage.depth * depth + 0.5))), width=int(wide), group_width=group)


def _by_eights(width: float) -> int:
    """The nearest multiple of eight, or the one above where that is less than nine tenths of the width."""
    nearest = max(1, int(np.floor(width / DIVISOR + 0.5))) * DIVISOR
    return nearest if nearest >= 0.9 * width else nearest + DIVISOR
