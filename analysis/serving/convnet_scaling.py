"""Convolutional networks to start from, and the strategies by which papers scale depth, width and resolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.serving.convnets import ConvNet, Stage, resized

_SQUEEZE = 0.25


def _resnet(name: str, depths: tuple[int, ...]) -> ConvNet:
    stages = zip((256, 512, 1024, 2048), depths, (1, 2, 2, 2), strict=True)
    blocks = tuple(Stage("bottleneck", width, depth, stride, ratio=0.25) for width, depth, stride in stages)
    return ConvNet(name, 224, 64, blocks, stem_kernel=7, stem_pool=True)


def _regnet(name: str, widths: tuple[int, ...], depths: tuple[int, ...], group: int) -> ConvNet:
    blocks = tuple(Stage("bottleneck", w, d, 2, group_width=group) for w, d in zip(widths, depths, strict=True))
    return ConvNet(name, 224, 32, blocks)


def _efficientnet() -> ConvNet:
    rows = ((16, 1, 1, 3), (24, 2, 2, 3), (40, 2, 2, 5), (80, 3, 2, 3), (112, 3, 1, 5), (192, 4, 2, 5), (320, 1, 1, 3))
    blocks = tuple(
        Stage("inverted", width, depth, stride, kernel, ratio=1 if width == 16 else 6, squeeze=_SQUEEZE)
        for width, depth, stride, kernel in rows
    )
    return ConvNet("EfficientNet-B0", 224, 32, blocks, head_width=1280)


# Where scaling starts: pycls has their counts, FLOPs, parameters and activations.
BASES = {
    net.name: net
    for net in (
        _efficientnet(),
        _resnet("ResNet-50", (3, 4, 6, 3)),
        _resnet("ResNet-101", (3, 4, 23, 3)),
        _regnet("RegNetX-3.2GF", (96, 192, 432, 1008), (2, 6, 15, 2), 48),
    )
}
# TinyNets, cut from EfficientNet-B0: multiples of its widths and depths, and the image's side.
# Source: tinynet_2020, as in its authors' and timm's code.
TINYNETS = {
    "TinyNet-A": (1.0, 1.2, 192),
    "TinyNet-B": (0.75, 1.1, 188),
    "TinyNet-C": (0.54, 0.85, 184),
    "TinyNet-D": (0.54, 0.695, 152),
    "TinyNet-E": (0.51, 0.6, 106),
}


def tinynet(name: str) -> ConvNet:
    """A TinyNet: the stem and the last convolution of EfficientNet-B0 stay as they are."""
    width, depth, side = TINYNETS[name]
    return resized(BASES["EfficientNet-B0"], name, depth, width, side, stem_too=False)


@dataclass(frozen=True)
class Strategy:
    """How a factor s of FLOPs is split: depth times s^`depth`, width s^(`width` / 2), resolution s^(`resolution` / 2).

    FLOPs grow with depth x width^2 x resolution^2, so the three shares add up to 1.
    """

    name: str
    depth: float
    width: float
    resolution: float
    source: str

    @property
    def activation_power(self) -> float:
        """The power of s with which activations grow: depth x width x resolution^2."""
        return self.depth + self.width / 2 + self.resolution

    def scaled(self, net: ConvNet, factor: float) -> ConvNet:
        """The network with some `factor` times its FLOPs: whole blocks, widths by eights, sides by fours."""
        side = max(32, round(net.side * factor ** (self.resolution / 2) / 4) * 4)
        wide = factor ** (self.width / 2)
        stem_too = bool(net.head_width)  # as pycls scales EfficientNet, and not the stems of others
        return resized(net, f"{net.name}, {self.name}", factor**self.depth, wide, side, stem_too)


def _shares(name: str, depth: float, width: float, resolution: float, source: str) -> Strategy:
    """A strategy from its factors of depth, width and resolution at one step."""
    logs = np.log([depth, width**2, resolution**2])
    return Strategy(name, *(float(share) for share in logs / logs.sum()), source)


STRATEGIES = (
    Strategy("width", 0.0, 1.0, 0.0, "width alone"),
    Strategy("fast compound", 0.1, 0.8, 0.1, "fast_model_scaling_2021: width first, alpha = 0.8"),
    Strategy("all alike", 1 / 3, 1 / 3, 1 / 3, "fast_model_scaling_2021: uniform compound scaling"),
    _shares("EfficientNet's compound", 1.2, 1.1, 1.15, "Tan and Le 2019, arXiv 1905.11946: 1.2, 1.1, 1.15 a step"),
    _shares("ResNet-RS", 420 / 50, 1.0, 320 / 160, "resnet_rs_2021: from 50 layers at 160 pixels to 420 at 320"),
    Strategy("depth", 1.0, 0.0, 0.0, "depth alone"),
    Strategy("resolution", 0.0, 0.0, 1.0, "resolution alone"),
)
