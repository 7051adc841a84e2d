"""Convolutional networks are counted as published, and strategies grow them by the powers that papers print."""

import math

import numpy as np
import pytest

from analysis.serving.convnet_scaling import BASES, STRATEGIES, TINYNETS, tinynet
from analysis.serving.patches import by_patch, image_tokens

# facebookresearch/pycls@1caf15b MODEL_ZOO.md: multiply-adds [1e9], parameters [1e6], activations [1e6], and ms for 64
# images on a V100; ResNet-50's parameters are printed as 22.6, and counted as 25.6 everywhere else.
COUNTED = {
    "EfficientNet-B0": (0.4, 5.3, 6.7, 34),
    "ResNet-50": (4.1, 25.6, 11.1, 53),
    "ResNet-101": (7.8, 44.6, 16.2, 90),
    "RegNetX-3.2GF": (3.2, 15.3, 11.4, 57),
}
# TinyNets' own README (multiply-adds [1e6]) and timm (parameters [1e6]).
TINY = {"A": (339, 6.19), "B": (202, 3.73), "C": (100, 2.46), "D": (52, 2.34), "E": (24, 2.04)}
by_name = {strategy.name: strategy for strategy in STRATEGIES}


@pytest.mark.parametrize("name", BASES)
def test_a_network_has_the_counts_that_pycls_prints(name):
    net, (flops, params, activations, _) = BASES[name], COUNTED[name]
    assert round(net.flops / 1e9, 1) == flops
    assert net.params / 1e6 == pytest.approx(params, abs=0.06)
    assert net.activations / 1e6 == pytest.approx(activations, abs=0.06)


@pytest.mark.row("R66")
@pytest.mark.parametrize("name", TINYNETS)
def test_a_tinynet_has_the_multiply_adds_and_parameters_that_are_published(name):
    net, (flops, params) = tinynet(name), TINY[name[-1]]
    assert net.flops / 1e6 == pytest.approx(flops, rel=0.03)
    assert round(net.params / 1e6, 2) == params


@pytest.mark.row("R66")
def test_four_times_the_flops_take_twice_the_activations_by_width_and_about_four_times_by_depth_or_resolution():
    expected = {name: 4**strategy.activation_power for name, strategy in by_name.items()}
    assert expected["width"] == 2.0
    assert expected["fast compound"] == pytest.approx(4**0.6)  # close to the root of s, fast_model_scaling_2021-02
    assert expected["depth"] == expected["resolution"] == pytest.approx(4.0)
    assert 3 < expected["all alike"] < expected["EfficientNet's compound"] < 4  # about O(s), fast_model_scaling_2021-01
    for base in BASES.values():
        grown = {name: strategy.scaled(base, 4.0) for name, strategy in by_name.items()}
        growth = {name: net.activations / base.activations for name, net in grown.items()}
        assert growth["width"] == pytest.approx(2.0, rel=0.05), base.name
        assert growth["resolution"] == pytest.approx(4.0, rel=0.02), base.name
        for name, net in grown.items():
            assert net.flops / base.flops == pytest.approx(4.0, rel=0.15), (base.name, name)
            assert growth[name] == pytest.approx(expected[name], rel=0.2), (base.name, name)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=by_name)
def test_the_shares_of_a_strategy_add_up_and_a_factor_of_one_changes_nothing(strategy):
    assert strategy.depth + strategy.width + strategy.resolution == pytest.approx(1.0)
    for base in BASES.values():
        same = strategy.scaled(base, 1.0)
        assert (same.flops, same.params, same.activations) == (base.flops, base.params, base.activations)


def test_measured_times_follow_activations_and_not_flops():
    per_activation = [COUNTED[name][3] / net.activations for name, net in BASES.items()]
    per_flop = [COUNTED[name][3] / net.flops for name, net in BASES.items()]
    assert max(per_activation) / min(per_activation) < 1.2
    assert max(per_flop) / min(per_flop) > 5


def test_a_network_bound_by_memory_takes_the_time_of_its_bytes():
    net = BASES["ResNet-50"]
    moved = sum(layer.read + layer.written + layer.params / 64 for layer in net.layers) * 2
    assert net.seconds(1e30, 1e12, 2.0, 64) == pytest.approx(moved / 1e12, rel=1e-12)
    assert net.seconds(1e12, 1e30, 2.0, 64) == pytest.approx(2 * net.flops / 1e12, rel=1e-12)


@pytest.mark.row("R64")
def test_a_picture_of_224_pixels_is_50176_tokens_at_patches_of_one():
    assert image_tokens(224, 1) == 50_176
    assert image_tokens(224, 16) == 196
    assert image_tokens(225, 16, frames=16, frames_a_token=4) == 15**2 * 4
    with pytest.raises(ValueError, match="whole numbers from 1 on"):
        image_tokens(224, 0)


def test_attention_takes_over_as_patches_shrink():
    table = by_patch(224, (16, 4, 1), 86e6, 12, 768).set_index("patch")
    assert table["attention"].is_monotonic_increasing
    tokens = 196.0
    by_hand = 2 * 86e6 * tokens + 12 * 2 * (2 * tokens * tokens * 768)
    assert table.loc[16, "flops"] == pytest.approx(by_hand)
    assert table.loc[1, "attention"] > 0.8
    assert math.isclose(table.loc[1, "tokens"], 50_176)
    assert np.all(np.diff(table["flops"]) > 0)
