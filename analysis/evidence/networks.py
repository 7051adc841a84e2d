"""Claims about convolutional networks: counted layer by layer, and how strategies of scaling grow them."""

from __future__ import annotations

from functools import partial

from analysis.evidence.check import Check
from analysis.evidence.facts import Facts
from analysis.serving.convnet_scaling import STRATEGIES, tinynet

WIDTH_LED = ("width", "fast compound")


def multiply_adds(name: str, facts: Facts) -> float:
    """Multiply-adds of a TinyNet for one image."""
    return tinynet(name).flops


def activation_powers(width_led: bool, facts: Facts) -> tuple[float, float]:
    """The least and the largest power of s with which activations grow, by strategies led by width or by all others."""
    powers = [own.activation_power for own in STRATEGIES if (own.name in WIDTH_LED) == width_led]
    return min(powers), max(powers)


CHECKS = (
    Check("tinynet_2020-03", "count", "Multiply-adds of its layers for an image of 106 x 106 pixels.",
          partial(multiply_adds, "TinyNet-E")),
    Check("fast_model_scaling_2021-01", "count", "Powers of s for depth alone, resolution alone, compound scaling and "
          "ResNet-RS: depth times width times resolution squared.", partial(activation_powers, False), "covers"),
    Check("fast_model_scaling_2021-02", "count", "Powers of s for width alone and for fast compound scaling.",
          partial(activation_powers, True), "covers"),
)  # fmt: skip
